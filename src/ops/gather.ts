// Reading and adding by integer indices: two pairs of ops, in each pair one is the other's
// gradient. The indices themselves have none.

import { type DType, needDType } from "../core/dtype";
import { ShapeError } from "../core/errors";
import { needWhole } from "../core/options";
import { axisOf, checkShape, type Shape, show, sizeOf } from "../core/shape";
import { constant } from "../tensor/create";
import { type DefinedOp, defineOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { cast } from "./cast";
import { needFloats, needInts, needTensors } from "./checks";
import { expand, spread } from "./expand";
import { expandDims, reshape } from "./reshape";

/** The axis that indices point into, and its size where the inputs do not tell it. */
interface Along {
  readonly axis: number;
  readonly n: number;
}

/** x [...before, n, ...after] at idx gives [...before, ...idx, ...after]. */
const gatherOp: DefinedOp<Along> = defineOp<Along>({
  name: "gather",
  kind: "linear",
  shape: ([x, idx], { axis }) => ({ shape: spliced(x.shape, axis, 1, idx.shape), dtype: x.dtype }),
  run: (calls, [x, idx], y, { axis, n }) => {
    const params = [sizeOf(x.shape.slice(0, axis)), n, idx.size, sizeOf(x.shape.slice(axis + 1))];
    calls.run("gather", [calls.solid(x), calls.solid(idx)], [y.storage], params);
  },
  vjp: (g, _, [, idx], along) => [() => scatterAddOp([g, idx], along), null],
  batch: ([x, idx], [inX, inIdx], { axis, n }, size) => {
    if (!inIdx) return gatherOp([x, idx], { axis: axis + 1, n });
    if (!inX && axis === 0) return gatherOp([x, idx], { axis, n });
    const [rows] = spread([x], [inX], size);
    const before = rows.shape.slice(1, axis + 1);
    const after = rows.shape.slice(axis + 2);
    const k = idx.shape.slice(1);
    const sizes = [size, sizeOf(before), sizeOf(k), sizeOf(after)];
    const flat = reshape(rows, [size, sizes[1], n, sizes[3]]);
    const y = gatherAlongOp([flat, each(idx, sizes)], { axis: 2, n });
    return reshape(y, [size, ...before, ...k, ...after]);
  },
});

/** Indices [size, ...] of each example, the same for all before and after the axis they index. */
function each(idx: Tensor, [size, before, k, after]: Shape): Tensor {
  return expand(reshape(idx, [size, 1, k, 1]), [size, before, k, after]);
}

/** g [...before, ...idx, ...after] added up at idx gives [...before, n, ...after]. */
const scatterAddOp: DefinedOp<Along> = defineOp<Along>({
  name: "scatterAdd",
  kind: "linear",
  shape: ([g, idx], { axis, n }) => ({
    shape: spliced(g.shape, axis, idx.shape.length, [n]),
    dtype: g.dtype,
  }),
  run: (calls, [g, idx], y, { axis, n }) => {
    const inner = sizeOf(g.shape.slice(axis + idx.shape.length));
    const params = [sizeOf(g.shape.slice(0, axis)), n, idx.size, inner];
    calls.run("scatterAdd", [calls.solid(g), calls.solid(idx)], [y.storage], params);
  },
  vjp: (v, _, [, idx], along) => [() => gatherOp([v, idx], along), null],
  batch: ([g, idx], [inG, inIdx], { axis, n }, size) => {
    if (!inIdx) return scatterAddOp([g, idx], { axis: axis + 1, n });
    const [parts] = spread([g], [inG], size);
    const before = parts.shape.slice(1, axis + 1);
    const after = parts.shape.slice(axis + idx.shape.length);
    const sizes = [size, sizeOf(before), sizeOf(idx.shape.slice(1)), sizeOf(after)];
    const y = scatterAlongOp([reshape(parts, sizes), each(idx, sizes)], { axis: 2, n });
    return reshape(y, [size, ...before, n, ...after]);
  },
});

/** x [...before, n, ...after] at idx [...before, k, ...after], place by place. */
const gatherAlongOp: DefinedOp<Along> = defineOp<Along>({
  name: "gatherAlong",
  kind: "linear",
  shape: ([x, idx]) => ({ shape: idx.shape, dtype: x.dtype }),
  run: (calls, [x, idx], y, along) => {
    const params = alongParams(idx.shape, along);
    calls.run("gatherAlong", [calls.solid(x), calls.solid(idx)], [y.storage], params);
  },
  vjp: (g, _, [, idx], along) => [() => scatterAlongOp([g, idx], along), null],
  batch: (xs, batched, { axis, n }, size) =>
    gatherAlongOp(spread(xs, batched, size), { axis: axis + 1, n }),
});

/** g [...before, k, ...after] added up at idx of its shape gives [...before, n, ...after]. */
const scatterAlongOp: DefinedOp<Along> = defineOp<Along>({
  name: "scatterAlong",
  kind: "linear",
  shape: ([g], { axis, n }) => ({ shape: spliced(g.shape, axis, 1, [n]), dtype: g.dtype }),
  run: (calls, [g, idx], y, along) => {
    const params = alongParams(idx.shape, along);
    calls.run("scatterAlong", [calls.solid(g), calls.solid(idx)], [y.storage], params);
  },
  vjp: (v, _, [, idx], along) => [() => gatherAlongOp([v, idx], along), null],
  batch: (xs, batched, { axis, n }, size) =>
    scatterAlongOp(spread(xs, batched, size), { axis: axis + 1, n }),
});

function alongParams(idx: Shape, { axis, n }: Along): number[] {
  return [sizeOf(idx.slice(0, axis)), n, idx[axis], sizeOf(idx.slice(axis + 1))];
}

/** `shape` with `count` sizes from `axis` on replaced. */
function spliced(shape: Shape, axis: number, count: number, by: Shape): Shape {
  return [...shape.slice(0, axis), ...by, ...shape.slice(axis + count)];
}

/**
 * The slices of `x` along `axis` that `indices` name: x [...before, n, ...after] gives
 * [...before, ...indices.shape, ...after]. Of any type.
 * @throws DTypeError unless the indices are int32
 * @throws IndexError for an index outside 0 to n - 1, on devices that see values at once; others
 * read 0 there
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  needTensors("gather", { x });
  needInts("gather", "indices", indices);
  const at = axisOf("gather", axis, x.shape.length);
  return gatherOp([x, indices], { axis: at, n: x.shape[at] });
}

/**
 * The adjoint of `gather`: zeros with `n` places along `axis`, to which the slices of `g` are
 * added where `indices` says. Slices that name one place add up, in order.
 * @param g [...before, ...indices.shape, ...after], float32
 * @throws ShapeError when g does not have the indices' sizes from `axis` on
 */
export function scatterAdd(g: Tensor, indices: Tensor, n: number, axis = 0): Tensor {
  needFloats("scatterAdd", { g });
  needInts("scatterAdd", "indices", indices);
  checkShape("scatterAdd", [n]);
  const rank = g.shape.length - indices.shape.length + 1; // of the result
  const at = rank < 1 ? -1 : axisOf("scatterAdd", axis, rank);
  if (at < 0 || indices.shape.some((size, i) => g.shape[at + i] !== size)) {
    throw new ShapeError(
      `scatterAdd: shapes do not fit: g is ${show(g.shape)}, indices is ${show(indices.shape)}, ` +
        `axis is ${axis}. From that axis on g must have the sizes of the indices.`,
    );
  }
  return scatterAddOp([g, indices], { axis: at, n });
}

function checkAlong(name: string, axis: number, x: Tensor, which: string, indices: Tensor): number {
  needInts(name, "indices", indices);
  const at = axisOf(name, axis, x.shape.length);
  const fits = (size: number, i: number) => i === at || indices.shape[i] === size;
  if (indices.shape.length !== x.shape.length || !x.shape.every(fits)) {
    throw new ShapeError(
      `${name}: shapes do not fit: ${which} is ${show(x.shape)}, indices is ` +
        `${show(indices.shape)}. All sizes but that of axis ${at} must be equal.`,
    );
  }
  return at;
}

/**
 * Element by element along one axis: result[..., j, ...] = x[..., indices[..., j, ...], ...]. Also
 * called take-along-axis. The indices have the rank of x, and its sizes but along `axis`.
 */
export function gatherAlong(x: Tensor, indices: Tensor, axis: number): Tensor {
  needTensors("gatherAlong", { x });
  const at = checkAlong("gatherAlong", axis, x, "x", indices);
  return gatherAlongOp([x, indices], { axis: at, n: x.shape[at] });
}

/**
 * The adjoint of `gatherAlong`: zeros with `n` places along `axis`, to which the elements of `g`
 * are added where `indices`, of its shape, says.
 */
export function scatterAlong(g: Tensor, indices: Tensor, axis: number, n: number): Tensor {
  needFloats("scatterAlong", { g });
  checkShape("scatterAlong", [n]);
  const at = checkAlong("scatterAlong", axis, g, "g", indices);
  if (g.shape[at] !== indices.shape[at]) {
    throw new ShapeError(
      `scatterAlong: shapes differ: g is ${show(g.shape)}, indices is ${show(indices.shape)}. ` +
        "Give one index for each element.",
    );
  }
  return scatterAlongOp([g, indices], { axis: at, n });
}

/**
 * 1 at the place that an index names and 0 elsewhere, along a new last axis of size `n`.
 * @throws IndexError for an index outside 0 to n - 1, on devices that see values at once; others
 * give a row of zeros
 */
export function oneHot(indices: Tensor, n: number, dtype: DType = "float32"): Tensor {
  needInts("oneHot", "indices", indices);
  needWhole("oneHot", { n }, 0);
  needDType("oneHot", dtype);
  const at = expandDims(indices, indices.shape.length);
  const ones = expand(constant(indices.device, 1, "float32"), at.shape);
  return cast(scatterAlong(ones, at, -1, n), dtype);
}
