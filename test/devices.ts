// Every device that needs no GPU, how to make it, and how to get it where it is absent. An absent
// device is skipped by name; with HYPERGRAD_REQUIRE_DEVICES=1 its absence is a failure. The webgpu
// device has suites of its own, in test/webgpu.

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
const devicesRequired = () => process.env.HYPERGRAD_REQUIRE_DEVICES === "1";

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

/** A test that needs something: where that is absent, one that is skipped and says how to get it,
 * or a failed one where it is required. */
export function testWith(
  absent: string | null,
  name: string,
  body: () => Promise<void>,
  milliseconds: number,
): void {
  const title = absent === null ? name : `${name} (absent: ${absent})`;
  const missing = () => Promise.reject(new Error(`required and absent: ${absent}`));
  const skipped = absent !== null && !devicesRequired();
  test.skipIf(skipped)(title, absent === null ? body : missing, milliseconds);
}
