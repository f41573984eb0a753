// The Euclidean norm and the standard deviation, with gradient 0 where they are 0.

import { axesOf } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { div } from "./arithmetic";
import { needFloats } from "./checks";
import { equal, where } from "./compare";
import { sqrt, square } from "./math";
import { deviations, type ReduceOptions, reduceOptions, sum, type VarianceOptions } from "./reduce";

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

/** Standard deviation over axes: √ of the variance. Where all are equal its gradient is 0. */
export function std(x: Tensor, options: VarianceOptions = {}): Tensor {
  const { centred, rest, ddof } = deviations("std", x, options);
  const length = norm(centred, rest);
  return div(length, Math.sqrt(x.size / length.size - ddof));
}
