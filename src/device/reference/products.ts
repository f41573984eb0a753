// Matrix products, and the three derivatives of one trilinear form that are the convolutions.

import type { Body } from "./body";

const matmul: Body = ([a, b], [out], [batch, m, k, n, ta, tb, as, bs]) => {
  for (let p = 0; p < batch; p++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let s = 0;
        for (let q = 0; q < k; q++) {
          const av = a[p * as + (ta ? q * m + i : i * k + q)];
          const bv = b[p * bs + (tb ? j * k + q : q * n + j)];
          s += av * bv;
        }
        out[(p * m + i) * n + j] = s;
      }
    }
  }
};

/** Calls `term` with the places of x, w and g in every term x[...] * w[...] * g[...] of the form,
 * given what lies between one of the `batch` convolutions and the next. */
function trilinear(
  params: readonly number[],
  [xs, ws, gs]: readonly [number, number, number],
  term: (x: number, w: number, g: number) => void,
) {
  const [batch, n, h, w, c, kh, kw, oc, oh, ow, sh, sw, ph, pw, dh, dw, groups] = params;
  const cg = c / groups;
  const og = oc / groups;
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < n; i++) {
      for (let oy = 0; oy < oh; oy++) {
        for (let ox = 0; ox < ow; ox++) {
          for (let ky = 0; ky < kh; ky++) {
            const y = oy * sh + ky * dh - ph;
            if (y < 0 || y >= h) continue;
            for (let kx = 0; kx < kw; kx++) {
              const x = ox * sw + kx * dw - pw;
              if (x < 0 || x >= w) continue;
              for (let o = 0; o < oc; o++) {
                const group = Math.floor(o / og);
                for (let q = 0; q < cg; q++) {
                  term(
                    b * xs + ((i * h + y) * w + x) * c + group * cg + q,
                    b * ws + ((ky * kw + kx) * cg + q) * oc + o,
                    b * gs + ((i * oh + oy) * ow + ox) * oc + o,
                  );
                }
              }
            }
          }
        }
      }
    }
  }
}

/** Elements of one whole x, w and g: the distance between a result's parts in a batch. */
function sizes([, n, h, w, c, kh, kw, oc, oh, ow, , , , , , , groups]: readonly number[]) {
  return { x: n * h * w * c, w: kh * kw * (c / groups) * oc, g: n * oh * ow * oc };
}

const conv2d: Body = ([x, w], [out], params) => {
  const [xs, ws] = params.slice(17);
  out.fill(0);
  trilinear(params, [xs, ws, sizes(params).g], (i, j, o) => {
    out[o] += x[i] * w[j];
  });
};

const conv2dInput: Body = ([g, w], [out], params) => {
  const [gs, ws] = params.slice(17);
  out.fill(0);
  trilinear(params, [sizes(params).x, ws, gs], (o, j, i) => {
    out[o] += g[i] * w[j];
  });
};

const conv2dKernel: Body = ([x, g], [out], params) => {
  const [xs, gs] = params.slice(17);
  out.fill(0);
  trilinear(params, [xs, sizes(params).w, gs], (i, o, j) => {
    out[o] += x[i] * g[j];
  });
};

export const products = { matmul, conv2d, conv2dInput, conv2dKernel };
