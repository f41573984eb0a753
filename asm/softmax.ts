// softmax and logSoftmax over the rows of x [m, n]. The last vector of a row overlaps the one
// before: results are written twice, with the same bits.

import {
  FOLD_AREA, Fold, foldRow, loadStrip, storeStrip, stripOffset, strips, sumRow,
} from "./fold";
import { exp, log } from "./math";
import { scratch } from "./scratch";

/** exp(x - max) / sum. A row with an infinite maximum, or with NaN, gives NaN as the formula does. */
export function softmax(x: usize, out: usize, m: i32, n: i32): void {
  const zero = i32x4.splat(0);
  const area = scratch(FOLD_AREA);
  for (; m; m--) {
    const top = foldRow(Fold.max, x, x, zero, n, area);
    for (let s: u32 = 0; s < strips(n); s++) {
      const at = stripOffset(s, n);
      storeStrip(out + at, exp(f32x4.sub(loadStrip(x + at, n), top)), n);
    }
    const total = f32x4.splat(<f32>sumRow(Fold.sum, out, out, zero, n, area));
    for (let s: u32 = 0; s < strips(n); s++) {
      // The last, overlapping vector must not divide twice: it moves up instead.
      const at = <usize>s << 4;
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
  for (; m; m--) {
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
