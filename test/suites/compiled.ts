// compile(f) means f: value, first and second gradient of every row, captured and run as a program.

import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { compile } from "../../src/program/compile";
import { dispose, scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { table } from "../table";
import { type Row, valuesOf } from "../table/row";
import { along, functionsOf, ORDERS, read, uploadAll } from "./evaluate";
import type { Suite } from "./suite";
import { compare, largestOf } from "./tolerance";

/** On the reference device a program makes the very calls that eager ops make; elsewhere fused
 * kernels may round in another order: 1e-6 of the largest of the array. */
const rateOf = (device: Device) => (device.name === "reference" ? 0 : 1e-6);

export const compiled: Suite = (device, report, rows = table) => {
  for (const row of rows) report(row.name, () => check(row, device));
};

async function check(row: Row, device: Device): Promise<void> {
  const xs = uploadAll(device, row.inputs, valuesOf(row.inputs));
  const by = along(row, device);
  setDevice(device);
  try {
    const orders = functionsOf(row, row.f, by);
    await Promise.all(orders.map((f, order) => checkOne(ORDERS[order], f, xs, device)));
  } finally {
    dispose([...xs, ...by.weights, ...by.directions]);
  }
}

async function checkOne(
  title: string,
  f: (...xs: Tensor[]) => Tensor[],
  xs: readonly Tensor[],
  device: Device,
): Promise<void> {
  const eager = read(
    scope(() => f(...xs)),
    xs,
  );
  const step = compile((...list: Tensor[]) => f(...list));
  try {
    // The second run must not depend on what the first left in memory.
    const runs = [read(step(...xs), xs), read(step(...xs), xs)];
    const want = await eager;
    for (const [at, got] of (await Promise.all(runs)).entries()) {
      for (const [i, y] of want.entries()) {
        const what = `${title} ${i}, ${["first", "second"][at]} run`;
        if (got[i].dtype !== y.dtype || got[i].shape.join() !== y.shape.join()) {
          throw new Error(`${what}: ${got[i].dtype} [${got[i].shape}], not [${y.shape}]`);
        }
        const scale = rateOf(device) * largestOf(y.data);
        compare(what, device.name, got[i].data, y.data, () => scale);
      }
    }
  } finally {
    step.dispose();
  }
}
