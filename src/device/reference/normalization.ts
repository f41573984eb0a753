// Softmax over rows, and normalization to mean 0 and variance 1 over a middle axis.

import type { Body, Data } from "./body";

/** max(x) of row i, and the sum over the row of exp(x - max). */
function maxAndSum(x: Data, i: number, n: number): [number, number] {
  let max = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < n; j++) max = Math.max(max, x[i * n + j]);
  let s = 0;
  for (let j = 0; j < n; j++) s += Math.exp(x[i * n + j] - max);
  return [max, s];
}

const softmax: Body = ([x], [out], [m, n]) => {
  for (let i = 0; i < m; i++) {
    const [max, s] = maxAndSum(x, i, n);
    for (let j = 0; j < n; j++) out[i * n + j] = Math.exp(x[i * n + j] - max) / s;
  }
};

const logSoftmax: Body = ([x], [out], [m, n]) => {
  for (let i = 0; i < m; i++) {
    const [max, s] = maxAndSum(x, i, n);
    for (let j = 0; j < n; j++) out[i * n + j] = x[i * n + j] - max - Math.log(s);
  }
};

const normalize: Body = ([x], [out, rstd], [outer, n, inner, eps]) => {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = o * n * inner + i;
      let mean = 0;
      for (let j = 0; j < n; j++) mean += x[at + j * inner] / n;
      let variance = 0;
      for (let j = 0; j < n; j++) variance += (x[at + j * inner] - mean) ** 2 / n;
      const r = 1 / Math.sqrt(variance + eps);
      for (let j = 0; j < n; j++) out[at + j * inner] = (x[at + j * inner] - mean) * r;
      rstd[o * inner + i] = r;
    }
  }
};

const normalizeInput: Body = ([g, y, rstd], [out], [outer, n, inner]) => {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = o * n * inner + i;
      let meanG = 0;
      let meanGY = 0;
      for (let j = 0; j < n; j++) {
        meanG += g[at + j * inner] / n;
        meanGY += (g[at + j * inner] * y[at + j * inner]) / n;
      }
      const r = rstd[o * inner + i];
      for (let j = 0; j < n; j++) {
        const p = at + j * inner;
        out[p] = r * (g[p] - meanG - y[p] * meanGY);
      }
    }
  }
};

export const normalization = { softmax, logSoftmax, normalize, normalizeInput };
