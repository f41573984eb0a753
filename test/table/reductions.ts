// Rows of reductions and of what goes along an axis: sums, extremes, order.

import {
  add,
  all,
  any,
  argmax,
  argmin,
  cumsum,
  exp,
  gatherAlong,
  log,
  logSumExp,
  matmul,
  max,
  mean,
  min,
  mul,
  norm,
  prod,
  reshape,
  slice,
  softmax,
  sqrt,
  square,
  std,
  sub,
  sum,
  variance,
} from "../../src/ops/index";
import { ones } from "../../src/tensor/fill";
import type { Tensor } from "../../src/tensor/tensor";
import { apart, away, bools, given, ints, type Row, row } from "./row";
import {
  add as addAll,
  mean as average,
  build,
  each,
  over,
  rows,
  times,
  total,
  type Values,
} from "./truth";

const Inf = Number.POSITIVE_INFINITY;
const NaN = Number.NaN;
const cube = [2, 3, 4];

/** The options of a reduction that every one of them is tried with. */
const options = [
  ["", {}, undefined, false],
  [": last axis", { axis: -1 }, [2], false],
  [": middle axis, keepDims", { axis: 1, keepDims: true }, [1], true],
  [": axes 0 and 2", { axis: [2, 0] }, [0, 2], false],
  [": no axes", { axis: [] }, [], false],
] as const;

const truths: readonly Row[] = [
  ...options.flatMap(([name, given, axes, keep]) => [
    row(`any${name}`, {
      f: (x: Tensor) => any(x, given),
      inputs: [bools(cube)],
      truth: over((list) => Math.max(...list), axes, keep),
      rule: "exact",
    }),
    row(`all${name}`, {
      f: (x: Tensor) => all(x, given),
      inputs: [bools(cube)],
      truth: over((list) => Math.min(...list), axes, keep),
      rule: "exact",
    }),
  ]),
  row("any: of numbers, of nothing", {
    f: (x: Tensor, nothing: Tensor) => [any(x, { axis: 1 }), any(nothing)],
    inputs: [given([0, 0, -1, 0], [2, 2]), [0]],
    truth: () => [
      { shape: [2], data: [0, 1] },
      { shape: [], data: [0] },
    ],
    rule: "exact",
  }),
  row("all: of numbers, of nothing", {
    f: (x: Tensor, nothing: Tensor) => [all(x, { axis: 0 }), all(nothing)],
    inputs: [ints([2, 2], 1, 2), [0]],
    truth: () => [
      { shape: [2], data: [1, 1] },
      { shape: [], data: [1] },
    ],
    rule: "exact",
  }),
];

const sums: readonly Row[] = [
  ...options.map(([name, given, axes, keep]) =>
    row(`sum${name}`, {
      f: (x: Tensor) => sum(x, given),
      inputs: [cube],
      truth: over(addAll, axes, keep),
      rule: "sum",
      bilinear: true,
    }),
  ),
  row("sum: of a row that is repeated", {
    f: (x: Tensor) => sum(add(x, ones([3, 1])), { axis: 0 }),
    inputs: [[4]],
    truth: (x) => ({ shape: [4], data: x.data.map((v) => 3 * v + 3) }),
    rule: "sum",
    bilinear: true,
  }),
  row("sum: by a product with ones", {
    f: (x: Tensor) => sum(x, { axis: 1 }),
    inputs: [[5, 7]],
    truth: over(addAll, [1]),
    rule: "sum",
    bilinear: true,
    same: (x: Tensor) => matmul(x, ones([7])),
  }),
  row("sum: of a view that a chain reads too", {
    f: (x: Tensor) => {
      const view = reshape(mul(x, x), [2, 3]);
      return [exp(view), sum(view, { axis: 0 })];
    },
    inputs: [[3, 2]],
    truth: (x) => {
      const squares = build([2, 3], (i, j) => x.data[3 * i + j] ** 2);
      return [each(Math.exp)(squares), over(addAll, [0])(squares)].flat() as Values[];
    },
    rule: "transcendental",
  }),
  row("sum: scalar", { f: sum, inputs: [[]], truth: over(addAll), bilinear: true }),
  row("sum: of nothing", {
    f: (x: Tensor) => sum(x, { axis: 1 }),
    inputs: [[3, 0]],
    truth: () => ({ shape: [3], data: [0, 0, 0] }),
  }),
  row("sum: int32", {
    f: (x: Tensor) => sum(x, { axis: 0 }),
    inputs: [ints([4, 3], -9, 9)],
    truth: over(addAll, [0]),
    rule: "exact",
  }),
  row("sum: of bool counts", { f: sum, inputs: [bools([7])], truth: over(addAll), rule: "exact" }),
  ...options.map(([name, given, axes, keep]) =>
    row(`mean${name}`, {
      f: (x: Tensor) => mean(x, given),
      inputs: [cube],
      truth: over(average, axes, keep),
      rule: "sum",
      bilinear: true,
      same: (x: Tensor) => {
        const s = sum(x, given);
        return mul(s, s.size / x.size);
      },
    }),
  ),
  row("mean: int32", {
    f: (x: Tensor) => mean(x),
    inputs: [ints([4], -9, 9)],
    truth: over(average),
  }),
  row("cumsum", {
    f: (x: Tensor) => cumsum(x, { axis: 1 }),
    inputs: [cube],
    truth: rows((list) => list.map((_, i) => total(i + 1, (j) => list[j])), 1),
    rule: "sum",
    bilinear: true,
  }),
  row("cumsum: reverse, last axis", {
    f: (x: Tensor) => cumsum(x, { axis: -1, reverse: true }),
    inputs: [[2, 5]],
    truth: rows((list) => list.map((_, i) => addAll(list.slice(i))), 1),
    rule: "sum",
    bilinear: true,
  }),
  row("cumsum: flat", {
    f: (x: Tensor) => cumsum(x),
    inputs: [[2, 3]],
    truth: (x) => ({ shape: [6], data: x.data.map((_, i) => addAll(x.data.slice(0, i + 1))) }),
    rule: "sum",
    bilinear: true,
  }),
];

const var0 = (list: readonly number[]) => average(list.map((v) => (v - average(list)) ** 2));
const length = (list: readonly number[]) => Math.sqrt(addAll(list.map((v) => v * v)));

const spreads: readonly Row[] = [
  ...options.slice(0, 4).map(([name, given, axes, keep]) =>
    row(`variance${name}`, {
      f: (x: Tensor) => variance(x, given),
      inputs: [cube],
      truth: over(var0, axes, keep),
      same: (x: Tensor) => {
        const m = mean(x, given);
        return sub(mean(square(x), given), square(m));
      },
    }),
  ),
  row("variance: ddof", {
    f: (x: Tensor) => variance(x, { axis: 1, ddof: 1 }),
    inputs: [[2, 4]],
    truth: over((list) => (var0(list) * 4) / 3, [1]),
  }),
  ...options.slice(0, 4).map(([name, given, axes, keep]) =>
    row(`norm${name}`, {
      f: (x: Tensor) => norm(x, given),
      inputs: [cube],
      truth: over(length, axes, keep),
    }),
  ),
  ...options.slice(0, 4).map(([name, given, axes, keep]) =>
    row(`std${name}`, {
      f: (x: Tensor) => std(x, given),
      inputs: [cube],
      truth: over((list) => Math.sqrt(var0(list)), axes, keep),
      same: (x: Tensor) => sqrt(variance(x, given)),
    }),
  ),
  row("std: ddof", {
    f: (x: Tensor) => std(x, { axis: 1, ddof: 1 }),
    inputs: [[2, 4]],
    truth: over((list) => Math.sqrt((var0(list) * 4) / 3), [1]),
  }),
  row("std: of equal numbers has gradient 0", {
    f: (x: Tensor) => std(mul(x, 0), { axis: 1 }),
    inputs: [[2, 3]],
    truth: over(() => 0, [1]),
  }),
  row("norm: of zeros has gradient 0", {
    f: (x: Tensor) => norm(mul(x, 0), { axis: 1 }),
    inputs: [[2, 3]],
    truth: over(() => 0, [1]),
  }),
];

/** Less than 1: no term of the product vanishes beside the others. */
const factors = away([2, 3, 2]);
const parts = (x: Tensor) => [0, 1, 2].map((i) => reshape(slice(x, [0, i, 0], [2, 1, 2]), [2, 2]));

const products: readonly Row[] = [
  ...options.map(([name, given, axes, keep]) =>
    row(`prod${name}`, {
      f: (x: Tensor) => prod(x, given),
      inputs: [factors],
      truth: over(times, axes, keep),
    }),
  ),
  row("prod: by mul", {
    f: (x: Tensor) => prod(x, { axis: 1 }),
    inputs: [factors],
    truth: over(times, [1]),
    same: (x: Tensor) => parts(x).reduce(mul),
  }),
  row("prod: with zeros", {
    f: (x: Tensor) => prod(x, { axis: 1 }),
    inputs: [given([0, 0.5, 2, 0, 0, 3, 1.5, -2, 0.5], [3, 3])],
    truth: over(times, [1]),
  }),
  row("prod: five factors", { f: prod, inputs: [away([5])], truth: over(times) }),
  row("prod: of nothing", {
    f: (x: Tensor) => prod(x, { axis: 0 }),
    inputs: [[0, 2]],
    truth: () => ({ shape: [2], data: [1, 1] }),
  }),
  row("prod: int32", { f: prod, inputs: [ints([5], -3, 4)], truth: over(times), rule: "exact" }),
];

const logSum = (list: readonly number[]) => {
  const top = Math.max(...list);
  return Number.isFinite(top) ? top + Math.log(addAll(list.map((v) => Math.exp(v - top)))) : top;
};

const logSumExps: readonly Row[] = [
  ...options.slice(0, 4).map(([name, given, axes, keep]) =>
    row(`logSumExp${name}`, {
      f: (x: Tensor) => logSumExp(x, given),
      inputs: [cube],
      truth: over(logSum, axes, keep),
      rule: "transcendental",
      same: (x: Tensor) => log(sum(exp(x), given)),
    }),
  ),
  row("softmax: by logSumExp", {
    f: (x: Tensor) => softmax(x),
    inputs: [[3, 4]],
    truth: rows((list) => list.map((v) => Math.exp(v - logSum(list))), 1),
    rule: "transcendental",
    same: (x: Tensor) => exp(sub(x, logSumExp(x, { axis: -1, keepDims: true }))),
  }),
  row("logSumExp: far from 0", {
    f: (x: Tensor) => logSumExp(x, { axis: 1 }),
    inputs: [given([100, 101, -100, -101], [2, 2])],
    truth: over(logSum, [1]),
    rule: "transcendental",
  }),
];

const firstOf = (list: readonly number[], best: number) =>
  list.findIndex((v) => v === best || (v !== v && best !== best));
const most = (list: readonly number[]) => Math.max(...list);
const least = (list: readonly number[]) => Math.min(...list);

const extremes: readonly Row[] = [
  ...(
    [
      ["max", max, most, argmax],
      ["min", min, least, argmin],
    ] as const
  ).flatMap(([op, f, truth, at]) => [
    ...options.map(([name, given, axes, keep]) =>
      row(`${op}${name}`, {
        f: (x: Tensor) => f(x, given),
        inputs: [apart(cube)],
        truth: over(truth, axes, keep),
        rule: "exact",
      }),
    ),
    row(`${op}: by its place`, {
      f: (x: Tensor) => f(x, { axis: 1, keepDims: true }),
      inputs: [apart([3, 4])],
      truth: over(truth, [1], true),
      rule: "exact",
      same: (x: Tensor) => gatherAlong(x, at(x, { axis: 1, keepDims: true }), 1),
    }),
    row(`${op}: keeps NaN and infinities`, {
      f: (x: Tensor) => f(reshape(x, [4, 2]), { axis: 1 }),
      inputs: [apart([8])],
      truth: (x) => over(truth, [1])({ shape: [4, 2], data: x.data }),
      rule: "exact",
      special: [[1, NaN, NaN, Inf, -Inf, 3, Inf, -Inf]],
    }),
    row(`${op}: int32`, {
      f: (x: Tensor) => f(x, { axis: 0 }),
      inputs: [ints([4, 3], -9, 9)],
      truth: over(truth, [0]),
      rule: "exact",
    }),
    ...([0, 1, 2] as const).map((axis) =>
      row(`${at.name}: axis ${axis}`, {
        f: (x: Tensor) => at(x, { axis }),
        inputs: [apart(cube)],
        truth: over((list) => firstOf(list, truth(list)), [axis]),
        rule: "exact",
      }),
    ),
    row(`${at.name}: flat, the first of equals`, {
      f: (x: Tensor) => at(x),
      inputs: [given([1, 3, -2, 3, -2, 1], [2, 3])],
      truth: over((list) => firstOf(list, truth(list))),
      rule: "exact",
    }),
    row(`${at.name}: int32 that are one float32`, {
      f: (x: Tensor) => at(x, { axis: 1 }),
      inputs: [
        given([2 ** 24, 2 ** 24 + 1, 2 ** 24, -(2 ** 24), -1 - 2 ** 24, 9], [2, 3], "int32"),
      ],
      truth: over((list) => firstOf(list, truth(list)), [1]),
      rule: "exact",
    }),
    row(`${at.name}: the first NaN, keepDims`, {
      f: (x: Tensor) => at(reshape(x, [2, 4]), { axis: -1, keepDims: true }),
      inputs: [apart([8])],
      truth: (x) =>
        over((list) => firstOf(list, truth(list)), [1], true)({ shape: [2, 4], data: x.data }),
      rule: "exact",
      special: [[1, NaN, 5, NaN, Inf, -Inf, 3, 0]],
    }),
  ]),
];

export const reductionRows: readonly Row[] = [
  ...truths,
  ...sums,
  ...spreads,
  ...products,
  ...logSumExps,
  ...extremes,
];
