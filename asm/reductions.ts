// Reductions over the middle axis of x [outer, n, inner]: rows when inner is 1, else columns. A
// thread's share is a range of all rows, or of all strips of columns.

import {
  FOLD_AREA, Fold, endStrip, foldColumns, foldRow, loadStrip, narrow, storeStrip, stripOffset,
  strips, sumRow, totalsBytes,
} from "./fold";
import { log } from "./math";
import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";
import { select } from "./simd";

function reduce(kind: Fold, x: usize, out: usize, outer: u32, n: u32, inner: u32): void {
  const zero = i32x4.splat(0);
  const block = (<usize>n * inner) << 2;
  const area = scratch(FOLD_AREA + totalsBytes(inner));
  const count = strips(inner);
  const end = <u32>endUnit(outer * count);
  let unit = <u32>firstUnit(outer * count);
  if (inner == 1) {
    x += block * unit;
    for (; unit < end; unit++) {
      const to = out + (<usize>unit << 2);
      if (kind == Fold.sum) store<f32>(to, <f32>sumRow(kind, x, x, zero, n, area));
      else v128.store_lane<f32>(to, foldRow(kind, x, x, zero, n, area), 0);
      x += block;
    }
    return;
  }
  const totals = area + FOLD_AREA;
  while (unit < end) {
    const o = unit / count;
    const from = unit - o * count;
    const to = endStrip(from, end - unit, inner);
    const p = x + block * o;
    foldColumns(kind, p, p, 0, n, inner, from, to, totals, area);
    for (let s = from; s < to; s++) {
      const total = totals + (<usize>s << 5);
      const v = kind == Fold.sum ? narrow(total, 1) : v128.load(total);
      storeStrip(out + (<usize>(o * inner) << 2) + stripOffset(s, inner), v, inner);
    }
    unit += to - from;
  }
}

export function sum(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  reduce(Fold.sum, x, out, outer, n, inner);
}

export function prod(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  reduce(Fold.prod, x, out, outer, n, inner);
}

export function max(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  reduce(Fold.max, x, out, outer, n, inner);
}

export function min(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  reduce(Fold.min, x, out, outer, n, inner);
}

export function intSum(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  reduce(Fold.intSum, x, out, outer, n, inner);
}

export function intProd(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  reduce(Fold.intProd, x, out, outer, n, inner);
}

export function intMax(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  reduce(Fold.intMax, x, out, outer, n, inner);
}

export function intMin(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  reduce(Fold.intMin, x, out, outer, n, inner);
}

/** The maximum where it is finite, else 0: then exp(x - shift) adds up to infinity, NaN or 0, and
 * its logarithm is the right result by itself. */
// @ts-ignore: decorator
@inline
export function expShift(max: v128): v128 {
  const finite = f32x4.lt(f32x4.abs(max), f32x4.splat(Infinity));
  return v128.and(max, finite);
}

/** max + log(sum of exp(x - max)). */
export function logSumExp(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  const zero = i32x4.splat(0);
  const block = (<usize>n * inner) << 2;
  const count = strips(inner);
  const area = scratch(FOLD_AREA + totalsBytes(inner) + (<usize>count << 4));
  const end = <u32>endUnit(outer * count);
  let unit = <u32>firstUnit(outer * count);
  if (inner == 1) {
    x += block * unit;
    for (; unit < end; unit++) {
      const shift = expShift(foldRow(Fold.max, x, x, zero, n, area));
      const s = f32x4.splat(<f32>sumRow(Fold.exps, x, x, shift, n, area));
      v128.store_lane<f32>(out + (<usize>unit << 2), f32x4.add(shift, log(s)), 0);
      x += block;
    }
    return;
  }
  const totals = area + FOLD_AREA;
  const shifts = totals + totalsBytes(inner);
  while (unit < end) {
    const o = unit / count;
    const from = unit - o * count;
    const to = endStrip(from, end - unit, inner);
    const p = x + block * o;
    foldColumns(Fold.max, p, p, 0, n, inner, from, to, totals, area);
    for (let s = from; s < to; s++) {
      v128.store(shifts + (<usize>s << 4), expShift(v128.load(totals + (<usize>s << 5))));
    }
    foldColumns(Fold.exps, p, p, shifts, n, inner, from, to, totals, area);
    for (let s = from; s < to; s++) {
      const v = log(narrow(totals + (<usize>s << 5), 1));
      const shift = v128.load(shifts + (<usize>s << 4));
      const at = out + (<usize>(o * inner) << 2) + stripOffset(s, inner);
      storeStrip(at, f32x4.add(shift, v), inner);
    }
    unit += to - from;
  }
}

/** Running sums along the middle axis, from its end when `reverse`, kept in float64. */
export function cumsum(
  x: usize, out: usize, outer: i32, n: i32, inner: i32, reverse: i32,
): void {
  const row = <usize>inner << 2;
  const block = row * n;
  const stride = reverse ? -(<isize>row) : <isize>row;
  const first = reverse && n ? block - row : 0;
  const count = strips(inner);
  const end = <u32>endUnit(outer * count);
  for (let unit = <u32>firstUnit(outer * count); unit < end; unit++) {
    const o = unit / count;
    let at = block * o + first + stripOffset(unit - o * count, inner);
    if (inner == 1) {
      let total: f64 = 0;
      for (let j = 0; j < n; j++, at += stride) {
        total += <f64>load<f32>(x + at);
        store<f32>(out + at, <f32>total);
      }
      continue;
    }
    let low = i32x4.splat(0);
    let up = low;
    for (let j = 0; j < n; j++, at += stride) {
      const v = loadStrip(x + at, inner);
      low = f64x2.add(low, f64x2.promote_low_f32x4(v));
      up = f64x2.add(up, f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1)));
      const sums = v128.shuffle<f32>(
        f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(up), 0, 1, 4, 5,
      );
      storeStrip(out + at, sums, inner);
    }
  }
}

/** Index of the first maximum or minimum; a NaN beats all. */
function argRow(x: usize, n: u32, minimum: bool, area: usize): i32 {
  const best = foldRow(minimum ? Fold.min : Fold.max, x, x, i32x4.splat(0), n, area);
  const wantNaN = f32x4.ne(best, best);
  for (let i: u32 = 0; i < n; i += 4) {
    const v = loadStrip(x, n - i); // there is a hit before the lanes that are filled up
    const hit = select(wantNaN, f32x4.ne(v, v), f32x4.eq(v, best));
    if (v128.any_true(hit)) return i + ctz(i32x4.bitmask(hit));
    x += 16;
  }
  return 0;
}

function arg(x: usize, out: usize, outer: u32, n: u32, inner: u32, minimum: bool): void {
  const signs = i32x4.splat(minimum ? i32.MIN_VALUE : 0); // turn the order around
  const row = <usize>inner << 2;
  const area = scratch(FOLD_AREA);
  const count = strips(inner);
  const end = <u32>endUnit(outer * count);
  for (let unit = <u32>firstUnit(outer * count); unit < end; unit++) {
    const o = unit / count;
    const offset = stripOffset(unit - o * count, inner);
    let from = x + row * n * o + offset;
    const to = out + row * o + offset;
    if (inner == 1) {
      store<i32>(to, argRow(from, n, minimum, area));
      continue;
    }
    let best = f32x4.splat(-Infinity);
    let index = i32x4.splat(0);
    for (let j: u32 = 0; j < n; j++) {
      const v = v128.xor(loadStrip(from, inner), signs);
      const nan = v128.andnot(f32x4.ne(v, v), f32x4.ne(best, best));
      const better = v128.or(f32x4.gt(v, best), nan);
      best = select(better, v, best);
      index = select(better, i32x4.splat(j), index);
      from += row;
    }
    storeStrip(to, index, inner);
  }
}

export function argmax(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  arg(x, out, outer, n, inner, false);
}

export function argmin(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  arg(x, out, outer, n, inner, true);
}
