// Products over axes. The gradient never divides, so it is right at zeros and at any order.

import { DTypeError } from "../core/errors";
import { type DefinedOp, defineOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { mul } from "./arithmetic";
import { cast } from "./cast";
import { needTensors } from "./checks";
import { concat, pad, slice, splitAlong } from "./movement";
import { beneath, type ReduceOptions, type Run, reduceAxes, restore, sizes } from "./reduce";
import { reshape } from "./reshape";

const prodOp: DefinedOp<Run> = defineOp<Run>({
  name: "prod",
  shape: ([x], { from, to }) => {
    if (x.dtype === "bool") {
      throw new DTypeError('prod: wrong dtype: x is bool. Use cast(x, "int32").');
    }
    return { shape: [...x.shape.slice(0, from), ...x.shape.slice(to)], dtype: x.dtype };
  },
  run: (calls, [x], y, run) => {
    const kernel = x.dtype === "float32" ? "prod" : "intProd";
    calls.run(kernel, [calls.solid(x)], [y.storage], sizes(x.shape, run));
  },
  vjp: (g, _, [x], run) => [
    () => {
      const [outer, n, inner] = sizes(x.shape, run);
      if (n < 2) return restore(g, x, run);
      const others = reshape(productOfOthers(reshape(x, [outer, n, inner])), x.shape);
      return mul(restore(g, x, run), others);
    },
  ],
  batch: ([x], _, run) => prodOp([x], beneath(run)),
});

/**
 * For each element of x [outer, n, inner] the product of the others along the middle axis, n ≥ 2:
 * pairs are multiplied up a tree, and each gets from above the product of all outside the pair.
 */
function productOfOthers(x: Tensor): Tensor {
  const [outer, n, inner] = x.shape;
  const pairs = Math.ceil(n / 2);
  const even =
    n % 2 === 0
      ? x
      : pad(
          x,
          [
            [0, 0],
            [0, 1],
            [0, 0],
          ],
          1,
        );
  const [a, b] = splitAlong(reshape(even, [outer, pairs, 2, inner]), 2, 2);
  let swapped = concat([b, a], 2);
  if (pairs > 1) {
    const outside = productOfOthers(reshape(mul(a, b), [outer, pairs, inner]));
    swapped = mul(swapped, reshape(outside, [outer, pairs, 1, inner]));
  }
  return slice(reshape(swapped, [outer, 2 * pairs, inner]), [0, 0, 0], [outer, n, inner]);
}

/** Product over axes; of bool: int32. The product of nothing is 1. */
export function prod(x: Tensor, options: ReduceOptions = {}): Tensor {
  needTensors("prod", { x });
  return reduceAxes("prod", prodOp, x.dtype === "bool" ? cast(x, "int32") : x, options);
}
