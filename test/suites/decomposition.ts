// A fused op and the same function of simpler ops: one value, one first and one second gradient.

import type { Device } from "../../src/device/device";
import { table } from "../table";
import type { Row } from "../table/row";
import { evaluate, ORDERS } from "./evaluate";
import type { Suite } from "./suite";
import { compare, largestOf } from "./tolerance";

/**
 * Relative to the largest of the array. The two sides have other roundings at every step and the
 * simpler one may cancel, so both count: on the reference 1e-9; in float32 1e-4, the WGSL rate of
 * transcendental functions, for all.
 */
const rateOf = (device: Device) => (device.name === "reference" ? 1e-9 : 1e-4);

export const decomposition: Suite = (device, report, rows = table) => {
  for (const row of rows) {
    const { same } = row;
    if (same !== undefined) report(row.name, () => check(row, same, device));
  }
};

async function check(row: Row, same: Row["f"], device: Device): Promise<void> {
  const want = await evaluate(row, device, same);
  const got = await evaluate(row, device);
  for (const [order, list] of want.entries()) {
    for (const [i, y] of list.entries()) {
      const what = `${ORDERS[order]} ${i}`;
      const own = got[order][i];
      if (own.dtype !== y.dtype || own.shape.join() !== y.shape.join()) {
        throw new Error(`${what}: ${own.dtype} [${own.shape}], should be ${y.dtype} [${y.shape}]`);
      }
      const scale = rateOf(device) * Math.max(largestOf(y.data), largestOf(got[0][0].data));
      compare(what, device.name, own.data, y.data, () => scale);
    }
  }
}
