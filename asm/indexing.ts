// gather and scatterAdd, with one index a row or one an element. Each checks all its indices before
// it writes: it returns -1, or the position of the first index outside 0 .. n - 1.

import { copyElements, loadPart, storePart } from "./simd";

/** The position of the first bad index, or -1. */
function check(idx: usize, count: u32, n: u32): i32 {
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

/** out[o, j, i] = x[o, idx[j], i]. */
export function gather(
  x: usize, idx: usize, out: usize, outer: i32, n: i32, k: i32, inner: i32,
): i32 {
  const bad = check(idx, k, n);
  if (bad >= 0) return bad;
  const row = <usize>inner << 2;
  for (; outer; outer--) {
    for (let j = 0; j < k; j++) {
      const from = x + index(idx, j) * row;
      if (inner == 1) store<i32>(out, load<i32>(from));
      else copyElements(from, out, inner);
      out += row;
    }
    x += row * n;
  }
  return -1;
}

/** out[o, idx[j], i] += g[o, j, i], from zero on. */
export function scatterAdd(
  g: usize, idx: usize, out: usize, outer: i32, n: i32, k: i32, inner: i32,
): i32 {
  const bad = check(idx, k, n);
  if (bad >= 0) return bad;
  const row = <usize>inner << 2;
  memory.fill(out, 0, row * n * outer);
  for (; outer; outer--) {
    for (let j = 0; j < k; j++) {
      const to = out + index(idx, j) * row;
      let i: usize = 0;
      for (; i + 16 <= row; i += 16) {
        v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(g + i)));
      }
      const rest = inner & 3;
      if (rest) storePart(to + i, f32x4.add(loadPart(to + i, rest), loadPart(g + i, rest)), rest);
      g += row;
    }
    out += row * n;
  }
  return -1;
}

/** out[o, j, i] = x[o, idx[o, j, i], i]. */
export function gatherAlong(
  x: usize, idx: usize, out: usize, outer: i32, n: i32, k: i32, inner: i32,
): i32 {
  const bad = check(idx, outer * k * inner, n);
  if (bad >= 0) return bad;
  const row = <usize>inner << 2;
  for (; outer; outer--) {
    for (let j = 0; j < k; j++) {
      for (let i: usize = 0; i < row; i += 4) {
        store<i32>(out + i, load<i32>(x + <usize>load<u32>(idx + i) * row + i));
      }
      idx += row;
      out += row;
    }
    x += row * n;
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
  memory.fill(out, 0, row * n * outer);
  for (; outer; outer--) {
    for (let j = 0; j < k; j++) {
      for (let i: usize = 0; i < row; i += 4) {
        const to = out + <usize>load<u32>(idx + i) * row + i;
        store<f32>(to, load<f32>(to) + load<f32>(g + i));
      }
      idx += row;
      g += row;
    }
    out += row * n;
  }
  return -1;
}
