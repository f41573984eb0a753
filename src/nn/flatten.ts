// All axes but the first as one: what stands between images and a linear layer.

import { reshape } from "../ops/reshape";
import type { Tensor } from "../tensor/tensor";

/** x [n, ...] → [n, size of one], a stage of `sequential`. */
export function flatten(x: Tensor): Tensor {
  return reshape(x, [x.shape[0], x.shape.slice(1).reduce((a, b) => a * b, 1)]);
}
