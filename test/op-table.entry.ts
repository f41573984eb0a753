// The op table of the documentation, made by running: gradients to order three against differences
// on the reference device, and value, first and second gradient of every other device against it.

import type { Device } from "../src/device/device";
import { referenceDevice } from "../src/device/reference/device";
import { wasmDevice } from "../src/device/wasm/device";
import { webgpuDevice } from "../src/device/webgpu/device";
import { isDifferentiable } from "./suites/evaluate";
import { gradients } from "./suites/gradients";
import { parity } from "./suites/parity";
import { runSuite, type Suite } from "./suites/suite";
import { table } from "./table";

export interface OpRow {
  readonly op: string;
  readonly rows: number;
  readonly differentiable: boolean;
  /** Of each device: the highest order that was checked for all rows of the op and is right, or
   * what is wrong. */
  readonly devices: Readonly<Record<string, string>>;
}

async function gpu(): Promise<Device | null> {
  try {
    return await webgpuDevice({});
  } catch {
    return null;
  }
}

export default async function run(): Promise<OpRow[]> {
  const ops = [...new Set(table.map(({ op }) => op))].sort();
  const differentiable = new Set(table.filter(isDifferentiable).map(({ op }) => op));
  const devices: Record<string, Record<string, string>> = {};
  const check = async (name: string, device: Device, suite: Suite, highest: string) => {
    const { failures } = await runSuite(suite, device, table);
    const wrong = new Map(failures.map(({ name, text }) => [name.split(":")[0], text]));
    for (const op of ops) {
      devices[op] ??= {};
      const text = wrong.get(op);
      devices[op][name] = text ?? (differentiable.has(op) ? highest : "0");
    }
    device.dispose();
  };
  await check("reference", referenceDevice(), gradients, "3");
  await check("wasm", await wasmDevice(), parity, "2");
  const found = await gpu();
  if (found !== null) await check("webgpu", found, parity, "2");
  return ops.map((op) => ({
    op,
    rows: table.filter((row) => row.op === op).length,
    differentiable: differentiable.has(op),
    devices: devices[op],
  }));
}
