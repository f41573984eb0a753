// Broadcasting as two linear ops, each the other's gradient: `expand` repeats, `sumTo` sums back.

import { ShapeError } from "../core/errors";
import { expandsTo, type Shape, sameShape, show, stridesOf } from "../core/shape";
import { type DefinedOp, defineOp } from "../tensor/op";
import type { Repeat, Tensor } from "../tensor/tensor";
import { move } from "./move";
import { sum } from "./reduce";
import { reshape } from "./reshape";

const expandOp: DefinedOp<Shape> = defineOp<Shape>({
  name: "expand",
  kind: "linear",
  shape: ([x], shape) => ({ shape, dtype: x.dtype }),
  // Most expansions cost nothing: the elementwise kernels read repeats in place.
  view: (x, { shape }) => {
    if (x.repeat !== null && x.repeat.mid !== 1) return null;
    if (x.repeat !== null || x.size === 1) return { repeat: { inner: 1, mid: 1 } };
    const repeat = repeatOf(x.shape, shape);
    return repeat === null ? null : { repeat };
  },
  run: (calls, [x], y) => {
    const from = stridesOf(x.shape);
    const skip = y.shape.length - x.shape.length;
    const strides = y.shape.map((_, i) =>
      i < skip || x.shape[i - skip] === 1 ? 0 : from[i - skip],
    );
    const whole = { start: 0, strides: stridesOf(y.shape) };
    move(calls, calls.solid(x), y.storage, y.shape, { start: 0, strides }, whole);
  },
  vjp: (g, _, [x]) => [() => sumTo(g, x.shape)],
});

/** One block of kept axes between repeated ones, or null when there is more than one. */
function repeatOf(from: Shape, to: Shape): Repeat | null {
  const skip = to.length - from.length;
  let inner = 1;
  let mid = 1;
  let i = to.length - 1;
  const repeated = (j: number) => j < skip || (from[j - skip] === 1 && to[j] !== 1);
  while (i >= 0 && (to[i] === 1 || repeated(i))) inner *= to[i--];
  while (i >= 0 && !repeated(i)) mid *= to[i--];
  for (; i >= 0; i--) if (!repeated(i) && to[i] !== 1) return null;
  return inner === 0 || mid === 0 ? null : { inner, mid };
}

/**
 * Repeats `x` along axes of size 1, and along new leading axes, to exactly `shape`.
 * @throws ShapeError when a size is neither 1 nor the one asked for
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!expandsTo(x.shape, shape)) {
    throw new ShapeError(
      `expand: shapes do not fit: x is ${show(x.shape)}, asked for ${show(shape)}. ` +
        "Each size of x must be 1 or the one asked for, from the last axis back.",
    );
  }
  return expandOp([x], shape);
}

/** Sums `x` over the axes along which `shape` would be repeated: the adjoint of `expand`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const skip = x.shape.length - shape.length;
  const axes: number[] = [];
  for (let i = 0; i < x.shape.length; i++) {
    if (i < skip || (shape[i - skip] === 1 && x.shape[i] !== 1)) axes.push(i);
  }
  return reshape(sum(x, { axis: axes }), shape);
}
