// Every device that tests know, how to make it, and how to get it where it is absent. An absent
// device is skipped by name; with HYPERGRAD_REQUIRE_DEVICES=1 its absence is a failure.

import { test } from "vitest";
import type { Device } from "../src/device/device";
import { referenceDevice } from "../src/device/reference/device";
import { wasmDevice } from "../src/device/wasm/device";

export interface Candidate {
  readonly name: string;
  /** Rejects where the device cannot be had. */
  readonly make: () => Promise<Device>;
  /** How to get it. */
  readonly how: string;
}

export interface Absent {
  readonly name: string;
  readonly how: string;
  /** Why it could not be made. */
  readonly why: string;
}

let gpu: GPU | undefined; // Dawn ends the process when its instance is collected as garbage

/** Imported only when asked for: it holds native code. */
async function dawn(): Promise<GPU> {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  gpu ??= create([]) as GPU;
  return gpu;
}

export const candidates: readonly Candidate[] = [
  {
    name: "reference",
    make: async () => referenceDevice(),
    how: "it is always there",
  },
  {
    name: "wasm",
    make: () => wasmDevice({ simd: "plain" }),
    how: "npm run build:wasm",
  },
  {
    name: "wasm relaxed",
    make: () => wasmDevice({ simd: "relaxed" }),
    how: "Node 22 or later, or Node 20 with --experimental-wasm-relaxed-simd, which npm test gives",
  },
  {
    name: "webgpu",
    make: async () => {
      const { webgpuDevice } = await import("../src/device/webgpu/device");
      return webgpuDevice({ gpu: await dawn() });
    },
    how:
      "install a Vulkan driver: apt install mesa-vulkan-drivers libvulkan1, or set " +
      "VK_DRIVER_FILES to Chromium's vk_swiftshader_icd.json",
  },
];

/** The devices that are here, made anew, and those that are not. */
export async function findDevices(
  names?: readonly string[],
): Promise<{ present: { name: string; device: Device }[]; absent: Absent[] }> {
  const present: { name: string; device: Device }[] = [];
  const absent: Absent[] = [];
  for (const { name, make, how } of candidates) {
    if (names !== undefined && !names.includes(name)) continue;
    try {
      present.push({ name, device: await make() });
    } catch (error) {
      absent.push({ name, how, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return { present, absent };
}

/** Whether an absent device is a failure. */
export const devicesRequired = () => process.env.HYPERGRAD_REQUIRE_DEVICES === "1";

/** A skipped test for each absent device, which names it and says how to get it; a failed one where
 * it is required. */
export function absentTests(absent: readonly Absent[]): void {
  for (const { name, how, why } of absent) {
    const title = `${name}: absent: ${how}`;
    if (!devicesRequired()) test.skip(title);
    else {
      test(title, () => {
        throw new Error(`${name} is required and absent: ${why}. To get it: ${how}.`);
      });
    }
  }
}
