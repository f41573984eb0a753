// Rows of random draws: by key, with the same bits on every device, and with gradients that reach
// the parameters of a distribution.

import { threefry } from "../../src/core/random";
import {
  add,
  bernoulli,
  cast,
  categorical,
  dropout,
  key,
  mul,
  normal,
  permutation,
  split,
  sub,
  truncatedNormal,
  uniform,
} from "../../src/ops/index";
import type { Tensor } from "../../src/tensor/tensor";
import { order } from "./orders";
import { given, type Row, row } from "./row";
import { at, build, erf, erfInv, type Values } from "./truth";

const seed = given([7, 0], [2], "int32");
const other = given([-5, 12], [2], "int32");

/** Word i of a key's stream, as an int32. */
const word = (k: Values, i: number) => threefry(k.data[0], k.data[1], i >> 1, 0)[i % 2] | 0;
/** Draw i of a key, in [0, 1). */
const unit = (k: Values, i: number) => (word(k, i) >>> 8) / 2 ** 24;

const STEP = 2 ** -24;
const gauss = (k: Values, i: number) => Math.SQRT2 * erfInv(2 * unit(k, i) + (STEP - 1));
const smooth = { rule: "transcendental" } as const;
const exact = { rule: "exact" } as const;

const draws: readonly Row[] = [
  row("key", {
    f: () => key(2 ** 40 + 3),
    inputs: [],
    truth: () => ({ shape: [2], data: [3, 256] }),
    ...exact,
  }),
  row("split: a key", {
    f: (k: Tensor) => split(k, 3),
    inputs: [seed],
    truth: (k) =>
      [0, 1, 2].map((j) => ({
        shape: [2],
        data: threefry(k.data[0], k.data[1], j, 1).map((w) => w | 0),
      })),
    ...exact,
  }),
  row("uniform", {
    f: (k: Tensor) => uniform(k, [3, 5]),
    inputs: [seed],
    truth: (k) => build([3, 5], (i, j) => unit(k, 5 * i + j)),
    ...exact,
  }),
  row("uniform: between tensors", {
    f: (k: Tensor, low: Tensor, high: Tensor) => uniform(k, [2, 3], { low, high }),
    inputs: [other, [3], given([2], [])],
    truth: (k, low, high) =>
      build([2, 3], (i, j) => {
        const u = unit(k, 3 * i + j);
        return u * (high.data[0] - low.data[j]) + low.data[j];
      }),
    same: (k: Tensor, low: Tensor, high: Tensor) => {
      const u = uniform(k, [2, 3]);
      return add(mul(u, high), mul(sub(1, u), low));
    },
  }),
  row("uniform: nothing", {
    f: (k: Tensor) => uniform(k, [0, 2]),
    inputs: [seed],
    truth: () => ({ shape: [0, 2], data: [] }),
    ...exact,
  }),
  row("normal", {
    f: (k: Tensor) => normal(k, [4, 3]),
    inputs: [seed],
    truth: (k) => build([4, 3], (i, j) => gauss(k, 3 * i + j)),
    ...smooth,
  }),
  row("normal: mean and std are tensors", {
    f: (k: Tensor, mean: Tensor, std: Tensor) => normal(k, [2, 3], { mean, std }),
    inputs: [other, [3], [2, 1]],
    truth: (k, mean, std) =>
      build([2, 3], (i, j) => gauss(k, 3 * i + j) * std.data[i] + mean.data[j]),
    ...smooth,
    same: (k: Tensor, mean: Tensor, std: Tensor) => add(mul(normal(k, [2, 3]), std), mean),
  }),
  row("truncatedNormal", {
    f: (k: Tensor) => truncatedNormal(k, [6]),
    inputs: [seed],
    truth: (k) => build([6], (i) => truncated(unit(k, i), -2, 2)),
    ...smooth,
  }),
  row("truncatedNormal: between tensors", {
    f: (k: Tensor, low: Tensor, high: Tensor) => truncatedNormal(k, [4], { low, high }),
    inputs: [other, given([-0.5], []), given([1, 0.5, 1.25, 0.75])],
    truth: (k, low, high) => build([4], (i) => truncated(unit(k, i), low.data[0], high.data[i])),
    ...smooth,
  }),
];

function truncated(u: number, low: number, high: number): number {
  const [a, b] = [erf(low / Math.SQRT2), erf(high / Math.SQRT2)];
  return Math.SQRT2 * erfInv((u + STEP / 2) * (b - a) + a);
}

const choices: readonly Row[] = [
  row("bernoulli", {
    f: (k: Tensor) => bernoulli(k, [12], 0.25),
    inputs: [seed],
    truth: (k) => build([12], (i) => Number(unit(k, i) < 0.25)),
    ...exact,
  }),
  row("bernoulli: p is a tensor", {
    f: (k: Tensor, p: Tensor) => bernoulli(k, [4, 3], p),
    inputs: [other, given([0, 0.5, 1])],
    truth: (k, p) => build([4, 3], (i, j) => Number(unit(k, 3 * i + j) < p.data[j])),
    ...exact,
  }),
  row("categorical", {
    f: (k: Tensor, logits: Tensor) => categorical(k, [5], logits),
    inputs: [seed, given([0.5, -1, 2, 0.25])],
    truth: (k, logits) =>
      build([5], (i) => {
        const noise = (j: number) => -Math.log(-Math.log(Math.max(unit(k, 4 * i + j), STEP / 2)));
        const score = logits.data.map((v, j) => v + noise(j));
        return score.indexOf(Math.max(...score));
      }),
    ...exact,
  }),
  row("permutation", {
    f: (k: Tensor) => permutation(k, 9),
    inputs: [seed],
    truth: (k) => ({ shape: [9], data: order(Array.from({ length: 9 }, (_, i) => word(k, i))) }),
    ...exact,
  }),
  row("dropout", {
    f: (k: Tensor, x: Tensor) => dropout(k, x, 0.5),
    inputs: [seed, [4, 3]],
    truth: (k, x) => build([4, 3], (i, j) => (unit(k, 3 * i + j) < 0.5 ? 2 * at(x, i, j) : 0)),
    rule: "sum",
    bilinear: true,
    same: (k: Tensor, x: Tensor) => mul(cast(bernoulli(k, [4, 3], 0.5), "float32"), mul(x, 2)),
  }),
  row("dropout: rate 0", {
    f: (k: Tensor, x: Tensor) => dropout(k, x, 0),
    inputs: [seed, [3]],
    truth: (_, x) => x,
    rule: "exact",
    bilinear: true,
  }),
];

export const randomRows: readonly Row[] = [...draws, ...choices];
