// Suite: the table on the wasm device of a page. Each suite's failures, by name.

import { wasmDevice } from "../src/device/wasm/device";
import { compiled } from "./suites/compiled";
import { decomposition } from "./suites/decomposition";
import { forward } from "./suites/forward";
import { parity } from "./suites/parity";
import { type Result as Checks, leakFree, runSuite, type Suite } from "./suites/suite";

const suites: Readonly<Record<string, Suite>> = { forward, parity, decomposition, compiled };

export interface Result {
  /** Why this binary was taken. */
  readonly reason: string;
  readonly suites: Readonly<Record<string, Checks>>;
}

export default async function run(): Promise<Result> {
  const device = await wasmDevice();
  const found: Record<string, Checks> = {};
  for (const [name, suite] of Object.entries(suites)) {
    const leaking: Suite = (on, report) => suite(on, leakFree(on, report));
    found[name] = await runSuite(leaking, device);
  }
  device.dispose();
  return { reason: device.info.reason, suites: found };
}
