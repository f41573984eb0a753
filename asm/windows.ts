// The parts of images that a convolution works on at a time, copied with their padding so that
// the tiles read no bounds; nothing outside an image is ever read.

import { copy, zeros } from "./rows";

/** Floats of a copy: with the weights it stays in L2. */
const COPY_FLOATS: i32 = 1 << 15;

/** Whole images in a block of at most `most` pixels of output; 0 when one is too large. */
export function imagesAtOnce(n: i32, floats: i32, pixels: i32, most: i32): i32 {
  return min(n, min(COPY_FLOATS / max(floats, 1), most / pixels));
}

/**
 * Rows of one image's output in a block: blocks of even size, a multiple of `unit`. `span` rows
 * of copy serve one row, each further one takes `step` more.
 */
export function rowsAtOnce(
  rows: i32,
  columns: i32,
  most: i32,
  rowFloats: i32,
  span: i32,
  step: i32,
  unit: i32,
): i32 {
  const fit = min(most / columns, (COPY_FLOATS / max(rowFloats, 1) - span) / step + 1);
  const blocks = (rows + max(fit, unit) - 1) / max(fit, unit);
  const even = (rows + blocks - 1) / blocks;
  return ((even + unit - 1) / unit) * unit;
}

/**
 * dst [count, rows, cols, cg] = the windows at (y0, x0) of `count` images src [h, w, c], their
 * first cg channels, zeros where a window reaches outside.
 */
export function copyWindows(
  dst: usize,
  count: i32,
  rows: i32,
  cols: i32,
  cg: i32,
  src: usize,
  y0: i32,
  x0: i32,
  h: i32,
  w: i32,
  c: i32,
): void {
  const left = min(max(-x0, 0), cols);
  const inside = max(min(w - x0, cols) - left, 0);
  const right = cols - left - inside;
  const pixel = <usize>c << 2;
  const row = <usize>w * pixel;
  for (; count > 0; count--) {
    for (let y = y0; y < y0 + rows; y++) {
      if (y < 0 || y >= h || inside == 0) {
        dst = zeros(dst, cols * cg);
        continue;
      }
      dst = zeros(dst, left * cg);
      let p = src + <usize>y * row + <usize>(x0 + left) * pixel;
      if (c == cg) {
        dst = copy(dst, p, inside * cg);
      } else {
        for (const end = p + <usize>inside * pixel; p < end; p += pixel) dst = copy(dst, p, cg);
      }
      dst = zeros(dst, right * cg);
    }
    src += <usize>h * row;
  }
}
