// Value, first and second gradient of every row on a device against the float64 reference.

import type { Device } from "../../src/device/device";
import { referenceDevice } from "../../src/device/reference/device";
import { table } from "../table";
import type { Row, Rule } from "../table/row";
import { count } from "../table/truth";
import { evaluate, isFloat, ORDERS, outputsOf } from "./evaluate";
import type { Suite } from "./suite";
import { allowance, compare } from "./tolerance";

export const parity: Suite = (device, report, rows = table) => {
  for (const row of rows) report(row.name, () => check(row, device));
};

async function check(row: Row, device: Device): Promise<void> {
  const reference = referenceDevice();
  try {
    const want = await evaluate(row, reference);
    const got = await evaluate(row, device);
    const sums = row.rule === "sum" && row.bilinear === true;
    const magnitude = sums ? await evaluate(row, reference, row.f, true) : want;
    for (const [order, list] of want.entries()) {
      for (const [i, y] of list.entries()) {
        const rule = ruleOf(row, order, y.dtype, sums);
        const terms = termsOf(row);
        const of = { terms, magnitude: magnitude[order][i].data };
        const allowed = allowance(rule, device.name, y.data, sums ? of : undefined);
        compare(`${ORDERS[order]} ${i}`, device.name, got[order][i].data, y.data, allowed);
      }
    }
  } finally {
    reference.dispose();
  }
}

/** Values that are exact have gradients that are added up; integers are exact at any order. */
function ruleOf(row: Row, order: number, dtype: string, sums: boolean): Rule {
  if (!isFloat({ dtype })) return "exact";
  if (row.rule === "exact") return order === 0 ? "exact" : "arithmetic";
  return row.rule === "sum" && !sums ? "arithmetic" : row.rule;
}

/** No element of a value or gradient is a sum of more terms than the largest array has. */
function termsOf(row: Row): number {
  const sizes = [...row.inputs, ...outputsOf(row)].map(({ shape }) => count(shape));
  return 4 + sizes.reduce((a, b) => Math.max(a, b), 1);
}
