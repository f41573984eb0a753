// What a suite is: a function of a device that reports named checks. No test runner is imported, so
// the same checks run in Node, in Deno and in a page.

import type { Device } from "../../src/device/device";
import type { Row } from "../table/row";

/** Takes one check: vitest's `test`, or a list. A check that throws has failed. */
export type Report = (name: string, check: () => Promise<void>) => void;

/** Reports the checks of a device, one a row, without running any. */
export type Suite = (device: Device, report: Report, rows?: readonly Row[]) => void;

export interface Failure {
  readonly name: string;
  readonly text: string;
}

export interface Result {
  readonly passed: number;
  readonly failures: readonly Failure[];
}

/** Runs all checks of a suite, one after another, where there is no test runner. */
export async function runSuite(
  suite: Suite,
  device: Device,
  rows?: readonly Row[],
): Promise<Result> {
  const checks: [string, () => Promise<void>][] = [];
  suite(device, (name, check) => checks.push([name, check]), rows);
  const failures: Failure[] = [];
  for (const [name, check] of checks) {
    try {
      await check();
    } catch (error) {
      failures.push({ name, text: error instanceof Error ? error.message : String(error) });
    }
  }
  return { passed: checks.length - failures.length, failures };
}

/** A report whose checks also fail when they leave tensors in the device's memory. */
export function leakFree(device: Device, report: Report): Report {
  return (name, check) =>
    report(name, async () => {
      const before = device.memory().tensors;
      await check();
      const left = device.memory().tensors - before;
      if (left !== 0) throw new Error(`${left} tensors are left in memory`);
    });
}
