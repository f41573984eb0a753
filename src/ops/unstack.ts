// The slices of a tensor along an axis, one by one: the inverse of stack.

import { axisOf } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";
import { splitAlong } from "./movement";
import { squeeze } from "./reshape";

/** The slices of x along an axis, which they do not have: `unstack(stack(xs))` is `xs`. */
export function unstack(x: Tensor, axis = 0): Tensor[] {
  needTensors("unstack", { x });
  const at = axisOf("unstack", axis, x.shape.length);
  const n = x.shape[at];
  return n === 0 ? [] : splitAlong(x, n, at).map((part) => squeeze(part, at));
}
