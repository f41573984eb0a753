// Pooling windows over images x [n, h, w, c]. Padding is never read and never chosen.

import type { Body } from "./body";

/** `each(g, image, places)` for every window and channel: its place in [n, oh, ow, c], the place
 * of pixel 0 of its image and channel, and its pixels inside the image as row * w + column. */
function windows(
  [n, h, w, c, kh, kw, oh, ow, sh, sw, ph, pw]: readonly number[],
  each: (g: number, image: number, pixels: readonly number[]) => void,
) {
  for (let i = 0; i < n; i++) {
    for (let oy = 0; oy < oh; oy++) {
      for (let ox = 0; ox < ow; ox++) {
        const pixels: number[] = [];
        for (let ky = 0; ky < kh; ky++) {
          for (let kx = 0; kx < kw; kx++) {
            const y = oy * sh + ky - ph;
            const x = ox * sw + kx - pw;
            if (y >= 0 && y < h && x >= 0 && x < w) pixels.push(y * w + x);
          }
        }
        for (let q = 0; q < c; q++) {
          each(((i * oh + oy) * ow + ox) * c + q, i * h * w * c + q, pixels);
        }
      }
    }
  }
}

const maxPoolIndex: Body = ([x], [idx], params) => {
  const c = params[3];
  windows(params, (g, image, pixels) => {
    let best = pixels[0] ?? 0;
    for (const pixel of pixels) {
      const v = x[image + pixel * c];
      const held = x[image + best * c];
      if (!Number.isNaN(held) && (Number.isNaN(v) || v > held)) best = pixel;
    }
    idx[g] = best;
  });
};

const poolGather: Body = ([x, idx], [out], params) => {
  const c = params[3];
  windows(params, (g, image) => {
    out[g] = x[image + idx[g] * c];
  });
};

const poolScatter: Body = ([g, idx], [out], params) => {
  const c = params[3];
  out.fill(0);
  windows(params, (i, image) => {
    out[image + idx[i] * c] += g[i];
  });
};

const sumPool: Body = ([x], [out], params) => {
  const c = params[3];
  windows(params, (g, image, pixels) => {
    let s = 0;
    for (const pixel of pixels) s += x[image + pixel * c];
    out[g] = s;
  });
};

const sumPoolInput: Body = ([g], [out], params) => {
  const c = params[3];
  out.fill(0);
  windows(params, (i, image, pixels) => {
    for (const pixel of pixels) out[image + pixel * c] += g[i];
  });
};

export const pooling = { maxPoolIndex, poolGather, poolScatter, sumPool, sumPoolInput };
