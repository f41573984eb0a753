// Depthwise convolutions, one channel a group: no product to tile, so every tap inside the image
// adds a row of channels to its output.

import { reached } from "./epilogue";
import { ConvForm } from "./forms";
import { add, addProducts, zeros } from "./rows";
import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";

/**
 * conv2d, or `back` from g conv2dInput: out[i, y, x, c] = sum over ky, kx of
 * src[i, sy, sx, c] * w[ky, kx, c] with sy = (y * mulH + offH + ky * stepH) / divH where that is
 * whole and inside; sx alike.
 */
export function depthwiseSums(
  src: usize,
  w: usize,
  out: usize,
  form: ConvForm,
  back: bool,
): void {
  const n = form.n, c = form.c, kh = form.kh, kw = form.kw;
  const srcH = back ? form.oh : form.h, srcW = back ? form.ow : form.w;
  const outH = back ? form.h : form.oh, outW = back ? form.w : form.ow;
  const mulH = back ? 1 : form.sh, mulW = back ? 1 : form.sw;
  const offH = back ? form.ph : -form.ph, offW = back ? form.pw : -form.pw;
  const stepH = back ? -form.dh : form.dh, stepW = back ? -form.dw : form.dw;
  const divH = back ? form.sh : 1, divW = back ? form.sw : 1;
  const srcBatch = form.firstStep, wBatch = form.secondStep;
  const rows = form.batch * n * outH;
  const last = endUnit(rows);
  for (let row = firstUnit(rows); row < last; row++) {
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
export function depthwiseKernel(x: usize, g: usize, out: usize, form: ConvForm): void {
  const n = form.n, h = form.h, w = form.w, c = form.c, kh = form.kh, kw = form.kw;
  const oh = form.oh, ow = form.ow, sh = form.sh, sw = form.sw;
  const taps = form.batch * kh * kw;
  const last = endUnit(taps);
  const sum = scratch(c << 2);
  for (let tap = firstUnit(taps); tap < last; tap++) {
    const i = tap / (kh * kw);
    const y0 = ((tap / kw) % kh) * form.dh - form.ph;
    const x0 = (tap % kw) * form.dw - form.pw;
    const to = out + ((tap * c) << 2);
    zeros(to, c);
    for (let row = 0; row < n * oh; row++) {
      const image = row / oh;
      const y = (row - image * oh) * sh + y0;
      if (y < 0 || y >= h) continue;
      const p = x + ((i * form.firstStep + (image * h + y) * w * c) << 2);
      const q = g + ((i * form.secondStep + row * ow * c) << 2);
      zeros(sum, c);
      for (let ox = 0; ox < ow; ox++) {
        const sx = ox * sw + x0;
        if (sx >= 0 && sx < w) addProducts(sum, p + ((sx * c) << 2), q + ((ox * c) << 2), c);
      }
      add(to, 4, sum, c);
    }
  }
}
