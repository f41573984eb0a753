// Groups: the kernel cases on the webgpu device, as it chooses kernels here and in every other way
// that it may choose them on some adapter.

import type { KernelName } from "../../src/device/kernels";
import type { WebGPUDevice } from "../../src/device/webgpu/device";
import type { Case } from "../cases/case";
import { kernelSuite } from "../kernels.suite";
import { casesOf, Picked, PRODUCTS, someOf, type Way, waysOf } from "./choices";
import { type Group, textOf } from "./group";

const pickedOn = new WeakMap<WebGPUDevice, Picked>();

/** All cases on a GPU; on the CPU each program meets each edge, not all combinations of edges, and
 * products, whose programs take SwiftShader a second each to compile, show each pair of overrides. */
function casesOn(device: WebGPUDevice, way: Way, cases: readonly Case[]): readonly Case[] {
  if (!device.choosing.software) return cases;
  const picked = pickedOn.get(device) ?? new Picked();
  pickedOn.set(device, picked);
  const fewPrograms = PRODUCTS.includes(cases[0].kernel);
  return someOf(cases, { software: true, ...way.choosing }, picked, fewPrograms);
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
          const mine = casesOn(device, ways[at], cases);
          const text = await textOf(() => runCases(device, ways[at], kernel, mine));
          await tell([{ name: kernel, text }]);
        }
      },
    };
  },
);
