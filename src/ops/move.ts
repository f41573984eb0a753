// Strided copies: the one kernel behind transpose, slice, flip, concat and pad.

import { type Shape, sizeOf } from "../core/shape";
import type { Storage } from "../device/device";
import type { Calls } from "../tensor/op";

const MOST_AXES = 6;

/** Where the elements of one side lie: the first, and the distance to the next along each axis. */
export interface Layout {
  readonly start: number;
  readonly strides: readonly number[];
}

interface Axis {
  size: number;
  from: number;
  to: number;
}

/**
 * For every index below `shape`, out at `to.start + index · to.strides` takes x at `from.start +
 * index · from.strides`. Neighbouring axes that lie alike merge; more than six left take a kernel
 * call for each index of the smallest.
 */
export function move(
  calls: Calls,
  x: Storage,
  out: Storage,
  shape: Shape,
  from: Layout,
  to: Layout,
): void {
  if (sizeOf(shape) === 0) return;
  const axes = merged(shape, from.strides, to.strides);
  const extra = [...axes].sort((a, b) => a.size - b.size).slice(0, axes.length - MOST_AXES);
  const outer = axes.length > MOST_AXES ? extra : [];
  const inner = axes.filter((axis) => !outer.includes(axis));
  const pad = (list: number[], value: number) => [
    ...new Array<number>(MOST_AXES - list.length).fill(value),
    ...list,
  ];
  const d = pad(
    inner.map((a) => a.size),
    1,
  );
  const s = pad(
    inner.map((a) => a.from),
    0,
  );
  const o = pad(
    inner.map((a) => a.to),
    0,
  );
  const call = (i: number, xStart: number, outStart: number) => {
    if (i === outer.length) {
      calls.run("move", [x], [out], [...d, xStart, ...s, outStart, ...o]);
      return;
    }
    for (let j = 0; j < outer[i].size; j++) {
      call(i + 1, xStart + j * outer[i].from, outStart + j * outer[i].to);
    }
  };
  call(0, from.start, to.start);
}

function merged(shape: Shape, from: readonly number[], to: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  for (let i = 0; i < shape.length; i++) {
    const size = shape[i];
    if (size === 1) continue;
    const last = axes[axes.length - 1];
    if (last !== undefined && last.from === from[i] * size && last.to === to[i] * size) {
      last.size *= size;
      last.from = from[i];
      last.to = to[i];
    } else {
      axes.push({ size, from: from[i], to: to[i] });
    }
  }
  return axes;
}
