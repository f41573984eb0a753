// Pooling windows of size kh x kw over images x [n, h, w, c], four channels at a time. Padding is
// never read; the adjoints add in ascending order of windows. Threads share the images.

import { loadStrip, storeStrip, stripOffset, strips } from "./fold";
import { PoolForm } from "./forms";
import { endUnit, firstUnit } from "./share";
import { select } from "./simd";

// A window reaches over the rows max(top, 0) .. min(top + kh, h) of the image, top = oy sh - ph,
// and over columns alike.

// @ts-ignore: decorator
@inline
function first(start: i32): i32 {
  return max(start, 0);
}

// @ts-ignore: decorator
@inline
function last(start: i32, extent: i32, end: i32): i32 {
  return min(start + extent, end);
}

/** idx = row * w + column of the first maximum, a NaN being one. */
export function maxPoolIndex(x: usize, out: usize, form: PoolForm): void {
  const n = form.n, h = form.h, w = form.w, c = form.c, oh = form.oh, ow = form.ow;
  const kh = form.kh, kw = form.kw, sh = form.sh, sw = form.sw, ph = form.ph, pw = form.pw;
  const pixel = <usize>c << 2;
  const start = firstUnit(n);
  x += pixel * h * w * start;
  out += pixel * oh * ow * start;
  for (let left = endUnit(n) - start; left; left--) {
    for (let oy = 0; oy < oh; oy++) {
      const top = oy * sh - ph;
      for (let ox = 0; ox < ow; ox++) {
        const left = ox * sw - pw;
        const origin = first(top) * w + first(left);
        for (let s: u32 = 0; s < strips(c); s++) {
          const offset = stripOffset(s, c);
          let best = f32x4.splat(-Infinity);
          let index = i32x4.splat(origin);
          for (let row = first(top); row < last(top, kh, h); row++) {
            for (let column = first(left); column < last(left, kw, w); column++) {
              const at = row * w + column;
              const v = loadStrip(x + <usize>at * pixel + offset, c);
              const nan = v128.andnot(f32x4.ne(v, v), f32x4.ne(best, best));
              const better = v128.or(f32x4.gt(v, best), nan);
              best = select(better, v, best);
              index = select(better, i32x4.splat(at), index);
            }
          }
          storeStrip(out + offset, index, c);
        }
        out += pixel;
      }
    }
    x += pixel * h * w;
  }
}

/** out = x at idx. */
export function poolGather(x: usize, idx: usize, out: usize, form: PoolForm): void {
  const n = form.n, h = form.h, w = form.w, c = form.c, oh = form.oh, ow = form.ow;
  const pixel = <usize>c << 2;
  const start = firstUnit(n);
  x += pixel * h * w * start;
  idx += pixel * oh * ow * start;
  out += pixel * oh * ow * start;
  for (let left = endUnit(n) - start; left; left--) {
    for (let window = oh * ow; window; window--) {
      for (let q: usize = 0; q < pixel; q += 4) {
        store<i32>(out + q, load<i32>(x + <usize>load<u32>(idx + q) * pixel + q));
      }
      idx += pixel;
      out += pixel;
    }
    x += pixel * h * w;
  }
}

/** out = sums of g where idx points. */
export function poolScatter(g: usize, idx: usize, out: usize, form: PoolForm): void {
  const n = form.n, h = form.h, w = form.w, c = form.c, oh = form.oh, ow = form.ow;
  const pixel = <usize>c << 2;
  const image = pixel * h * w;
  const start = firstUnit(n);
  g += pixel * oh * ow * start;
  idx += pixel * oh * ow * start;
  out += pixel * h * w * start;
  for (let left = endUnit(n) - start; left; left--) {
    memory.fill(out, 0, image);
    for (let window = oh * ow; window; window--) {
      for (let q: usize = 0; q < pixel; q += 4) {
        const to = out + <usize>load<u32>(idx + q) * pixel + q;
        store<f32>(to, load<f32>(to) + load<f32>(g + q));
      }
      idx += pixel;
      g += pixel;
    }
    out += image;
  }
}

/** out = the sum of each window. */
export function sumPool(x: usize, out: usize, form: PoolForm): void {
  const n = form.n, h = form.h, w = form.w, c = form.c, oh = form.oh, ow = form.ow;
  const kh = form.kh, kw = form.kw, sh = form.sh, sw = form.sw, ph = form.ph, pw = form.pw;
  const pixel = <usize>c << 2;
  const start = firstUnit(n);
  x += pixel * h * w * start;
  out += pixel * oh * ow * start;
  for (let left = endUnit(n) - start; left; left--) {
    for (let oy = 0; oy < oh; oy++) {
      const top = oy * sh - ph;
      for (let ox = 0; ox < ow; ox++) {
        const left = ox * sw - pw;
        for (let s: u32 = 0; s < strips(c); s++) {
          const offset = stripOffset(s, c);
          let total = i32x4.splat(0);
          for (let row = first(top); row < last(top, kh, h); row++) {
            for (let column = first(left); column < last(left, kw, w); column++) {
              const at = <usize>(row * w + column) * pixel + offset;
              total = f32x4.add(total, loadStrip(x + at, c));
            }
          }
          storeStrip(out + offset, total, c);
        }
        out += pixel;
      }
    }
    x += pixel * h * w;
  }
}

/** The windows that cover a pixel are those from ceil((at + pad - extent + 1) / step). */
// @ts-ignore: decorator
@inline
function firstWindow(at: i32, pad: i32, extent: i32, step: i32): i32 {
  const low = at + pad - extent + step;
  return low > 0 ? low / step : 0;
}

/** out = sums of g over the windows that cover each pixel. */
export function sumPoolInput(g: usize, out: usize, form: PoolForm): void {
  const n = form.n, h = form.h, w = form.w, c = form.c, oh = form.oh, ow = form.ow;
  const kh = form.kh, kw = form.kw, sh = form.sh, sw = form.sw, ph = form.ph, pw = form.pw;
  const pixel = <usize>c << 2;
  const start = firstUnit(n);
  g += pixel * oh * ow * start;
  out += pixel * h * w * start;
  for (let left = endUnit(n) - start; left; left--) {
    for (let row = 0; row < h; row++) {
      const top = firstWindow(row, ph, kh, sh);
      const bottom = min((row + ph) / sh + 1, oh);
      for (let column = 0; column < w; column++) {
        const left = firstWindow(column, pw, kw, sw);
        const right = min((column + pw) / sw + 1, ow);
        for (let s: u32 = 0; s < strips(c); s++) {
          const offset = stripOffset(s, c);
          let total = i32x4.splat(0);
          for (let oy = top; oy < bottom; oy++) {
            for (let ox = left; ox < right; ox++) {
              const at = <usize>(oy * ow + ox) * pixel + offset;
              total = f32x4.add(total, loadStrip(g + at, c));
            }
          }
          storeStrip(out + offset, total, c);
        }
        out += pixel;
      }
    }
    g += pixel * oh * ow;
  }
}
