// What a whole sequence is, of what stands at its places: those that are not there take no part.

import { div, maximum, mul } from "../../ops/arithmetic";
import { cast } from "../../ops/cast";
import { greater, where } from "../../ops/compare";
import { max, mean, sum } from "../../ops/reduce";
import { expandDims } from "../../ops/reshape";
import type { Tensor } from "../../tensor/tensor";

/** The mean over the places [b, t] of y [b, t, size] that the mask has, or of y [t, b, size] along
 * axis 0 with a mask [t, b]; 0 where it has none. All places without a mask. */
export function meanOver(y: Tensor, mask: Tensor | undefined, axis: 0 | 1): Tensor {
  if (mask === undefined) return mean(y, { axis });
  const live = cast(expandDims(mask, -1), "float32");
  return div(sum(mul(y, live), { axis }), maximum(sum(live, { axis }), 1));
}

/** Below any activation, yet no infinity: its gradient is to be 0, not NaN. */
const LOW = -1e30;

/** The maximum over the places that the mask has, as `meanOver`; 0 where it has none. */
export function maxOver(y: Tensor, mask: Tensor | undefined, axis: 0 | 1): Tensor {
  if (mask === undefined) return max(y, { axis });
  const live = expandDims(mask, -1);
  const some = max(cast(live, "float32"), { axis });
  return where(greater(some, 0), max(where(live, y, LOW), { axis }), 0);
}
