// Softmax and its logarithm. Kernels take rows; another axis is put last first.

import { optionsOf } from "../core/options";
import { axisOf, sizeOf } from "../core/shape";
import type { KernelName } from "../device/kernels";
import { type DefinedOp, defineOp, type OpRecord } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { mul, sub } from "./arithmetic";
import { needFloats } from "./checks";
import { exp } from "./math";
import { atLast } from "./movement";
import { sum } from "./reduce";

/* @__NO_SIDE_EFFECTS__ */
function overRows(name: KernelName, vjp: OpRecord<undefined>["vjp"]): DefinedOp<undefined> {
  const op: DefinedOp<undefined> = defineOp({
    name,
    shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
    run: (calls, [x], y) => {
      const params = [sizeOf(x.shape.slice(0, -1)), x.shape[x.shape.length - 1]];
      calls.run(name, [calls.solid(x)], [y.storage], params);
    },
    vjp,
    batch: ([x]) => op([x]),
  });
  return op;
}

const total = (x: Tensor) => sum(x, { axis: -1, keepDims: true });

const softmaxOp = overRows("softmax", (g, y) => [() => mul(y, sub(g, total(mul(g, y))))]);
const logSoftmaxOp = overRows("logSoftmax", (g, y) => [() => sub(g, mul(exp(y), total(g)))]);

export interface SoftmaxOptions {
  /** Default: the last. */
  readonly axis?: number;
}

/** exp(x) divided by its sum along an axis, without overflow. */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  const { axis = -1 } = optionsOf("softmax", options, ["axis"]);
  needFloats("softmax", { x });
  return atLast(x, axisOf("softmax", axis, x.shape.length), (rows) => softmaxOp([rows]));
}

/** x less log(sum(exp(x))) along an axis, without overflow. */
export function logSoftmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  const { axis = -1 } = optionsOf("logSoftmax", options, ["axis"]);
  needFloats("logSoftmax", { x });
  return atLast(x, axisOf("logSoftmax", axis, x.shape.length), (rows) => logSoftmaxOp([rows]));
}
