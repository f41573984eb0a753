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
    for (const [order, f] of functionsOf(row, row.f, by).entries()) {
      // A software adapter takes long over each pipeline, and the second gradient has the most.
      if (device.name === "webgpu" && order === 1) continue;
      const want = await read(
        scope(() => f(...xs)),
        xs,
      );
      const step = compile((...list: Tensor[]) => f(...list));
      try {
        // The second run must not depend on what the first left in memory.
        for (const run of ["first", "second"]) {
          const got = await read(step(...xs), xs);
          for (const [i, y] of want.entries()) {
            const what = `${ORDERS[order]} ${i}, ${run} run`;
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
  } finally {
    dispose([...xs, ...by.weights, ...by.directions]);
  }
}
