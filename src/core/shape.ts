// Pure arithmetic on shapes: lists of sizes, outermost axis first, row-major.

import { ShapeError } from "./errors";

export type Shape = readonly number[];

export function sizeOf(shape: Shape): number {
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i];
  return n;
}

/** Distance in elements between neighbours along each axis of a contiguous array. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]`, as error texts print it. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** The shape that `a` and `b` broadcast to, as in NumPy, or null when they do not fit. */
export function broadcast(a: Shape, b: Shape): Shape | null {
  if (a === b) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const p = i <= a.length ? a[a.length - i] : 1;
    const q = i <= b.length ? b[b.length - i] : 1;
    if (p !== q && p !== 1 && q !== 1) return null;
    out[rank - i] = p === 1 ? q : p;
  }
  return out;
}

/** Whether `from` broadcasts to exactly `to`. */
export function expandsTo(from: Shape, to: Shape): boolean {
  const skip = to.length - from.length;
  if (skip < 0) return false;
  for (let i = 0; i < from.length; i++) {
    if (from[i] !== to[skip + i] && from[i] !== 1) return false;
  }
  return true;
}

/** An axis from 0, counted from the end when negative. Throws a ShapeError when out of range. */
export function axisOf(op: string, axis: number, rank: number): number {
  const a = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || a < 0 || a >= rank) {
    const range = rank === 0 ? "a scalar has no axes" : `use ${-rank} to ${rank - 1}`;
    throw new ShapeError(`${op}: axis out of range: axis is ${axis}, rank is ${rank}; ${range}.`);
  }
  return a;
}

/** Sorted axes from 0 without repetition; all axes when `axis` is not given. */
export function axesOf(op: string, axis: number | readonly number[] | undefined, rank: number) {
  if (axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = typeof axis === "number" ? [axis] : axis;
  needList(op, "axis", list);
  const axes = list.map((a) => axisOf(op, a, rank)).sort((a, b) => a - b);
  for (let i = 1; i < axes.length; i++) {
    if (axes[i] === axes[i - 1]) {
      throw new ShapeError(
        `${op}: axis named twice: ${show(list)} for rank ${rank}. Name it once.`,
      );
    }
  }
  return axes;
}

/** Throws TypeError unless an argument that must be a list is one. */
export function needList(op: string, which: string, list: readonly unknown[]): void {
  if (Array.isArray(list)) return;
  throw new TypeError(`${op}: ${which} is no list: ${String(list)}. Write [...] with numbers.`);
}

/** Throws unless it is a list of whole numbers from 0. */
export function checkShape(op: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    throw new ShapeError(`${op}: no shape: ${String(shape)}. Give a list of sizes, like [2, 3].`);
  }
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ShapeError(
        `${op}: a size is no whole number from 0: the shape is ${show(shape)}. Give whole sizes.`,
      );
    }
  }
}
