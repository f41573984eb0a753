// Cases of softmax and normalization: rows far from 0, masked by -inf, nearly constant, and the
// error that one rounding in each step allows.

import {
  blockedAdds,
  type Case,
  EDGES,
  floatOut,
  MANY,
  put,
  type Rule,
  uniforms,
  type Values,
} from "./case";

/** The largest of n values from `at`, `step` apart; `of` is applied to each first. */
function largest(x: ArrayLike<number>, at: number, n: number, step: number, of = (v: number) => v) {
  let max = -Infinity;
  for (let j = 0; j < n; j++) max = Math.max(max, of(x[at + j * step]));
  return max;
}

/** exp(x - max) / s: the difference is rounded, exp is right to 8 roundings, s is a sum. */
function softmaxRule(n: number): Rule {
  return {
    kind: "bound",
    roundings: (i, [x], [truth]) => {
      const distance = largest(x, i - (i % n), n, 1) - x[i];
      return truth[i] === 0 ? 0 : truth[i] * (distance + blockedAdds(n) + 18);
    },
  };
}

/** x - max - log(s): s as above, and log(s) <= log(n) is right to 8 roundings. */
function logSoftmaxRule(n: number): Rule {
  return {
    kind: "bound",
    roundings: (i, _, [truth]) =>
      blockedAdds(n) + 18 + 8 * Math.log(Math.max(n, 1)) + 3 * Math.abs(truth[i]),
  };
}

const SIZES: [number, number][] = [
  ...EDGES.map((n): [number, number] => [3, n]),
  ...EDGES.map((m): [number, number] => [m, 10]),
  [100, 5],
  [MANY, 2],
  [2, 1000],
  [1, 4099],
];

function rows(m: number, n: number, name: string, make: () => Float32Array): Case[] {
  return [
    {
      kernel: "softmax",
      name: `[${m}, ${n}]${name}`,
      params: [m, n],
      inputs: () => [make()],
      outputs: [floatOut(m * n, softmaxRule(n))],
    },
    {
      kernel: "logSoftmax",
      name: `[${m}, ${n}]${name}`,
      params: [m, n],
      inputs: () => [make()],
      outputs: [floatOut(m * n, logSoftmaxRule(n))],
    },
  ];
}

const softmaxes: Case[] = [
  ...SIZES.flatMap(([m, n]) => rows(m, n, "", () => uniforms(m * n, 81, -10, 10))),
  ...rows(3, 17, " near 1000", () => uniforms(51, 82, 960, 1040)),
  ...rows(3, 17, " near -1e30", () => uniforms(51, 83, -1.1e30, -0.9e30)),
  ...rows(3, 17, " with -inf", () => put(uniforms(51, 84), -Infinity, 0, 4, 5, 33, 50)),
  ...rows(3, 17, " with inf", () => put(uniforms(51, 85), Infinity, 4, 40, 41)),
  ...rows(3, 17, " with NaN", () => put(uniforms(51, 86), NaN, 16, 17)),
  ...rows(2, 9, " all -inf", () => new Float32Array(18).fill(-Infinity)),
  ...rows(2, 9, " all equal", () => new Float32Array(18).fill(3)),
];

type Shape = readonly [outer: number, n: number, inner: number];

const SHAPES: Shape[] = [
  ...EDGES.filter((n) => n > 0).flatMap((n): Shape[] => [
    [3, n, 1],
    [1, n, 5],
    [2, n, 4],
  ]),
  ...EDGES.flatMap((inner): Shape[] => [
    [1, 13, inner],
    [2, 6, inner],
  ]),
  [0, 4, 3],
  [1, 3000, 1],
  [1, 1000, 33],
  [2, 500, 8],
  [50, 10, 1],
  [MANY, 2, 1],
];

/** Where the reduced row of element i of [outer, n, inner] starts, and its result's place. */
function rowOf(i: number, [, n, inner]: Shape): [start: number, row: number] {
  const o = Math.floor(i / (n * inner));
  return [o * n * inner + (i % inner), o * inner + (i % inner)];
}

/**
 * The mean of n is wrong by `c` roundings of the largest |x|, which moves y by that times rstd and
 * the variance only by its square: a variance made as mean(x^2) - mean(x)^2 would be wrong by c
 * roundings of x^2 and fails on rows far from 0.
 */
function normalizeCase(shape: Shape, eps: number, name: string, make: () => Values): Case {
  const [outer, n, inner] = shape;
  const c = blockedAdds(n) + 4;
  const shift = (row: number, start: number, x: Values, rstd: ArrayLike<number>) =>
    c * largest(x, start, n, inner, Math.abs) * rstd[row];
  const y: Rule = {
    kind: "bound",
    roundings: (i, [x], [truth, rstd]) => {
      const [start, row] = rowOf(i, shape);
      const moved = shift(row, start, x, rstd);
      return moved + Math.abs(truth[i]) * (c + 8 + (moved * moved) / 2 ** 24);
    },
  };
  const r: Rule = {
    kind: "bound",
    roundings: (row, [x], [, rstd]) => {
      const start = Math.floor(row / inner) * n * inner + (row % inner);
      const moved = shift(row, start, x, rstd);
      return rstd[row] * (c + 8 + (moved * moved) / 2 ** 24);
    },
  };
  return {
    kernel: "normalize",
    name: `[${shape}]${name}`,
    params: [...shape, eps],
    inputs: () => [make()],
    outputs: [floatOut(outer * n * inner, y), floatOut(outer * inner, r)],
  };
}

function normalizeInputCase(shape: Shape): Case {
  const [outer, n, inner] = shape;
  const size = outer * n * inner;
  const adds = blockedAdds(n) + 8;
  const rule: Rule = {
    kind: "bound",
    roundings: (i, [g, y, rstd]) => {
      const [start, row] = rowOf(i, shape);
      const most = largest(g, start, n, inner, Math.abs);
      const inMean = largest(y, start, n, inner, Math.abs) * Math.abs(y[i]);
      return adds * rstd[row] * (Math.abs(g[i]) + most + most * inMean);
    },
  };
  return {
    kernel: "normalizeInput",
    name: `[${shape}]`,
    params: shape,
    inputs: () => [
      uniforms(size, 87),
      uniforms(size, 88, -2, 2),
      uniforms(outer * inner, 89, 0, 3),
    ],
    outputs: [floatOut(size, rule)],
  };
}

const count = ([outer, n, inner]: Shape) => outer * n * inner;

const normalizations: Case[] = [
  ...SHAPES.map((s) => normalizeCase(s, 1e-5, "", () => uniforms(count(s), 90, -1, 3))),
  ...SHAPES.map(normalizeInputCase),
  normalizeCase([3, 64, 1], 1e-5, " far from 0", () => uniforms(192, 91, 999, 1001)),
  normalizeCase([1, 500, 5], 1e-5, " far from 0", () => uniforms(2500, 92, 4999, 5001)),
  normalizeCase([2, 32, 3], 1e-5, " constant", () => new Float32Array(192).fill(0.5)),
  normalizeCase([2, 32, 1], 1e-12, " tiny", () => uniforms(64, 93, -1e-4, 1e-4)),
  normalizeCase([2, 9, 1], 0.1, " large eps", () => uniforms(18, 94)),
  normalizeCase([2, 9, 2], 1e-5, " NaN in one row", () => put(uniforms(36, 95), NaN, 5)),
];

export const normalizationCases: Case[] = [...softmaxes, ...normalizations];
