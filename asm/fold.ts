// Folds of many values into one, along contiguous rows and down columns: the inner loops of every
// reduction, of softmax and of normalization. Order depends on the sizes alone, so bits repeat.
//
// Sums run in float32 over blocks, four lanes wide, and in float64 over the blocks. Columns are
// taken in strips of four; the last strip overlaps the one before, so that only an inner size below
// 4 needs parts of vectors.

import { exp } from "./math";
import { loadPart, select, storePart } from "./simd";

/** What is folded: sums of x, (x - c)^2, x y and exp(x - c), and the other folds of x alone. */
export const enum Fold {
  sum,
  squares,
  products,
  exps,
  prod,
  max,
  min,
  intSum,
  intProd,
  intMax,
  intMin,
}

/** Bytes of scratch that every fold needs, at `area`. */
export const FOLD_AREA: usize = 64 + 2 * 128 * 16;
/** Rows of columns that a block of float32 sums covers at most. */
const COLUMN_ROWS: u32 = 128;
/** Floats of such a block: it stays in L1 cache while strip after strip reads it. */
const COLUMN_BLOCK: u32 = 4096;

/** Values of a row in one float32 sum: 16 chains of 64, or, for exp, 4 chains of 32. */
// @ts-ignore: decorator
@inline
function rowBlock(kind: Fold): u32 {
  return kind == Fold.exps ? 128 : 1024;
}

/** What changes nothing when it is folded in. */
// @ts-ignore: decorator
@inline
function neutral(kind: Fold): v128 {
  if (kind == Fold.prod) return f32x4.splat(1);
  if (kind == Fold.max) return f32x4.splat(-Infinity);
  if (kind == Fold.min) return f32x4.splat(Infinity);
  if (kind == Fold.intProd) return i32x4.splat(1);
  if (kind == Fold.intMax) return i32x4.splat(i32.MIN_VALUE);
  if (kind == Fold.intMin) return i32x4.splat(i32.MAX_VALUE);
  return i32x4.splat(0);
}

/** max and min set all bits, a NaN, where b is NaN, and pmax and pmin keep an a that is. */
// @ts-ignore: decorator
@inline
function combine(kind: Fold, a: v128, b: v128): v128 {
  if (kind == Fold.prod) return f32x4.mul(a, b);
  if (kind == Fold.max) return v128.or(f32x4.pmax(a, b), f32x4.ne(b, b));
  if (kind == Fold.min) return v128.or(f32x4.pmin(a, b), f32x4.ne(b, b));
  if (kind == Fold.intSum) return i32x4.add(a, b);
  if (kind == Fold.intProd) return i32x4.mul(a, b);
  if (kind == Fold.intMax) return i32x4.max_s(a, b);
  if (kind == Fold.intMin) return i32x4.min_s(a, b);
  return f32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
function step(kind: Fold, a: v128, x: usize, y: usize, c: v128): v128 {
  let v = v128.load(x);
  if (kind == Fold.products) v = f32x4.mul(v, v128.load(y));
  if (kind == Fold.exps) v = exp(f32x4.sub(v, c));
  if (kind == Fold.squares) {
    v = f32x4.sub(v, c);
    v = f32x4.mul(v, v);
  }
  return combine(kind, a, v);
}

/** The fold of four lanes over `rows` vectors, `stride` bytes apart, and over the vector at `pad`
 * (with that of y 16 bytes behind it) if there is one. The common kinds run in four chains. */
// @ts-ignore: decorator
@inline
function loop(
  kind: Fold, x: usize, y: usize, c: v128, rows: u32, stride: usize, pad: usize,
): v128 {
  let a = neutral(kind);
  let shift = y - x;
  if (kind <= Fold.products || kind == Fold.max) {
    let a1 = a;
    let a2 = a;
    let a3 = a;
    const two = stride << 1;
    for (; rows >= 4; rows -= 4) {
      a = step(kind, a, x, x + shift, c);
      a1 = step(kind, a1, x + stride, x + stride + shift, c);
      a2 = step(kind, a2, x + two, x + two + shift, c);
      a3 = step(kind, a3, x + two + stride, x + two + stride + shift, c);
      x += stride << 2;
    }
    a = combine(kind, combine(kind, a, a1), combine(kind, a2, a3));
  }
  while (rows || pad) {
    for (; rows; rows--) {
      a = step(kind, a, x, x + shift, c);
      x += stride;
    }
    if (!pad) break;
    x = pad;
    shift = 16;
    rows = 1;
    pad = 0;
  }
  return a;
}

function foldVectors(
  kind: Fold, x: usize, y: usize, c: v128, rows: u32, stride: usize, pad: usize,
): v128 {
  switch (kind) {
    case Fold.sum:
      return loop(Fold.sum, x, y, c, rows, stride, pad);
    case Fold.squares:
      return loop(Fold.squares, x, y, c, rows, stride, pad);
    case Fold.products:
      return loop(Fold.products, x, y, c, rows, stride, pad);
    case Fold.exps:
      return loop(Fold.exps, x, y, c, rows, stride, pad);
    case Fold.prod:
      return loop(Fold.prod, x, y, c, rows, stride, pad);
    case Fold.max:
      return loop(Fold.max, x, y, c, rows, stride, pad);
    case Fold.min:
      return loop(Fold.min, x, y, c, rows, stride, pad);
    case Fold.intSum:
      return loop(Fold.intSum, x, y, c, rows, stride, pad);
    case Fold.intProd:
      return loop(Fold.intProd, x, y, c, rows, stride, pad);
    case Fold.intMax:
      return loop(Fold.intMax, x, y, c, rows, stride, pad);
    default:
      return loop(Fold.intMin, x, y, c, rows, stride, pad);
  }
}

/** What a lane holds that a row has no value for. */
function filler(kind: Fold, c: v128): v128 {
  switch (kind) {
    case Fold.squares:
      return c;
    case Fold.prod:
      return neutral(Fold.prod);
    case Fold.max:
    case Fold.exps:
      return neutral(Fold.max);
    case Fold.min:
      return neutral(Fold.min);
    case Fold.intProd:
      return neutral(Fold.intProd);
    case Fold.intMax:
      return neutral(Fold.intMax);
    case Fold.intMin:
      return neutral(Fold.intMin);
    default:
      return i32x4.splat(0);
  }
}

// @ts-ignore: decorator
@inline
function across(kind: Fold, v: v128): v128 {
  v = combine(kind, v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return combine(kind, v, v128.shuffle<i32>(v, v, 1, 0, 3, 2));
}

/** The fold of the four lanes, in every lane. */
function foldLanes(kind: Fold, v: v128): v128 {
  switch (kind) {
    case Fold.prod:
      return across(Fold.prod, v);
    case Fold.max:
      return across(Fold.max, v);
    case Fold.min:
      return across(Fold.min, v);
    case Fold.intSum:
      return across(Fold.intSum, v);
    case Fold.intProd:
      return across(Fold.intProd, v);
    case Fold.intMax:
      return across(Fold.intMax, v);
    case Fold.intMin:
      return across(Fold.intMin, v);
    default:
      return across(Fold.sum, v);
  }
}

/** The fold of n contiguous values, in every lane. */
export function foldRow(kind: Fold, x: usize, y: usize, c: v128, n: u32, area: usize): v128 {
  const rest = n & 3;
  let pad: usize = 0;
  if (rest) {
    const whole = <usize>(n - rest) << 2;
    const mask = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(rest));
    pad = area;
    v128.store(pad, select(mask, loadPart(x + whole, rest), filler(kind, c)));
    if (kind == Fold.products) v128.store(pad, loadPart(y + whole, rest), 16);
  }
  return foldLanes(kind, foldVectors(kind, x, y, c, n >> 2, 16, pad));
}

/** A sum (the first four kinds) of n contiguous values. */
export function sumRow(kind: Fold, x: usize, y: usize, c: v128, n: u32, area: usize): f64 {
  let total: f64 = 0;
  const block = rowBlock(kind);
  for (let done: u32 = 0; done < n; done += block) {
    const at = <usize>done << 2;
    total += f32x4.extract_lane(foldRow(kind, x + at, y + at, c, min(n - done, block), area), 0);
  }
  return total;
}

/** The number of strips of four columns. */
// @ts-ignore: decorator
@inline
export function strips(inner: u32): u32 {
  return (inner + 3) >> 2;
}

/** The strip behind the share's last, of a share with `left` strips from `from` on. */
// @ts-ignore: decorator
@inline
export function endStrip(from: u32, left: u32, inner: u32): u32 {
  return min(strips(inner), from + left);
}

/** Where a strip begins, in bytes. */
// @ts-ignore: decorator
@inline
export function stripOffset(strip: u32, inner: u32): usize {
  return inner < 4 ? 0 : <usize>min(strip << 2, inner - 4) << 2;
}

// @ts-ignore: decorator
@inline
export function loadStrip(p: usize, inner: u32): v128 {
  return inner >= 4 ? v128.load(p) : loadPart(p, inner);
}

// @ts-ignore: decorator
@inline
export function storeStrip(p: usize, v: v128, inner: u32): void {
  if (inner >= 4) v128.store(p, v);
  else storePart(p, v, inner);
}

/** Rows of one to three floats, each widened to a vector. */
function widen(x: usize, to: usize, rows: u32, inner: u32): usize {
  for (let j: u32 = 0; j < rows; j++) {
    v128.store(to + (<usize>j << 4), loadPart(x, inner));
    x += <usize>inner << 2;
  }
  return to;
}

/** Bytes of the results of `foldColumns`. */
// @ts-ignore: decorator
@inline
export function totalsBytes(inner: u32): usize {
  return <usize>strips(inner) << 5;
}

/** Folds strips from .. to - 1 of [n, inner] down their columns: to four doubles a strip for sums,
 * four floats or ints in the same places otherwise. `c`: a vector of constants a strip, 16 bytes
 * apart. */
export function foldColumns(
  kind: Fold, x: usize, y: usize, c: usize, n: u32, inner: u32, from: u32, to: u32, totals: usize,
  area: usize,
): void {
  const end = totals + (<usize>to << 5);
  const first = filler(kind <= Fold.exps ? Fold.sum : kind, i32x4.splat(0));
  for (let t = totals + (<usize>from << 5); t < end; t += 16) v128.store(t, first);
  addColumns(kind, x, y, c, n, inner, from, to, totals, area);
}

/** As foldColumns, into what the totals hold. */
export function addColumns(
  kind: Fold, x: usize, y: usize, c: usize, n: u32, inner: u32, from: u32, to: u32, totals: usize,
  area: usize,
): void {
  const isSum = kind <= Fold.exps;
  const most: u32 = kind == Fold.exps ? 32 : COLUMN_ROWS; // chains of 32
  const block = min(max<u32>(COLUMN_BLOCK / inner, 8) & ~3, most);
  let stride = <usize>inner << 2;
  const advance = stride * block;
  for (let j: u32 = 0; j < n; j += block) {
    const rows = min(block, n - j);
    let fromX = x;
    let fromY = y;
    if (inner < 4) {
      fromX = widen(x, area + 64, rows, inner);
      fromY = kind == Fold.products ? widen(y, area + 64 + (COLUMN_ROWS << 4), rows, inner) : fromX;
      stride = 16;
    }
    let constants = i32x4.splat(0);
    for (let s = from; s < to; s++) {
      const at = stripOffset(s, inner);
      if (c) constants = v128.load(c + (<usize>s << 4));
      const v = foldVectors(kind, fromX + at, fromY + at, constants, rows, stride, 0);
      const total = totals + (<usize>s << 5);
      if (isSum) {
        const up = v128.shuffle<f32>(v, v, 2, 3, 0, 1);
        v128.store(total, f64x2.add(v128.load(total), f64x2.promote_low_f32x4(v)));
        v128.store(total, f64x2.add(v128.load(total, 16), f64x2.promote_low_f32x4(up)), 16);
      } else {
        v128.store(total, v, 16); // behind the total so far
        v128.store(total, foldVectors(kind, total, total, constants, 2, 16, 0));
      }
    }
    x += advance;
    y += advance;
  }
}

/** A strip's four sums, times `scale`, as floats. */
export function narrow(total: usize, scale: f64): v128 {
  const s = f64x2.splat(scale);
  const low = f32x4.demote_f64x2_zero(f64x2.mul(v128.load(total), s));
  const up = f32x4.demote_f64x2_zero(f64x2.mul(v128.load(total, 16), s));
  return v128.shuffle<f32>(low, up, 0, 1, 4, 5);
}
