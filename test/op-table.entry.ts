// The op table of the documentation, made by running: gradients to order three against differences
// on the reference device, and value, first and second gradient of every other device against it.
// Runs on the devices that its home names, in any runtime.

import type { Device } from "../src/device/device";
import { referenceDevice } from "../src/device/reference/device";
import { wasmDevice } from "../src/device/wasm/device";
import { webgpuDevice } from "../src/device/webgpu/device";
import { isDifferentiable } from "./suites/evaluate";
import { gradients } from "./suites/gradients";
import { parity } from "./suites/parity";
import { runSuite, type Suite } from "./suites/suite";
import { table } from "./table";
import type { Home } from "./webgpu/runners";

export interface OpRow {
  readonly op: string;
  readonly rows: number;
  readonly differentiable: boolean;
  /** Of each device: the highest order that was checked for all rows of the op and is right, or
   * what is wrong. */
  readonly devices: Readonly<Record<string, string>>;
}

/** What is run on each device, and the order that it checks. */
const checks: Record<string, { make: () => Device | Promise<Device>; suite: Suite; to: string }> = {
  reference: { make: referenceDevice, suite: gradients, to: "3" },
  wasm: { make: () => wasmDevice(), suite: parity, to: "2" },
  webgpu: { make: () => webgpuDevice({}), suite: parity, to: "2" },
};

/** The rows of the devices in `devices.json` of its home. */
export default async function run({ base }: Home): Promise<OpRow[]> {
  const wanted = (await (await fetch(`${base}devices.json`)).json()) as readonly string[];
  const ops = [...new Set(table.map(({ op }) => op))].sort();
  const differentiable = new Set(table.filter(isDifferentiable).map(({ op }) => op));
  const found = new Map(ops.map((op) => [op, {} as Record<string, string>]));
  for (const name of wanted) {
    const { make, suite, to } = checks[name];
    const device = await make();
    const { failures } = await runSuite(suite, device, table);
    const wrong = new Map(failures.map(({ name, text }) => [name.split(":")[0], text]));
    for (const [op, devices] of found) {
      devices[name] = wrong.get(op) ?? (differentiable.has(op) ? to : "0");
    }
    device.dispose();
  }
  return ops.map((op) => ({
    op,
    rows: table.filter((row) => row.op === op).length,
    differentiable: differentiable.has(op),
    devices: found.get(op)!,
  }));
}
