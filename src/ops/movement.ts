// Ops that put elements in other places: transposes, parts of tensors, and tensors made of parts.
// All are linear, and each one's gradient is another of them.

import { DTypeError, ShapeError, ValueError } from "../core/errors";
import {
  axesOf,
  axisOf,
  checkShape,
  needList,
  type Shape,
  sameShape,
  show,
  stridesOf,
} from "../core/shape";
import { constant } from "../tensor/create";
import {
  apply,
  type Calls,
  type DefinedOp,
  defineOp,
  type Kind,
  type Op,
  type Operand,
  type Output,
} from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";
import { expand, spread } from "./expand";
import { type Layout, move } from "./move";
import { expandDims, reshape } from "./reshape";

/** Elements in another order are the same ones where one value is everywhere. */
const sameEverywhere = (x: Operand) => (x.repeat?.mid === 1 ? { repeat: x.repeat } : null);

const whole = (shape: Shape): Layout => ({ start: 0, strides: stridesOf(shape) });

/** Where the elements `start + index · step` of a tensor of this shape lie. */
function spaced(shape: Shape, start: readonly number[], step: readonly number[]): Layout {
  const strides = stridesOf(shape);
  return {
    start: start.reduce((at, first, i) => at + first * strides[i], 0),
    strides: strides.map((stride, i) => stride * step[i]),
  };
}

const transposeOp: DefinedOp<readonly number[]> = defineOp<readonly number[]>({
  name: "transpose",
  kind: "linear",
  shape: ([x], perm) => ({ shape: perm.map((p) => x.shape[p]), dtype: x.dtype }),
  view: sameEverywhere,
  run: (calls, [x], y, perm) => {
    const strides = stridesOf(x.shape);
    const from = { start: 0, strides: perm.map((p) => strides[p]) };
    move(calls, calls.solid(x), y.storage, y.shape, from, whole(y.shape));
  },
  vjp: (g, _, __, perm) => [() => transposeOp([g], inverse(perm))],
  batch: ([x], _, perm) => transposeOp([x], [0, ...perm.map((p) => p + 1)]),
});

/** The order of axes that undoes another. */
export function inverse(perm: readonly number[]): number[] {
  return perm.map((_, i) => perm.indexOf(i));
}

/**
 * `x` with its axes in another order: axis i of the result is axis `perm[i]` of x. Without `perm`
 * the order is reversed.
 * @throws ShapeError unless perm names every axis once
 */
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  needTensors("transpose", { x });
  if (perm !== undefined) needList("transpose", "perm", perm);
  const rank = x.shape.length;
  const order = (perm ?? x.shape.map((_, i) => rank - 1 - i)).map((p) => (p < 0 ? p + rank : p));
  const named = new Set(order);
  if (order.length !== rank || x.shape.some((_, i) => !named.has(i))) {
    throw new ShapeError(
      `transpose: no order of the axes: perm is ${show(perm!)}, x is ${show(x.shape)}. ` +
        "Name every axis once.",
    );
  }
  const moved = order.filter((p) => x.shape[p] !== 1);
  if (moved.every((p, i) => i === 0 || p > moved[i - 1])) {
    return reshape(
      x,
      order.map((p) => x.shape[p]),
    );
  }
  return transposeOp([x], order);
}

/** `f` of x with `axis` put last, and put back in its result. */
export function atLast(x: Tensor, axis: number, f: (x: Tensor) => Tensor): Tensor {
  const last = x.shape.length - 1;
  if (axis === last) return f(x);
  const swap = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
  return transpose(f(transpose(x, swap)), swap);
}

/** The elements `start + index · step`, for each index below `size`. */
interface Part {
  readonly start: readonly number[];
  readonly step: readonly number[];
  readonly size: Shape;
}

/** A part put among `value`s, in a tensor of this shape. */
interface Place {
  readonly start: readonly number[];
  readonly step: readonly number[];
  readonly shape: Shape;
  readonly value: number;
}

const sliceOp: DefinedOp<Part> = defineOp<Part>({
  name: "slice",
  kind: "linear",
  shape: ([x], { size }) => ({ shape: size, dtype: x.dtype }),
  view: sameEverywhere,
  run: (calls, [x], y, { start, step }) => {
    const from = spaced(x.shape, start, step);
    move(calls, calls.solid(x), y.storage, y.shape, from, whole(y.shape));
  },
  vjp: (g, _, [x], { start, step }) => [
    () => placeOp([g], { start, step, shape: x.shape, value: 0 }),
  ],
  batch: ([x], _, { start, step, size }, n) =>
    sliceOp([x], { start: [0, ...start], step: [1, ...step], size: [n, ...size] }),
});

/* @__NO_SIDE_EFFECTS__ */
function placing(name: string, kind: Kind): DefinedOp<Place> {
  const op: DefinedOp<Place> = defineOp<Place>({
    name,
    kind,
    shape: ([x], { shape }) => ({ shape, dtype: x.dtype }),
    run: (calls, [x], y, { start, step, value }) => {
      const fill = x.dtype === "float32" ? "fill" : "fillInt";
      if (!sameShape(x.shape, y.shape)) calls.run(fill, [], [y.storage], [y.size, value]);
      const to = spaced(y.shape, start, step);
      move(calls, calls.solid(x), y.storage, x.shape, whole(x.shape), to);
    },
    vjp: (v, _, [x], { start, step }) => [() => sliceOp([v], { start, step, size: x.shape })],
    batch: ([x], _, { start, step, shape, value }, n) =>
      op([x], { start: [0, ...start], step: [1, ...step], shape: [n, ...shape], value }),
  });
  return op;
}

const placeOp = placing("place", "linear");
const padOp = placing("pad", "general"); // affine: its value is no part of its derivative

/**
 * A part of `x`: along each axis the `size` elements start, start + step, …. A negative start
 * counts from the end, a size of -1 takes all that are left, a negative step goes backwards. Axes
 * after those given are taken whole.
 * @throws ShapeError when the part does not lie inside x
 */
export function slice(
  x: Tensor,
  start: readonly number[],
  size: readonly number[],
  step: readonly number[] = [],
): Tensor {
  needTensors("slice", { x });
  needList("slice", "start", start);
  needList("slice", "size", size);
  needList("slice", "step", step);
  const part: Part = {
    start: x.shape.map((n, i) => (start[i] === undefined ? 0 : start[i] + (start[i] < 0 ? n : 0))),
    step: x.shape.map((_, i) => step[i] ?? 1),
    size: [],
  };
  const sizes = x.shape.map((n, i) => {
    if (size[i] !== undefined && size[i] !== -1) return size[i];
    const room = part.step[i] > 0 ? n - part.start[i] : part.start[i] + 1;
    return Math.max(0, Math.ceil(room / Math.abs(part.step[i])));
  });
  const inside = x.shape.every((n, i) => {
    const [first, by, count] = [part.start[i], part.step[i], sizes[i]];
    const last = first + (count - 1) * by;
    if (![first, by, count].every(Number.isInteger) || by === 0 || count < 0) return false;
    if (count === 0) return first >= 0 && first <= n;
    return Math.min(first, last) >= 0 && Math.max(first, last) < n;
  });
  if (!inside || [start, size, step].some((list) => list.length > x.shape.length)) {
    const by = step.length > 0 ? `, step is ${show(step)}` : "";
    throw new ShapeError(
      `slice: no part of x: start is ${show(start)}, size is ${show(size)}${by}, x is ` +
        `${show(x.shape)}. Stay inside of x.`,
    );
  }
  if (sameShape(sizes, x.shape) && part.step.every((by, i) => by === 1 || sizes[i] <= 1)) return x;
  return sliceOp([x], { ...part, size: sizes });
}

/**
 * `x` with `pads[i]` = [before, after] elements of `value` added along each axis.
 * @throws ShapeError when there is not one pair an axis
 * @throws ValueError for a number of elements below 0
 */
export function pad(
  x: Tensor,
  pads: readonly (readonly [number, number])[],
  value: number | boolean = 0,
): Tensor {
  needTensors("pad", { x });
  needList("pad", "pads", pads);
  for (const pair of pads) needList("pad", "a pair", pair);
  if (pads.length !== x.shape.length) {
    throw new ShapeError(
      `pad: ${pads.length} pairs for ${x.shape.length} axes: x is ${show(x.shape)}. ` +
        "Give [before, after] for each axis.",
    );
  }
  const wrong = pads.find((pair) => !pair.every((n) => Number.isInteger(n) && n >= 0));
  if (wrong !== undefined) {
    throw new ValueError(
      `pad: no whole numbers from 0: a pair is ${show(wrong)}. Use slice() to take elements away.`,
    );
  }
  const fill = Number(value);
  if (x.dtype !== "float32" && fill !== (fill | 0)) {
    throw new DTypeError(`pad: ${fill} is no ${x.dtype}, and x is. Use cast(x, "float32").`);
  }
  const shape = x.shape.map((size, i) => pads[i][0] + size + pads[i][1]);
  checkShape("pad", shape);
  if (sameShape(shape, x.shape)) return x;
  const start = pads.map(([before]) => before);
  const place = { start, step: start.map(() => 1), shape, value: fill };
  return fill === 0 ? placeOp([x], place) : padOp([x], place);
}

const flipOp: DefinedOp<readonly number[]> = defineOp<readonly number[]>({
  name: "flip",
  kind: "linear",
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  view: sameEverywhere,
  run: (calls, [x], y, axes) => {
    const back = (i: number) => axes.includes(i);
    const from = spaced(
      x.shape,
      x.shape.map((n, i) => (back(i) ? n - 1 : 0)),
      x.shape.map((_, i) => (back(i) ? -1 : 1)),
    );
    move(calls, calls.solid(x), y.storage, y.shape, from, whole(y.shape));
  },
  vjp: (g, _, __, axes) => [() => flipOp([g], axes)],
  batch: ([x], _, axes) =>
    flipOp(
      [x],
      axes.map((a) => a + 1),
    ),
});

/** `x` backwards along the axes named; along all when left out. */
export function flip(x: Tensor, axis?: number | readonly number[]): Tensor {
  needTensors("flip", { x });
  const axes = axesOf("flip", axis, x.shape.length).filter((a) => x.shape[a] > 1);
  return axes.length === 0 ? x : flipOp([x], axes);
}

/** Copies x to or from its place along an axis of a larger tensor. */
function copyPart(calls: Calls, x: Operand, y: Output, axis: number, at: number, out: boolean) {
  const [wide, narrow] = out ? [x.shape, y.shape] : [y.shape, x.shape];
  const strides = stridesOf(wide);
  const inWide = { start: at * strides[axis], strides };
  const [from, to] = out ? [inWide, whole(narrow)] : [whole(narrow), inWide];
  move(calls, calls.solid(x), y.storage, narrow, from, to);
}

const concatOp: DefinedOp<number> = defineOp<number>({
  name: "concat",
  kind: "linear",
  shape: (xs, axis) => {
    const total = xs.reduce((n, x) => n + x.shape[axis], 0);
    const shape = xs[0].shape.map((size, i) => (i === axis ? total : size));
    return { shape, dtype: xs[0].dtype };
  },
  run: (calls, xs, y, axis) => {
    let at = 0;
    for (const x of xs) {
      copyPart(calls, x, y, axis, at, false);
      at += x.shape[axis];
    }
  },
  vjp: (g, _, xs, axis) => {
    let end = 0;
    return xs.map((x) => {
      const start = x.shape.map((_, i) => (i === axis ? end : 0));
      end += x.shape[axis];
      return () => slice(g, start, x.shape);
    });
  },
  batch: (xs, batched, axis, size) => concatOp(spread(xs, batched, size), axis + 1),
});

/** Several outputs at once, so that their gradients are put together by one `concat`. */
const splitOp: Op<{ readonly axis: number; readonly sizes: readonly number[] }> = {
  name: "split",
  kind: "linear",
  differentiable: true,
  specs: ([x], { axis, sizes }) =>
    sizes.map((size) => ({
      shape: x.shape.map((n, i) => (i === axis ? size : n)),
      dtype: x.dtype,
    })),
  view: null,
  run: (calls, [x], ys, { axis }) => {
    let at = 0;
    for (const y of ys) {
      copyPart(calls, x, y, axis, at, true);
      at += y.shape[axis];
    }
  },
  pull: (gs, ys, _, { axis }) => [
    () => {
      const zero = (y: Tensor) => expand(constant(y.device, 0, y.dtype), y.shape);
      return concatOp(
        ys.map((y, i) => gs[i] ?? zero(y)),
        axis,
      );
    },
  ],
  batch: ([x], _, { axis, sizes }) => apply(splitOp, [x], { axis: axis + 1, sizes }),
};

/**
 * Tensors one after the other along an axis; their other sizes must be equal.
 * @throws ShapeError when ranks or other sizes differ, or there is no tensor
 * @throws DTypeError when types differ
 */
export function concat(xs: readonly Tensor[], axis = 0): Tensor {
  const at = checkAlike("concat", xs, axis, 0);
  return xs.length === 1 ? xs[0] : concatOp(xs, at);
}

/** Tensors of one shape along a new axis that stands at `axis` of the result. */
export function stack(xs: readonly Tensor[], axis = 0): Tensor {
  const at = checkAlike("stack", xs, axis, 1);
  return concat(
    xs.map((x) => expandDims(x, at)),
    at,
  );
}

function checkAlike(name: string, xs: readonly Tensor[], axis: number, more: 0 | 1): number {
  if (!Array.isArray(xs) || xs.length === 0) {
    throw new ShapeError(`${name}: no tensors: the list is ${String(xs) || "empty"}. Give one.`);
  }
  for (const x of xs) needTensors(name, { x });
  const [first] = xs;
  const at = axisOf(name, axis, first.shape.length + more);
  for (const [i, x] of xs.entries()) {
    const fits = (size: number, j: number) => (more === 0 && j === at) || size === x.shape[j];
    if (x.shape.length !== first.shape.length || !first.shape.every(fits)) {
      const but = more === 0 ? ` but that of axis ${at}` : "";
      throw new ShapeError(
        `${name}: shapes do not fit: tensor 0 is ${show(first.shape)}, tensor ${i} is ` +
          `${show(x.shape)}. All sizes${but} must be equal.`,
      );
    }
    if (x.dtype !== first.dtype) {
      throw new DTypeError(
        `${name}: dtypes differ: tensor 0 is ${first.dtype}, tensor ${i} is ${x.dtype}. ` +
          "Use cast(x, dtype) on one.",
      );
    }
  }
  return at;
}

/**
 * The parts of `x` along an axis: so many equal ones, or ones of these sizes.
 * @throws ShapeError when the parts do not add up to the axis
 */
export function splitAlong(x: Tensor, parts: number | readonly number[], axis: number): Tensor[] {
  needTensors("split", { x });
  const at = axisOf("split", axis, x.shape.length);
  const n = x.shape[at];
  const list = typeof parts === "number" ? [parts] : parts;
  needList("split", "parts", list);
  if (!list.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new ValueError(`split: no whole number from 0: ${show(list)}. Give whole numbers.`);
  }
  const equal = typeof parts === "number" && n % parts === 0;
  const own = typeof parts === "number" ? [] : parts;
  const sizes = equal ? new Array<number>(parts).fill(n / parts) : own;
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== n || !sizes.every(Number.isInteger) || sizes.length === 0) {
    const asked = typeof parts === "number" ? `${parts} equal parts` : `parts ${show(parts)}`;
    throw new ShapeError(
      `split: parts do not add up: ${asked} of axis ${at}, x is ${show(x.shape)}. ` +
        `Their sum must be ${n}.`,
    );
  }
  return sizes.length === 1 ? [x] : apply(splitOp, [x], { axis: at, sizes });
}
