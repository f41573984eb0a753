// Depthwise convolutions, one channel a group: no product to tile, so every tap inside the image
// adds a row of channels to its output.

import { reached } from "./epilogue";
import { add, addProducts, zeros } from "./rows";
import { scratch } from "./scratch";
import { part } from "./share";

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
      const end = zeros(to, c);
      for (let ky = 0; ky < kh; ky++) {
        const ty = y + ky * stepH;
        const sy = ty / divH;
        if (ty < 0 || sy >= srcH || sy * divH != ty) continue;
        for (let kx = 0; kx < kw; kx++) {
          const tx = x + kx * stepW;
          const sx = divW == 1 ? tx : tx / divW;
          if (tx < 0 || sx >= srcW || sx * divW != tx) continue;
          const p = from + (((sy * srcW + sx) * c) << 2);
          addProducts(to, p, w + ((i * wBatch + (ky * kw + kx) * c) << 2), c);
        }
      }
      to = end;
    }
    reached(to - ((outW * c) << 2), to);
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
  const sum = scratch(c << 2);
  for (let tap = part(taps, share, shares); tap < last; tap++) {
    const i = tap / (kh * kw);
    const y0 = ((tap / kw) % kh) * dh - ph;
    const x0 = (tap % kw) * dw - pw;
    const to = out + ((tap * c) << 2);
    zeros(to, c);
    for (let row = 0; row < n * oh; row++) {
      const image = row / oh;
      const y = (row - image * oh) * sh + y0;
      if (y < 0 || y >= h) continue;
      const p = x + ((i * xs + (image * h + y) * w * c) << 2);
      const q = g + ((i * gs + row * ow * c) << 2);
      zeros(sum, c);
      for (let ox = 0; ox < ow; ox++) {
        const sx = ox * sw + x0;
        if (sx >= 0 && sx < w) addProducts(sum, p + ((sx * c) << 2), q + ((ox * c) << 2), c);
      }
      add(to, 4, sum, c);
    }
  }
}
