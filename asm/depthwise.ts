// Depthwise convolutions, one channel a group: no product to tile, so lanes are channels, 16 or
// up to 4 at a time, and taps that reach outside the image are passed over.

import { fma, loadPart, storePart } from "./simd";
import { part } from "./share";

/** Channels taken at a time from c0 on. */
// @ts-ignore: decorator
@inline
function channels(c: i32, c0: i32): i32 {
  return c - c0 >= 16 ? 16 : min(4, c - c0);
}

// @ts-ignore: decorator
@inline
function put(to: usize, s0: v128, s1: v128, s2: v128, s3: v128, count: i32): void {
  storePart(to, s0, count);
  if (count == 16) {
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
}

/**
 * out[i, y, x, c] = sum over ky, kx of src[i, sy, sx, c] * w[ky, kx, c] with
 * sy = (y * mulH + offH + ky * stepH) / divH where that is whole and inside; sx alike.
 */
export function depthwiseSums(
  src: usize,
  w: usize,
  out: usize,
  batch: i32,
  n: i32,
  c: i32,
  srcH: i32,
  srcW: i32,
  kh: i32,
  kw: i32,
  outH: i32,
  outW: i32,
  mulH: i32,
  mulW: i32,
  offH: i32,
  offW: i32,
  stepH: i32,
  stepW: i32,
  divH: i32,
  divW: i32,
  srcBatch: i32,
  wBatch: i32,
  share: i32,
  shares: i32,
): void {
  const rows = batch * n * outH;
  const last = part(rows, share + 1, shares);
  for (let row = part(rows, share, shares); row < last; row++) {
    const image = row / outH;
    const i = image / n;
    const y = (row - image * outH) * mulH + offH;
    const from = src + ((i * srcBatch + (image - i * n) * srcH * srcW * c) << 2);
    let to = out + ((row * outW * c) << 2);
    for (let x = offW; x < offW + outW * mulW; x += mulW) {
      let count = 0;
      for (let c0 = 0; c0 < c; c0 += count) {
        count = channels(c, c0);
        let s0 = f32x4.splat(0);
        let s1 = s0;
        let s2 = s0;
        let s3 = s0;
        let q = w + ((i * wBatch + c0) << 2);
        for (let ky = 0; ky < kh; ky++) {
          const ty = y + ky * stepH;
          const sy = ty / divH;
          if (ty < 0 || sy >= srcH || sy * divH != ty) {
            q += (kw * c) << 2;
            continue;
          }
          for (let kx = 0; kx < kw; kx++, q += c << 2) {
            const tx = x + kx * stepW;
            const sx = divW == 1 ? tx : tx / divW;
            if (tx < 0 || sx >= srcW || sx * divW != tx) continue;
            const p = from + (((sy * srcW + sx) * c + c0) << 2);
            if (count == 16) {
              s0 = fma(v128.load(p), v128.load(q), s0);
              s1 = fma(v128.load(p, 16), v128.load(q, 16), s1);
              s2 = fma(v128.load(p, 32), v128.load(q, 32), s2);
              s3 = fma(v128.load(p, 48), v128.load(q, 48), s3);
            } else {
              s0 = fma(loadPart(p, count), loadPart(q, count), s0);
            }
          }
        }
        put(to, s0, s1, s2, s3, count);
        to += count << 2;
      }
    }
  }
}

/** out[i, ky, kx, c] = sum over images and pixels of x * g; rows of pixels are added in order. */
export function depthwiseKernel(
  x: usize,
  g: usize,
  out: usize,
  batch: i32,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  kh: i32,
  kw: i32,
  oh: i32,
  ow: i32,
  sh: i32,
  sw: i32,
  ph: i32,
  pw: i32,
  dh: i32,
  dw: i32,
  xs: i32,
  gs: i32,
  share: i32,
  shares: i32,
): void {
  const taps = batch * kh * kw;
  const last = part(taps, share + 1, shares);
  const step = (sw * c) << 2;
  for (let tap = part(taps, share, shares); tap < last; tap++) {
    const i = tap / (kh * kw);
    const y0 = ((tap / kw) % kh) * dh - ph;
    const x0 = (tap % kw) * dw - pw;
    const firstX = max(0, (sw - 1 - x0) / sw);
    const lastX = w > x0 ? min(ow, (w - 1 - x0) / sw + 1) : 0;
    let to = out + ((tap * c) << 2);
    let count = 0;
    for (let c0 = 0; c0 < c; c0 += count) {
      count = channels(c, c0);
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      for (let row = 0; row < n * oh; row++) {
        const image = row / oh;
        const y = (row - image * oh) * sh + y0;
        if (y < 0 || y >= h) continue;
        let p = x + ((i * xs + ((image * h + y) * w + firstX * sw + x0) * c + c0) << 2);
        let q = g + ((i * gs + (row * ow + firstX) * c + c0) << 2);
        let t0 = f32x4.splat(0);
        let t1 = t0;
        let t2 = t0;
        let t3 = t0;
        for (let ox = firstX; ox < lastX; ox++, p += step, q += c << 2) {
          if (count == 16) {
            t0 = fma(v128.load(p), v128.load(q), t0);
            t1 = fma(v128.load(p, 16), v128.load(q, 16), t1);
            t2 = fma(v128.load(p, 32), v128.load(q, 32), t2);
            t3 = fma(v128.load(p, 48), v128.load(q, 48), t3);
          } else {
            t0 = fma(loadPart(p, count), loadPart(q, count), t0);
          }
        }
        s0 = f32x4.add(s0, t0);
        s1 = f32x4.add(s1, t1);
        s2 = f32x4.add(s2, t2);
        s3 = f32x4.add(s3, t3);
      }
      put(to, s0, s1, s2, s3, count);
      to += count << 2;
    }
  }
}
