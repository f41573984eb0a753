// gather and scatterAdd, with one index a row or one an element. Each checks all its indices before
// it writes: it returns -1, or the position of the first index outside 0 .. n - 1. Shares do not
// check: whoever shares a call does so before.

import { endUnit, firstUnit, shares } from "./share";
import { copyElements, loadPart, storePart } from "./simd";

/** The position of the first bad index, or -1. */
export function check(idx: usize, count: u32, n: u32): i32 {
  if (shares() > 1) return -1;
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(idx + (<usize>i << 2)) >= n) return i; // negative ones are large, unsigned
  }
  return -1;
}

// @ts-ignore: decorator
@inline
function index(idx: usize, j: u32): usize {
  return <usize>load<u32>(idx + (<usize>j << 2));
}

// Gathers share the rows (o, j).

/** out[o, j, i] = x[o, idx[j], i]. */
export function gather(
  x: usize, idx: usize, out: usize, outer: i32, n: i32, k: i32, inner: i32,
): i32 {
  const end = endUnit(outer * k);
  let unit = firstUnit(outer * k);
  const bad = check(idx, k, n);
  if (bad >= 0 || unit == end) return bad;
  const row = <usize>inner << 2;
  const o = unit / k;
  let j = unit - o * k;
  x += row * n * o;
  out += row * unit;
  for (; unit < end; unit++) {
    const from = x + index(idx, j) * row;
    if (inner == 1) store<i32>(out, load<i32>(from));
    else copyElements(from, out, inner);
    out += row;
    if (++j == k) {
      j = 0;
      x += row * n;
    }
  }
  return -1;
}

/** out[o, j, i] = x[o, idx[o, j, i], i]. */
export function gatherAlong(
  x: usize, idx: usize, out: usize, outer: i32, n: i32, k: i32, inner: i32,
): i32 {
  const end = endUnit(outer * k);
  let unit = firstUnit(outer * k);
  const bad = check(idx, outer * k * inner, n);
  if (bad >= 0 || unit == end) return bad;
  const row = <usize>inner << 2;
  const o = unit / k;
  let j = unit - o * k;
  x += row * n * o;
  idx += row * unit;
  out += row * unit;
  for (; unit < end; unit++) {
    for (let i: usize = 0; i < row; i += 4) {
      store<i32>(out + i, load<i32>(x + <usize>load<u32>(idx + i) * row + i));
    }
    idx += row;
    out += row;
    if (++j == k) {
      j = 0;
      x += row * n;
    }
  }
  return -1;
}

// Scatters share the columns (o, i), in fours.

// @ts-ignore: decorator
@inline
function fours(inner: i32): i32 {
  return (inner + 3) >> 2;
}

/** out[j, i] = 0 for `width` columns from `out` on. */
function clear(out: usize, row: usize, width: usize, n: i32): void {
  if (width == row) {
    memory.fill(out, 0, row * n);
    return;
  }
  for (; n; n--, out += row) memory.fill(out, 0, width);
}

/** out[o, idx[j], i] += g[o, j, i], from zero on. */
export function scatterAdd(
  g: usize, idx: usize, out: usize, outer: i32, n: i32, k: i32, inner: i32,
): i32 {
  const bad = check(idx, k, n);
  if (bad >= 0) return bad;
  const row = <usize>inner << 2;
  const count = fours(inner);
  const end = endUnit(outer * count);
  for (let unit = firstUnit(outer * count); unit < end; ) {
    const o = unit / count;
    const first = unit - o * count;
    const behind = min(count, first + end - unit);
    const start = <usize>first << 4;
    const width = min(<usize>behind << 4, row) - start;
    const rest = <i32>(width >> 2) & 3;
    const to = out + row * n * o + start;
    let from = g + row * k * o + start;
    clear(to, row, width, n);
    for (let j = 0; j < k; j++, from += row) {
      const sum = to + index(idx, j) * row;
      let i: usize = 0;
      for (; i + 16 <= width; i += 16) {
        v128.store(sum + i, f32x4.add(v128.load(sum + i), v128.load(from + i)));
      }
      if (rest) {
        storePart(sum + i, f32x4.add(loadPart(sum + i, rest), loadPart(from + i, rest)), rest);
      }
    }
    unit += behind - first;
  }
  return -1;
}

/** out[o, idx[o, j, i], i] += g[o, j, i], from zero on. */
export function scatterAlong(
  g: usize, idx: usize, out: usize, outer: i32, n: i32, k: i32, inner: i32,
): i32 {
  const bad = check(idx, outer * k * inner, n);
  if (bad >= 0) return bad;
  const row = <usize>inner << 2;
  const count = fours(inner);
  const end = endUnit(outer * count);
  for (let unit = firstUnit(outer * count); unit < end; ) {
    const o = unit / count;
    const first = unit - o * count;
    const behind = min(count, first + end - unit);
    const start = <usize>first << 4;
    const width = min(<usize>behind << 4, row) - start;
    const to = out + row * n * o + start;
    let at = row * k * o + start;
    clear(to, row, width, n);
    for (let j = 0; j < k; j++, at += row) {
      for (let i: usize = 0; i < width; i += 4) {
        const sum = to + <usize>load<u32>(idx + at + i) * row + i;
        store<f32>(sum, load<f32>(sum) + load<f32>(g + at + i));
      }
    }
    unit += behind - first;
  }
  return -1;
}
