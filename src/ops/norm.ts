// The Euclidean norm, with gradient 0 where it is 0.

import { axesOf } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { needFloats } from "./checks";
import { equal, where } from "./compare";
import { sqrt, square } from "./math";
import { type ReduceOptions, reduceOptions, sum } from "./reduce";

/** √(sum of squares) over axes. At 0 its gradient of every order is 0, not NaN. */
export function norm(x: Tensor, options: ReduceOptions = {}): Tensor {
  needFloats("norm", { x });
  axesOf("norm", reduceOptions("norm", options).axis, x.shape.length);
  return root(sum(square(x), options));
}

/** √x, whose gradient at 0 is 0. */
export function root(x: Tensor): Tensor {
  const zero = equal(x, 0);
  return where(zero, 0, sqrt(where(zero, 1, x)));
}
