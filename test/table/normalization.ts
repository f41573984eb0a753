// Rows of softmax, normalization and losses: each fused op beside the same function of simpler
// ones.

import {
  add,
  batchNorm,
  binaryCrossEntropy,
  cast,
  crossEntropy,
  div,
  exp,
  huber,
  layerNorm,
  log,
  logSoftmax,
  mean,
  mse,
  mul,
  neg,
  oneHot,
  sigmoid,
  softmax,
  sqrt,
  square,
  sub,
  sum,
} from "../../src/ops/index";
import type { Tensor } from "../../src/tensor/tensor";
import { bools, given, ints, type Row, range, row } from "./row";
import { add as addAll, at, mean as average, build, rows, type Truth, type Values } from "./truth";

const smooth = { rule: "transcendental" } as const;

const logSoft = (list: readonly number[]) => {
  const top = Math.max(...list);
  const all = top + Math.log(addAll(list.map((v) => Math.exp(v - top))));
  return list.map((v) => v - all);
};
const soft = (list: readonly number[]) => logSoft(list).map(Math.exp);

const softmaxBySum = (axis: number) => (x: Tensor) => {
  const e = exp(x);
  return div(e, sum(e, { axis, keepDims: true }));
};

const softmaxes: readonly Row[] = ([0, 1, 2] as const).flatMap((axis) => [
  row(`softmax: axis ${axis}`, {
    f: (x: Tensor) => softmax(x, { axis: axis - 3 }),
    inputs: [[2, 3, 4]],
    truth: rows(soft, axis),
    ...smooth,
    same: softmaxBySum(axis),
  }),
  row(`logSoftmax: axis ${axis}`, {
    f: (x: Tensor) => logSoftmax(x, { axis }),
    inputs: [[2, 3, 4]],
    truth: rows(logSoft, axis),
    ...smooth,
    same: (x: Tensor) => log(softmaxBySum(axis)(x)),
  }),
]);

const far = given([1000, 1001, 999, -1000, -1000, -999], [2, 3]);
const soften: readonly Row[] = [
  row("softmax: far from 0", {
    f: (x: Tensor) => softmax(x),
    inputs: [far],
    truth: rows(soft, 1),
    ...smooth,
  }),
  row("logSoftmax: far from 0", {
    f: (x: Tensor) => logSoftmax(x),
    inputs: [far],
    truth: rows(logSoft, 1),
    ...smooth,
  }),
  row("softmax: of one", {
    f: (x: Tensor) => softmax(x),
    inputs: [[3, 1]],
    truth: () => ({ shape: [3, 1], data: [1, 1, 1] }),
    ...smooth,
  }),
];

const labels = given([2, 0, 3], [3], "int32");
const logits = [3, 4];
const target = given([0.1, 0.2, 0.3, 0.4, 0.25, 0.25, 0.5, 0, 0, 1, 0, 0], [3, 4]);

const labelLosses = (x: Values, y: Values) =>
  build(y.shape, (...index) => {
    const list = Array.from({ length: x.shape[index.length] }, (_, k) => at(x, ...index, k));
    return -logSoft(list)[at(y, ...index)];
  });
const softLosses = (x: Values, y: Values) =>
  build([x.shape[0]], (i) => {
    const list = Array.from({ length: x.shape[1] }, (_, k) => at(x, i, k));
    return -addAll(logSoft(list).map((v, k) => (at(y, i, k) === 0 ? 0 : v * at(y, i, k))));
  });

const reductions = [
  ["mean", average, mean],
  ["sum", addAll, sum],
  ["none", null, null],
] as const;

const reduced =
  (f: (...xs: Values[]) => Values, all: ((list: readonly number[]) => number) | null): Truth =>
  (...xs) => {
    const y = f(...xs);
    return all === null ? y : { shape: [], data: [all(y.data)] };
  };

const softplusTruth = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const pointwise = (f: (x: number, y: number) => number) => (x: Values, y: Values) => ({
  shape: x.shape,
  data: x.data.map((v, i) => f(v, y.data[i])),
});

const losses: readonly Row[] = reductions.flatMap(([reduction, truth, all]) => {
  const whole = (x: Tensor) => (all === null ? x : all(x));
  return [
    row(`crossEntropy: labels, ${reduction}`, {
      f: (x: Tensor, y: Tensor) => crossEntropy(x, y, { reduction }),
      inputs: [logits, labels],
      truth: reduced(labelLosses, truth),
      ...smooth,
      same: (x: Tensor, y: Tensor) =>
        whole(neg(log(sum(mul(oneHot(y, 4), softmaxBySum(1)(x)), { axis: 1 })))),
    }),
    row(`crossEntropy: probabilities, ${reduction}`, {
      f: (x: Tensor, y: Tensor) => crossEntropy(x, y, { reduction }),
      inputs: [logits, target],
      truth: reduced(softLosses, truth),
      ...smooth,
      same: (x: Tensor, y: Tensor) => whole(neg(sum(mul(y, log(softmaxBySum(1)(x))), { axis: 1 }))),
    }),
    row(`mse: ${reduction}`, {
      f: (x: Tensor, y: Tensor) => mse(x, y, { reduction }),
      inputs: [logits, logits],
      truth: reduced(
        pointwise((x, y) => (x - y) ** 2),
        truth,
      ),
      same: (x: Tensor, y: Tensor) => {
        const d = sub(x, y);
        return whole(mul(d, d));
      },
    }),
    row(`huber: ${reduction}`, {
      f: (x: Tensor, y: Tensor) => huber(x, y, { delta: 0.5, reduction }),
      // Distances on both sides of 0.5, and none near it.
      inputs: [given([1, -1, 0.2, 0, -3, 0.1]), range([6], -0.2, 0.2)],
      truth: reduced(
        pointwise((x, y) => {
          const d = Math.abs(x - y);
          return d <= 0.5 ? d ** 2 / 2 : 0.5 * (d - 0.25);
        }),
        truth,
      ),
    }),
    row(`binaryCrossEntropy: ${reduction}`, {
      f: (x: Tensor, y: Tensor) => binaryCrossEntropy(x, y, { reduction }),
      inputs: [logits, range(logits, 0.1, 0.9)],
      truth: reduced(
        pointwise((x, y) => softplusTruth(x) - x * y),
        truth,
      ),
      ...smooth,
      same: (x: Tensor, y: Tensor) => {
        const p = sigmoid(x);
        return whole(neg(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p))))));
      },
    }),
  ];
});

const moreLosses: readonly Row[] = [
  row("crossEntropy: labels of a batch of rows", {
    f: (x: Tensor, y: Tensor) => crossEntropy(x, y),
    inputs: [[2, 3, 4], ints([2, 3], 0, 4)],
    truth: reduced(labelLosses, average),
    ...smooth,
  }),
  row("crossEntropy: far from 0", {
    f: (x: Tensor, y: Tensor) => crossEntropy(x, y),
    inputs: [far, given([0, 2], [2], "int32")],
    truth: reduced(labelLosses, average),
    ...smooth,
  }),
  row("binaryCrossEntropy: bool targets, far from 0", {
    f: (x: Tensor, y: Tensor) => binaryCrossEntropy(x, y, { reduction: "none" }),
    inputs: [given([100, -100, 0.5]), bools([3])],
    truth: pointwise((x, y) => softplusTruth(x) - x * y),
    ...smooth,
    same: (x: Tensor, y: Tensor) =>
      binaryCrossEntropy(x, cast(y, "float32"), { reduction: "none" }),
  }),
];

/** Each list to mean 0 and variance 1. */
const unit = (eps: number) => (list: readonly number[]) => {
  const m = average(list);
  const v = average(list.map((x) => (x - m) ** 2));
  return list.map((x) => (x - m) / Math.sqrt(v + eps));
};

const byMean =
  (axis: readonly number[], eps: number) => (x: Tensor, gamma: Tensor, beta: Tensor) => {
    const centred = sub(x, mean(x, { axis, keepDims: true }));
    const variance = mean(square(centred), { axis, keepDims: true });
    return add(mul(div(centred, sqrt(add(variance, eps))), gamma), beta);
  };

/** x [..., c] with each channel normalized over all else. */
const channels =
  (eps: number): ((x: Values) => Values) =>
  (x) => {
    const c = x.shape[x.shape.length - 1];
    const n = x.data.length / c;
    const flat = build([n, c], (i, j) => x.data[i * c + j]);
    return { shape: x.shape, data: (rows(unit(eps), 0)(flat) as Values).data };
  };

const scaled =
  (f: (x: Values) => Values): Truth =>
  (x, gamma, beta) => {
    const c = x.shape[x.shape.length - 1];
    const y = f(x);
    const of = (t: Values, i: number) => t.data[t.data.length === 1 ? 0 : i % c];
    return { shape: y.shape, data: y.data.map((v, i) => v * of(gamma, i) + of(beta, i)) };
  };

const normalizations: readonly Row[] = [
  row("layerNorm", {
    f: (x: Tensor, gamma: Tensor, beta: Tensor) => layerNorm(x, gamma, beta),
    inputs: [[2, 3, 4], [4], [4]],
    truth: scaled((x) => rows(unit(1e-5), 2)(x) as Values),
    ...smooth,
    same: byMean([2], 1e-5),
  }),
  row("layerNorm: eps, scalar scale and shift", {
    f: (x: Tensor, gamma: Tensor, beta: Tensor) => layerNorm(x, gamma, beta, { eps: 0.5 }),
    inputs: [[3, 5], [], []],
    truth: scaled((x) => rows(unit(0.5), 1)(x) as Values),
    ...smooth,
    same: byMean([1], 0.5),
  }),
  row("layerNorm: a vector", {
    f: (x: Tensor, gamma: Tensor, beta: Tensor) => layerNorm(x, gamma, beta),
    inputs: [[5], [5], [5]],
    truth: scaled((x) => rows(unit(1e-5), 0)(x) as Values),
    ...smooth,
    same: byMean([0], 1e-5),
  }),
  row("batchNorm", {
    f: (x: Tensor, gamma: Tensor, beta: Tensor) => batchNorm(x, gamma, beta),
    inputs: [[2, 2, 2, 3], [3], [3]],
    truth: scaled(channels(1e-5)),
    ...smooth,
    same: byMean([0, 1, 2], 1e-5),
  }),
  row("batchNorm: rows, eps", {
    f: (x: Tensor, gamma: Tensor, beta: Tensor) => batchNorm(x, gamma, beta, { eps: 0.1 }),
    inputs: [[5, 2], [2], [2]],
    truth: scaled(channels(0.1)),
    ...smooth,
    same: byMean([0], 0.1),
  }),
];

export const normalizationRows: readonly Row[] = [
  ...softmaxes,
  ...soften,
  ...losses,
  ...moreLosses,
  ...normalizations,
];
