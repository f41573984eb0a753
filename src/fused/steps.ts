// Sequences as lists of their steps, and back. Each way is the other's gradient, so that a loop
// over t steps costs t steps at every order: no step's gradient is ever as long as the sequence.

import { stridesOf } from "../core/shape";
import { cast } from "../ops/cast";
import { lessEqual } from "../ops/compare";
import { cumsum } from "../ops/cumulative";
import { expand, spread } from "../ops/expand";
import { move } from "../ops/move";
import { splitAlong } from "../ops/movement";
import { reshape } from "../ops/reshape";
import { constant } from "../tensor/create";
import { type DefinedOp, defineOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";

const stackOp: DefinedOp<number> = defineOp<number>({
  name: "stackSteps",
  kind: "linear",
  shape: (xs, axis) => {
    const [{ shape, dtype }] = xs;
    return { shape: [...shape.slice(0, axis), xs.length, ...shape.slice(axis)], dtype };
  },
  run: (calls, xs, y, axis) => {
    const strides = stridesOf(y.shape);
    const [step] = strides.splice(axis, 1);
    for (const [i, x] of xs.entries()) {
      const from = { start: 0, strides: stridesOf(x.shape) };
      move(calls, calls.solid(x), y.storage, x.shape, from, { start: i * step, strides });
    }
  },
  vjp: (g, _, xs, axis) => {
    let parts: readonly Tensor[] | null = null;
    return xs.map((_, i) => () => {
      parts ??= unstackSteps(g, axis);
      return parts[i];
    });
  },
  batch: (xs, batched, axis, size) => stackOp(spread(xs, batched, size), axis + 1),
});

/** Tensors of one shape along a new axis; at least one. */
export function stackSteps(xs: readonly Tensor[], axis: number): Tensor {
  return stackOp(xs, axis);
}

/** The parts of x at each place of an axis, without that axis; at least one. */
export function unstackSteps(x: Tensor, axis: number): Tensor[] {
  const shape = x.shape.filter((_, i) => i !== axis);
  return splitAlong(x, x.shape[axis], axis).map((part) => reshape(part, shape));
}

/** The mask [t, b] of the first `lengths[r]` of t steps, for int32 lengths [b]. */
export function maskOf(lengths: Tensor, t: number): Tensor {
  const ones = expand(constant(lengths.device, 1, "float32"), [t, 1]);
  return lessEqual(cumsum(ones, { axis: 0 }), cast(lengths, "float32"));
}
