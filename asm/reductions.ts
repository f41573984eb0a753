// Reductions over the middle axis of x [outer, n, inner]: rows when inner is 1, else columns.

import {
  FOLD_AREA, Fold, foldColumns, foldRow, loadStrip, narrow, storeStrip, stripOffset, strips,
  sumRow, totalsBytes,
} from "./fold";
import { log } from "./math";
import { scratch } from "./scratch";
import { select } from "./simd";

function reduce(kind: Fold, x: usize, out: usize, outer: u32, n: u32, inner: u32): void {
  const zero = i32x4.splat(0);
  const block = (<usize>n * inner) << 2;
  const area = scratch(FOLD_AREA + totalsBytes(inner));
  if (inner == 1) {
    for (; outer; outer--) {
      if (kind == Fold.sum) store<f32>(out, <f32>sumRow(kind, x, x, zero, n, area));
      else v128.store_lane<f32>(out, foldRow(kind, x, x, zero, n, area), 0);
      x += block;
      out += 4;
    }
    return;
  }
  const totals = area + FOLD_AREA;
  for (; outer; outer--) {
    foldColumns(kind, x, x, 0, n, inner, totals, area);
    for (let s: u32 = 0; s < strips(inner); s++) {
      const total = totals + (<usize>s << 5);
      const v = kind == Fold.sum ? narrow(total, 1) : v128.load(total);
      storeStrip(out + stripOffset(s, inner), v, inner);
    }
    x += block;
    out += <usize>inner << 2;
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
  const area = scratch(FOLD_AREA + totalsBytes(inner) + (<usize>strips(inner) << 4));
  if (inner == 1) {
    for (; outer; outer--) {
      const shift = expShift(foldRow(Fold.max, x, x, zero, n, area));
      const s = f32x4.splat(<f32>sumRow(Fold.exps, x, x, shift, n, area));
      v128.store_lane<f32>(out, f32x4.add(shift, log(s)), 0);
      x += block;
      out += 4;
    }
    return;
  }
  const totals = area + FOLD_AREA;
  const shifts = totals + totalsBytes(inner);
  for (; outer; outer--) {
    foldColumns(Fold.max, x, x, 0, n, inner, totals, area);
    for (let s: u32 = 0; s < strips(inner); s++) {
      v128.store(shifts + (<usize>s << 4), expShift(v128.load(totals + (<usize>s << 5))));
    }
    foldColumns(Fold.exps, x, x, shifts, n, inner, totals, area);
    for (let s: u32 = 0; s < strips(inner); s++) {
      const v = log(narrow(totals + (<usize>s << 5), 1));
      const shift = v128.load(shifts + (<usize>s << 4));
      storeStrip(out + stripOffset(s, inner), f32x4.add(shift, v), inner);
    }
    x += block;
    out += <usize>inner << 2;
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
  for (; outer; outer--) {
    if (inner == 1) {
      let total: f64 = 0;
      for (let j = 0, at = first; j < n; j++, at += stride) {
        total += <f64>load<f32>(x + at);
        store<f32>(out + at, <f32>total);
      }
    }
    for (let s: u32 = 0; inner > 1 && s < strips(inner); s++) {
      let at = first + stripOffset(s, inner);
      let low = i32x4.splat(0);
      let up = low;
      for (let j = 0; j < n; j++) {
        const v = loadStrip(x + at, inner);
        low = f64x2.add(low, f64x2.promote_low_f32x4(v));
        up = f64x2.add(up, f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1)));
        const sums = v128.shuffle<f32>(
          f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(up), 0, 1, 4, 5,
        );
        storeStrip(out + at, sums, inner);
        at += stride;
      }
    }
    x += block;
    out += block;
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
  for (; outer; outer--) {
    if (inner == 1) {
      store<i32>(out, argRow(x, n, minimum, area));
    } else {
      for (let s: u32 = 0; s < strips(inner); s++) {
        const offset = stripOffset(s, inner);
        let from = x + offset;
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
        storeStrip(out + offset, index, inner);
      }
    }
    x += row * n;
    out += row;
  }
}

export function argmax(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  arg(x, out, outer, n, inner, false);
}

export function argmin(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  arg(x, out, outer, n, inner, true);
}
