// Every row's gradients to order 3 against central differences, in float64; and forward mode
// against reverse mode, which must tell the same.

import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { checkGrads } from "../../src/grad/check";
import { hvp, jvp } from "../../src/grad/jvp";
import { add, mul } from "../../src/ops/arithmetic";
import { sum } from "../../src/ops/reduce";
import { dispose, scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { leaves } from "../../src/tensor/tree";
import { table } from "../table";
import { type Row, valuesOf } from "../table/row";
import { along, functionsOf, isDifferentiable, isFloat, read, uploadAll } from "./evaluate";
import type { Suite } from "./suite";
import { allowance, compare, largestOf } from "./tolerance";

/** Relative error of differences on the reference device. */
const TOLERANCE = 1e-6;

/** For the reference device alone: differences of float32 numbers tell nothing at order 3. */
export const gradients: Suite = (device, report, rows = table) => {
  for (const row of rows) {
    if (!isDifferentiable(row)) continue;
    report(row.name, async () => {
      const xs = uploadAll(device, row.inputs, valuesOf(row.inputs));
      try {
        setDevice(device);
        await byDifferences(row, xs);
        await byForwardMode(row, device, xs);
      } finally {
        dispose(xs);
      }
    });
  }
};

/** The row as a function of its float32 inputs, all others held. */
function ofFloats(row: Row, xs: readonly Tensor[]) {
  return (...floats: Tensor[]) => {
    let next = 0;
    return leaves(row.f(...xs.map((x) => (isFloat(x) ? floats[next++] : x)))).filter(isFloat);
  };
}

async function byDifferences(row: Row, xs: readonly Tensor[]): Promise<void> {
  const eps = row.eps ?? (row.bilinear === true ? 1 : 1e-3);
  await checkGrads(ofFloats(row, xs), xs.filter(isFloat), { order: 3, eps, tolerance: TOLERANCE });
}

/** ⟨w, J d⟩ = ⟨Jᵀ w, d⟩, and the Hessian times d both ways. */
async function byForwardMode(row: Row, device: Device, xs: readonly Tensor[]): Promise<void> {
  const by = along(row, device);
  setDevice(device);
  const floats = xs.filter(isFloat);
  const dot = (ys: readonly Tensor[], ws: readonly Tensor[]) =>
    ys.map((y, i) => sum(mul(y, ws[i]))).reduce(add);
  const [, first, second] = functionsOf(row, row.f, by);
  const f = ofFloats(row, xs);
  try {
    const [pushed, pulled] = await read(
      scope(() => [
        dot(jvp(f, floats, [...by.directions])[1], by.weights),
        dot(first(...xs), by.directions),
      ]),
      xs,
    );
    const near = allowance("arithmetic", "reference", pulled.data);
    const floor = 1e-10 * floats.length;
    compare("jvp", "reference", pushed.data, pulled.data, (i) => Math.max(100 * near(i), floor));
    const weighted = (list: Tensor[]) => dot(f(...list), by.weights);
    const forward = await read(
      scope(() => hvp(weighted, floats, [...by.directions])),
      xs,
    );
    const reverse = await read(
      scope(() => second(...xs)),
      xs,
    );
    for (const [i, h] of forward.entries()) {
      const scale = 1e-10 * Math.max(1, largestOf(reverse[i].data));
      compare(`hvp by input ${i}`, "reference", h.data, reverse[i].data, () => scale);
    }
  } finally {
    dispose([...by.weights, ...by.directions]);
  }
}
