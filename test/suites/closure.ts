// The table is whole: every exported op has a row, every op that a gradient uses has a gradient or
// is declared to have none, and every kernel is reached. Meant for the reference device, whose
// calls it watches.

import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import type { KernelName } from "../../src/device/kernels";
import { grad } from "../../src/grad/grad";
import { add, mul } from "../../src/ops/arithmetic";
import { sum } from "../../src/ops/reduce";
import { type Interpreter, interpretedBy, type Op } from "../../src/tensor/op";
import { dispose, scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { table } from "../table";
import { type Row, valuesOf } from "../table/row";
import { along, functionsOf, isDifferentiable, isFloat, uploadAll } from "./evaluate";

/** Ops whose result is a step or an integer: their derivative is 0 wherever there is one. */
export const GRADIENT_FREE: readonly string[] = [
  ...["equal", "less", "lessEqual", "logicalAnd", "logicalNot", "logicalOr", "isNaN", "cast"],
  ...["sign", "floor", "ceil", "round", "argmax", "argmin", "argsort", "maxPoolIndex"],
  ...["randomBits", "splitKey", "unitFloat"],
];

/** Exports that draw, or whose results are integers: no row of theirs has a gradient. */
export const WITHOUT_GRADIENT: readonly string[] = [
  ...["equal", "notEqual", "less", "lessEqual", "greaterEqual", "isNaN", "argmax", "argmin"],
  ...["logicalAnd", "logicalNot", "logicalOr", "argsort", "oneHot", "any", "all", "isFinite"],
  ...["key", "bernoulli", "categorical", "permutation"],
];

/** Kernels that no op of the table calls: `compile` makes chains, the rest are of src/fused. */
export const ELSEWHERE: readonly KernelName[] = [
  ...(["chain", "lstmForward", "lstmBackward"] as const),
  ...(["attentionForward", "attentionBackward"] as const),
];

// biome-ignore lint/suspicious/noExplicitAny: attrs differ from op to op
type AnyOp = Op<any>;

export interface Found {
  /** Ops that values used, and ops that gradients of order 1 to 3 used. */
  readonly inValues: ReadonlySet<AnyOp>;
  readonly inGradients: ReadonlySet<AnyOp>;
  readonly kernels: ReadonlySet<KernelName>;
}

/** Runs rows and their gradients to order 3 and notes what they used. */
export function watch(device: Device, rows: readonly Row[] = table): Found {
  const found = {
    inValues: new Set<AnyOp>(),
    inGradients: new Set<AnyOp>(),
    kernels: new Set<KernelName>(),
  };
  const run = device.run.bind(device);
  device.run = (kernel, ...rest) => {
    found.kernels.add(kernel);
    run(kernel, ...rest);
  };
  try {
    for (const row of rows) watchRow(row, device, found);
  } finally {
    device.run = run;
  }
  return found;
}

function watchRow(
  row: Row,
  device: Device,
  { inValues, inGradients }: { inValues: Set<AnyOp>; inGradients: Set<AnyOp> },
): void {
  const xs = uploadAll(device, row.inputs, valuesOf(row.inputs));
  const by = along(row, device);
  setDevice(device);
  try {
    noting(inValues, () => scope(() => void row.f(...xs)));
    if (!isDifferentiable(row)) return;
    const [, first] = functionsOf(row, row.f, by);
    const slope = (floats: readonly Tensor[]) => {
      let next = 0;
      return dot(first(...xs.map((x) => (isFloat(x) ? floats[next++] : x))), by.directions);
    };
    const bend = (floats: Tensor[]) => dot(grad(slope)(floats), by.directions);
    noting(inGradients, () => scope(() => void grad(bend)(xs.filter(isFloat))));
  } finally {
    dispose([...xs, ...by.weights, ...by.directions]);
  }
}

function dot(ys: readonly Tensor[], ws: readonly Tensor[]): Tensor {
  return ys.map((y, i) => sum(mul(y, ws[i]))).reduce(add);
}

function noting(ops: Set<AnyOp>, f: () => void): void {
  const note: Interpreter = (op) => {
    ops.add(op);
    return null;
  };
  interpretedBy([note], f);
}

/** Names of ops that a gradient used, that have no gradient, and are not declared to have none. */
export function openOps({ inGradients }: Found): string[] {
  const open = [...inGradients].filter(
    (op) => !op.differentiable && !GRADIENT_FREE.includes(op.name),
  );
  return [...new Set(open.map((op) => op.name))].sort();
}
