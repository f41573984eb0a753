// Normalization of x [outer, n, inner] over its middle axis, and its adjoint: rows when inner is 1
// (layer norm), else columns (batch norm). Means come from float64 totals; the variance is the mean
// of (x - mean)^2, never a difference of large numbers. A thread's share is a range of all rows, or
// of all strips of columns.

import {
  FOLD_AREA, Fold, addColumns, endStrip, foldColumns, loadStrip, narrow, storeStrip, stripOffset,
  strips, sumRow, totalsBytes,
} from "./fold";
import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";

/** Rows of columns that are read for both of the adjoint's means before the next ones. */
const ROWS: i32 = 256;

/** 1 / sqrt(variance + eps). */
// @ts-ignore: decorator
@inline
function inverseDeviation(variance: v128, eps: f32): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(eps))));
}

// @ts-ignore: decorator
@inline
function scaled(x: usize, out: usize, width: u32, mean: v128, r: v128): void {
  storeStrip(out, f32x4.mul(f32x4.sub(loadStrip(x, width), mean), r), width);
}

// @ts-ignore: decorator
@inline
function adjoint(
  g: usize, y: usize, out: usize, width: u32, r: v128, meanG: v128, meanGY: v128,
): void {
  const rest = f32x4.mul(loadStrip(y, width), meanGY);
  const d = f32x4.sub(f32x4.sub(loadStrip(g, width), meanG), rest);
  storeStrip(out, f32x4.mul(r, d), width);
}

export function normalize(
  x: usize, out: usize, rstd: usize, outer: i32, n: i32, inner: i32, eps: f32,
): void {
  const zero = i32x4.splat(0);
  const row = <usize>inner << 2;
  const scale: f64 = 1 / <f64>n;
  const count = strips(inner);
  const area = scratch(FOLD_AREA + totalsBytes(inner) + (<usize>count << 5));
  const end = <u32>endUnit(outer * count);
  let unit = <u32>firstUnit(outer * count);
  if (inner == 1) {
    const skip = <usize>(unit * n) << 2;
    x += skip;
    out += skip;
    rstd += <usize>unit << 2;
    for (; unit < end; unit++) {
      const mean = f32x4.splat(<f32>(sumRow(Fold.sum, x, x, zero, n, area) * scale));
      const variance = <f32>(sumRow(Fold.squares, x, x, mean, n, area) * scale);
      const r = inverseDeviation(f32x4.splat(variance), eps);
      for (let s: u32 = 0; s < strips(n); s++) {
        const at = stripOffset(s, n);
        scaled(x + at, out + at, n, mean, r);
      }
      v128.store_lane<f32>(rstd, r, 0);
      rstd += 4;
      x += <usize>n << 2;
      out += <usize>n << 2;
    }
    return;
  }
  const totals = area + FOLD_AREA;
  const means = totals + totalsBytes(inner);
  const rs = means + (<usize>count << 4);
  while (unit < end) {
    const o = unit / count;
    const from = unit - o * count;
    const to = endStrip(from, end - unit, inner);
    let p = x + row * n * o;
    let q = out + row * n * o;
    foldColumns(Fold.sum, p, p, 0, n, inner, from, to, totals, area);
    for (let s = from; s < to; s++) {
      v128.store(means + (<usize>s << 4), narrow(totals + (<usize>s << 5), scale));
    }
    foldColumns(Fold.squares, p, p, means, n, inner, from, to, totals, area);
    for (let s = from; s < to; s++) {
      const r = inverseDeviation(narrow(totals + (<usize>s << 5), scale), eps);
      v128.store(rs + (<usize>s << 4), r);
      storeStrip(rstd + row * o + stripOffset(s, inner), r, inner);
    }
    for (let j = 0; j < n; j++) {
      for (let s = from; s < to; s++) {
        const at = stripOffset(s, inner);
        const k = <usize>s << 4;
        scaled(p + at, q + at, inner, v128.load(means + k), v128.load(rs + k));
      }
      p += row;
      q += row;
    }
    unit += to - from;
  }
}

/** out = rstd (g - mean(g) - y mean(g y)). */
export function normalizeInput(
  g: usize, y: usize, rstd: usize, out: usize, outer: i32, n: i32, inner: i32,
): void {
  const zero = i32x4.splat(0);
  const row = <usize>inner << 2;
  const scale: f64 = 1 / <f64>n;
  const count = strips(inner);
  const area = scratch(FOLD_AREA + 2 * totalsBytes(inner) + (<usize>count << 5));
  const end = <u32>endUnit(outer * count);
  let unit = <u32>firstUnit(outer * count);
  if (inner == 1) {
    const skip = <usize>(unit * n) << 2;
    g += skip;
    y += skip;
    out += skip;
    rstd += <usize>unit << 2;
    for (; unit < end; unit++) {
      const meanG = f32x4.splat(<f32>(sumRow(Fold.sum, g, g, zero, n, area) * scale));
      const meanGY = f32x4.splat(<f32>(sumRow(Fold.products, g, y, zero, n, area) * scale));
      const r = v128.load32_splat(rstd);
      for (let s: u32 = 0; s < strips(n); s++) {
        const at = stripOffset(s, n);
        adjoint(g + at, y + at, out + at, n, r, meanG, meanGY);
      }
      rstd += 4;
      g += <usize>n << 2;
      y += <usize>n << 2;
      out += <usize>n << 2;
    }
    return;
  }
  const totals = area + FOLD_AREA;
  const both = totals + totalsBytes(inner);
  const means = both + totalsBytes(inner);
  const products = means + (<usize>count << 4);
  while (unit < end) {
    const o = unit / count;
    const from = unit - o * count;
    const to = endStrip(from, end - unit, inner);
    let p = g + row * n * o;
    let q = y + row * n * o;
    let d = out + row * n * o;
    memory.fill(totals, 0, 2 * totalsBytes(inner));
    for (let j = 0; j < n; j += ROWS) {
      // Both while these rows are in cache.
      const at = row * j;
      const rows = min(ROWS, n - j);
      addColumns(Fold.sum, p + at, p + at, 0, rows, inner, from, to, totals, area);
      addColumns(Fold.products, p + at, q + at, 0, rows, inner, from, to, both, area);
    }
    for (let s = from; s < to; s++) {
      v128.store(means + (<usize>s << 4), narrow(totals + (<usize>s << 5), scale));
      v128.store(products + (<usize>s << 4), narrow(both + (<usize>s << 5), scale));
    }
    for (let j = 0; j < n; j++) {
      for (let s = from; s < to; s++) {
        const at = stripOffset(s, inner);
        const k = <usize>s << 4;
        const r = loadStrip(rstd + row * o + at, inner);
        adjoint(p + at, q + at, d + at, inner, r, v128.load(means + k), v128.load(products + k));
      }
      p += row;
      q += row;
      d += row;
    }
    unit += to - from;
  }
}
