// Reductions over the middle axis of x [outer, n, inner], and running sums along it.

import type { Body } from "./body";

/** `each(o, i, at)` for every row to reduce, where x[at + j * inner] is x[o, j, i]. */
function rows(outer: number, n: number, inner: number, each: (row: number, at: number) => void) {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) each(o * inner + i, o * n * inner + i);
  }
}

function fold(neutral: number, step: (sofar: number, v: number) => number): Body {
  return ([x], [out], [outer, n, inner]) => {
    rows(outer, n, inner, (row, at) => {
      let sofar = neutral;
      for (let j = 0; j < n; j++) sofar = step(sofar, x[at + j * inner]);
      out[row] = sofar;
    });
  };
}

/** The first j whose value `beats` all before it, or the first NaN; 0 when there is none. */
function find(beats: (v: number, best: number) => boolean): Body {
  return ([x], [out], [outer, n, inner]) => {
    rows(outer, n, inner, (row, at) => {
      let best = 0;
      for (let j = 1; j < n; j++) {
        const v = x[at + j * inner];
        const held = x[at + best * inner];
        if (!Number.isNaN(held) && (Number.isNaN(v) || beats(v, held))) best = j;
      }
      out[row] = best;
    });
  };
}

const logSumExp: Body = ([x], [out], [outer, n, inner]) => {
  rows(outer, n, inner, (row, at) => {
    let max = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < n; j++) max = Math.max(max, x[at + j * inner]);
    let s = 0;
    for (let j = 0; j < n; j++) s += Math.exp(x[at + j * inner] - max);
    // All -inf, or some inf or NaN: the maximum is the answer, where max + log(s) is NaN.
    out[row] = Number.isFinite(max) ? max + Math.log(s) : max;
  });
};

const cumsum: Body = ([x], [out], [outer, n, inner, reverse]) => {
  rows(outer, n, inner, (_, at) => {
    let s = 0;
    for (let step = 0; step < n; step++) {
      const j = reverse ? n - 1 - step : step;
      s += x[at + j * inner];
      out[at + j * inner] = s;
    }
  });
};

export const reductions = {
  sum: fold(0, (s, v) => s + v),
  prod: fold(1, (s, v) => s * v),
  max: fold(Number.NEGATIVE_INFINITY, Math.max),
  min: fold(Number.POSITIVE_INFINITY, Math.min),
  argmax: find((v, best) => v > best),
  argmin: find((v, best) => v < best),
  logSumExp,
  intSum: fold(0, (s, v) => (s + v) | 0),
  intProd: fold(1, Math.imul),
  intMax: fold(-(2 ** 31), Math.max),
  intMin: fold(2 ** 31 - 1, Math.min),
  cumsum,
};
