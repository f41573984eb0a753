// softmax and logSoftmax over the rows of x [m, n]. Where a result depends on x alone, the last
// vector of a row overlaps the one before, and writes the same bits again. Threads share the rows.

import {
  FOLD_AREA, Fold, foldRow, loadStrip, storeStrip, stripOffset, strips, sumRow,
} from "./fold";
import { exp, log } from "./math";
import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";
import { loadPart, storePart, sumLanes } from "./simd";

/** Bytes of a row whose exponentials are summed in float32: 32 in each lane. */
const BLOCK: usize = 512;

/** exp(x - max) / sum: NaN, as the formula gives, for a row with NaN or an infinite maximum. */
export function softmax(x: usize, out: usize, m: i32, n: i32): void {
  const zero = i32x4.splat(0);
  const area = scratch(FOLD_AREA);
  const start = firstUnit(m);
  const row = <usize>n << 2;
  const whole = row & ~15;
  const rest = n & 3;
  x += start * row;
  out += start * row;
  for (let left = endUnit(m) - start; left; left--) {
    const top = foldRow(Fold.max, x, x, zero, n, area);
    let total: f64 = 0;
    for (let at: usize = 0; at < whole; ) {
      let sums = zero;
      for (const end = min(whole, at + BLOCK); at < end; at += 16) {
        const e = exp(f32x4.sub(v128.load(x + at), top));
        v128.store(out + at, e);
        sums = f32x4.add(sums, e);
      }
      total += sumLanes(sums);
    }
    if (rest) {
      storePart(out + whole, exp(f32x4.sub(loadPart(x + whole, rest), top)), rest);
      total += sumLanes(loadPart(out + whole, rest));
    }
    const scale = f32x4.splat(<f32>(1 / total)); // the total is 1 at least, or NaN
    for (let at: usize = 0; at < whole; at += 16) {
      v128.store(out + at, f32x4.mul(v128.load(out + at), scale));
    }
    if (rest) storePart(out + whole, f32x4.mul(loadPart(out + whole, rest), scale), rest);
    x += row;
    out += row;
  }
}

/** x - max - log(sum). */
export function logSoftmax(x: usize, out: usize, m: i32, n: i32): void {
  const zero = i32x4.splat(0);
  const area = scratch(FOLD_AREA);
  const start = firstUnit(m);
  x += <usize>(start * n) << 2;
  out += <usize>(start * n) << 2;
  for (let left = endUnit(m) - start; left; left--) {
    const top = foldRow(Fold.max, x, x, zero, n, area);
    const rest = log(f32x4.splat(<f32>sumRow(Fold.exps, x, x, top, n, area)));
    for (let s: u32 = 0; s < strips(n); s++) {
      const at = stripOffset(s, n);
      storeStrip(out + at, f32x4.sub(f32x4.sub(loadStrip(x + at, n), top), rest), n);
    }
    x += <usize>n << 2;
    out += <usize>n << 2;
  }
}
