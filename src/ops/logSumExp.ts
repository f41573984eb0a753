// The logarithm of a sum of exponentials, which does not overflow, nor do its gradients.

import { needRest } from "../device/rest";
import type { DefinedOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { div, mul, sub } from "./arithmetic";
import { exp } from "./math";
import {
  maxOp,
  type ReduceOptions,
  type Run,
  reduceAxes,
  reduction,
  restore,
  sumOp,
} from "./reduce";

needRest();

const logSumExpOp: DefinedOp<Run> = reduction("logSumExp", {
  float32: "logSumExp",
  // Not exp(x − y): near 1,000 the float32 nearest to y is already 3e-5 from it.
  vjp: (g, _, [x], run) => [
    () => {
      const e = exp(sub(x, restore(maxOp([x], run), x, run)));
      return mul(restore(div(g, sumOp([e], run)), x, run), e);
    },
  ],
});

/** log(sum(exp(x))) over axes, without overflow. */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduceAxes("logSumExp", logSumExpOp, x, options);
}
