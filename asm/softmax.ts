// softmax and logSoftmax over the rows of x [m, n]. Where a result depends on x alone, the last
// vector of a row overlaps the one before, and writes the same bits again. Threads share the rows.

import {
  FOLD_AREA, Fold, foldRow, loadStrip, storeStrip, stripOffset, strips, sumRow,
} from "./fold";
import { exp, log } from "./math";
import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";

/** exp(x - max) / sum: NaN, as the formula gives, for a row with NaN or an infinite maximum. */
export function softmax(x: usize, out: usize, m: i32, n: i32): void {
  const zero = i32x4.splat(0);
  const area = scratch(FOLD_AREA);
  const start = firstUnit(m);
  x += <usize>(start * n) << 2;
  out += <usize>(start * n) << 2;
  for (let left = endUnit(m) - start; left; left--) {
    const top = foldRow(Fold.max, x, x, zero, n, area);
    for (let s: u32 = 0; s < strips(n); s++) {
      const at = stripOffset(s, n);
      storeStrip(out + at, exp(f32x4.sub(loadStrip(x + at, n), top)), n);
    }
    const total = f32x4.splat(<f32>sumRow(Fold.sum, out, out, zero, n, area));
    for (let s: u32 = 0; s < strips(n); s++) {
      const at = <usize>s << 4; // no overlap: nothing is to be divided twice
      const width = <u32>n - (s << 2);
      storeStrip(out + at, f32x4.div(loadStrip(out + at, width), total), width);
    }
    x += <usize>n << 2;
    out += <usize>n << 2;
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
