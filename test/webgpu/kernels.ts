// Groups: the kernel cases on the webgpu device, as it chooses kernels here and in every other way
// that it may choose them on some adapter.

import type { KernelName } from "../../src/device/kernels";
import type { WebGPUDevice } from "../../src/device/webgpu/device";
import type { Program } from "../../src/device/webgpu/program";
import type { Case } from "../cases/case";
import { kernelSuite } from "../kernels.suite";
import { casesOf, PRODUCTS, someOf, type Way, waysOf } from "./choices";
import { type Group, textOf } from "./group";

/** Whether each new pipeline takes Dawn's SwiftShader a second, where lavapipe takes a few ms. */
const slowToCompile = () => !("Deno" in globalThis);

/** The programs of products that run on a device; shared by all ways. */
const chosenOn = new WeakMap<WebGPUDevice, Set<Program>>();

/** All cases on a GPU; on the CPU each program meets each edge, not all combinations of edges. */
function picked(device: WebGPUDevice, way: Way, cases: readonly Case[]): readonly Case[] {
  if (!device.choosing.software) return cases;
  const chosen = chosenOn.get(device) ?? new Set();
  chosenOn.set(device, chosen);
  const few = slowToCompile() && PRODUCTS.includes(cases[0].kernel);
  return someOf(cases, { software: true, ...way.choosing }, few ? chosen : undefined);
}

async function runCases(
  device: WebGPUDevice,
  way: Way,
  kernel: KernelName,
  cases: readonly Case[],
): Promise<void> {
  const before = { ...device.choosing };
  Object.assign(device.choosing, way.choosing);
  try {
    const { ran, failures } = await kernelSuite(device, [kernel], cases);
    if (failures.length > 0) {
      throw new Error(failures.map(({ name, text }) => `${name}: ${text}`).join("\n"));
    }
    if (ran === 0) throw new Error("no case");
  } finally {
    Object.assign(device.choosing, before);
  }
}

/** One group a way, one check a kernel. Which kernels a way adds cases to is the same on both kinds
 * of adapter. */
export const kernelGroups: readonly Group[] = [...casesOf(waysOf(true)).values()].map(
  (found, at) => {
    const { title } = waysOf(true)[at];
    return {
      title,
      names: [...found.keys()],
      async run({ device, tell }) {
        const ways = waysOf(device.choosing.software);
        for (const [kernel, cases] of casesOf(ways).get(ways[at])!) {
          const mine = picked(device, ways[at], cases);
          const text = await textOf(() => runCases(device, ways[at], kernel, mine));
          await tell([{ name: kernel, text }]);
        }
      },
    };
  },
);
