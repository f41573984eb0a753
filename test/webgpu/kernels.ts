// Groups: the kernel cases on the webgpu device, as it chooses kernels here and in every other way
// that it may choose them on some adapter.

import type { KernelName } from "../../src/device/kernels";
import type { WebGPUDevice } from "../../src/device/webgpu/device";
import type { Case } from "../cases/case";
import { kernelSuite } from "../kernels.suite";
import { casesOf, Picked, PRODUCTS, someOf, type Way, waysOf } from "./choices";
import { type Group, type Place, textOf } from "./group";

/** Cases of a kernel by a variant that is not its own choice, where barriers are slow. */
const FEW = 3;

const pickedOn = new WeakMap<WebGPUDevice, Picked>();

/** All cases on a GPU; on the CPU each program meets each edge, not all combinations of edges, and
 * products, whose programs take SwiftShader a second each to compile, show each pair of
 * overrides. */
function casesOn(device: WebGPUDevice, way: Way, cases: readonly Case[]): readonly Case[] {
  if (!device.choosing.software) return cases;
  const picked = pickedOn.get(device) ?? new Picked();
  pickedOn.set(device, picked);
  const fewPrograms = PRODUCTS.includes(cases[0].kernel);
  const some = someOf(cases, { software: true, ...way.choosing }, picked, fewPrograms);
  if (way.choosing.variant === undefined || "Deno" in globalThis) return some;
  // SwiftShader takes seconds over barriers: Deno runs all of these, it a few, evenly spread.
  const step = Math.ceil(some.length / FEW);
  return some.filter((_, i) => i % step === 0);
}

/** Cases between two words home: on a busy machine a shader takes long to compile. */
const WORD = 32;

async function runCases(
  { device, tell }: Place,
  way: Way,
  kernel: KernelName,
  cases: readonly Case[],
): Promise<void> {
  const before = { ...device.choosing };
  Object.assign(device.choosing, way.choosing);
  const wrong: string[] = [];
  let ran = 0;
  try {
    for (let at = 0; at < cases.length; at += WORD) {
      const report = await kernelSuite(device, [kernel], cases.slice(at, at + WORD));
      ran += report.ran;
      wrong.push(...report.failures.map(({ name, text }) => `${name}: ${text}`));
      await tell([]);
    }
  } finally {
    Object.assign(device.choosing, before);
  }
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  if (ran === 0) throw new Error("no case");
}

/** One group a way, one check a kernel. Which kernels a way adds cases to is the same on both kinds
 * of adapter; a variant that every way takes where it can adds none. */
export const kernelGroups: readonly Group[] = [...casesOf(waysOf(true)).values()].flatMap(
  (found, at): Group[] => {
    const { title, choosing } = waysOf(true)[at];
    if (found.size === 0) return [];
    const group: Group = {
      title,
      names: [...found.keys()],
      // Chromium has Node's compiler and driver, Firefox has Deno's: Tint and naga are shown there.
      except: choosing.variant === undefined ? [] : ["chromium", "firefox"],
      async run(place) {
        const { device, tell } = place;
        const ways = waysOf(device.choosing.software);
        for (const [kernel, cases] of casesOf(ways).get(ways[at])!) {
          const mine = casesOn(device, ways[at], cases);
          const text = await textOf(() => runCases(place, ways[at], kernel, mine));
          await tell([{ name: kernel, text }]);
        }
      },
    };
    return [group];
  },
);
