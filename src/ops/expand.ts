// Broadcasting as two linear ops, each the other's gradient: `expand` repeats, `sumTo` sums back.

import { ShapeError } from "../core/errors";
import {
  checkShape,
  expandsTo,
  type Shape,
  sameShape,
  show,
  sizeOf,
  stridesOf,
} from "../core/shape";
import type { Storage } from "../device/device";
import { type Calls, type DefinedOp, defineOp, type Operand } from "../tensor/op";
import { isTensor, type Repeat, type Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";
import { move } from "./move";
import { sum } from "./reduce";
import { reshape } from "./reshape";

const expandOp: DefinedOp<Shape> = defineOp<Shape>({
  name: "expand",
  kind: "linear",
  shape: ([x], shape) => ({ shape, dtype: x.dtype }),
  // Most expansions cost nothing: the elementwise kernels read repeats in place.
  view: (x, { shape }) => {
    if (x.repeat?.mid === 1 || x.size === 1) return { repeat: { inner: 1, mid: 1 } };
    const from = x.repeat === null ? x.shape : unrepeated(x.shape, x.repeat);
    const repeat = from === null ? null : repeatOf(from, shape);
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
  batch: ([x], _, shape, size) => {
    const ones = new Array<number>(shape.length + 1 - x.shape.length).fill(1);
    return expand(reshape(x, [size, ...ones, ...x.shape.slice(1)]), [size, ...shape]);
  },
});

/** What is in the storage of a repeat: size 1 along repeated axes; null where axes do not part
 * so. */
function unrepeated(shape: Shape, { inner, mid }: Repeat): Shape | null {
  const kept = new Array<number>(shape.length).fill(1);
  let [after, own] = [1, 1];
  for (let i = shape.length - 1; i >= 0 && own < mid; i--) {
    if (after < inner) after *= shape[i];
    else {
      kept[i] = shape[i];
      own *= shape[i];
    }
  }
  return after === inner && own === mid ? kept : null;
}

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
  if (!isTensor("expand", x)) needTensors("expand", { x });
  checkShape("expand", shape);
  if (sameShape(x.shape, shape)) return x;
  if (!expandsTo(x.shape, shape)) {
    throw new ShapeError(
      `expand: shapes do not fit: x is ${show(x.shape)}, asked for ${show(shape)}. ` +
        "Each size of x must be 1 or the one asked for, from the last axis back.",
    );
  }
  return expandOp([x], shape);
}

/** Inputs that all examples of a `vmap` share, repeated for each of them. */
export function spread(
  xs: readonly Tensor[],
  batched: readonly boolean[],
  size: number,
): readonly Tensor[] {
  return xs.map((x, i) => (batched[i] ? x : expand(x, [size, ...x.shape])));
}

/**
 * The memory of an operand with or without an axis before `rank` others, and the elements from one
 * of its parts to the next: 0 where one part serves for all, which is not repeated in memory.
 */
export function apart(calls: Calls, x: Operand, rank: number): [Storage, number] {
  if (x.shape.length === rank) return [calls.solid(x), 0];
  const size = sizeOf(x.shape.slice(-rank));
  const same = x.repeat?.inner === 1 && x.repeat.mid === size;
  return same ? [x.storage!, 0] : [calls.solid(x), size];
}

/** Sums `x` over the axes along which `shape` would be repeated: the adjoint of `expand`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!expandsTo(shape, x.shape)) {
    throw new ShapeError(
      `sumTo: shapes do not fit: x is ${show(x.shape)}, asked for ${show(shape)}. ` +
        "Each size asked for must be 1 or that of x, from the last axis back.",
    );
  }
  const skip = x.shape.length - shape.length;
  const axes: number[] = [];
  for (let i = 0; i < x.shape.length; i++) {
    if (i < skip || (shape[i - skip] === 1 && x.shape[i] !== 1)) axes.push(i);
  }
  return reshape(sum(x, { axis: axes }), shape);
}
