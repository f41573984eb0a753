// Rows of the functions of one tensor, element by element; truths are the functions of Math, or
// written out where Math has none.

import {
  abs,
  add,
  cast,
  ceil,
  cos,
  div,
  elu,
  equal,
  erf,
  erfInv,
  exp,
  expm1,
  floor,
  gelu,
  greater,
  isFinite,
  isNaN,
  leakyRelu,
  log,
  log1p,
  logicalNot,
  maximum,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  round,
  rsqrt,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
  where,
} from "../../src/ops/index";
import type { Tensor } from "../../src/tensor/tensor";
import { away, given, type Input, ints, type Row, type Rule, range, row, type Unary } from "./row";
import { each, erfInv as erfInvTruth, erf as erfTruth } from "./truth";

interface More {
  readonly rule?: Rule;
  readonly special?: readonly number[];
  readonly same?: Unary;
  readonly eps?: number;
}

function unary(
  name: string,
  f: Unary,
  scalar: (x: number) => number,
  input: Input,
  { special, ...more }: More = {},
): Row {
  const specials = special === undefined ? {} : { special: [special] };
  return row(name, { f, inputs: [input], truth: each(scalar), ...specials, ...more });
}

const Inf = Number.POSITIVE_INFINITY;
const NaN = Number.NaN;
const EDGES = [0, Inf, -Inf, NaN];
const LARGE = [1e-30, -1e-30, 1e30, -1e30];
const smooth = { rule: "transcendental" } as const;
const exact = { rule: "exact" } as const;
const wide = range([3, 4], -2, 2);
const positive = range([3, 4], 0.4, 2);

const halfEven = (x: number) => {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
};
const sigmoidTruth = (x: number) =>
  x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
const softplusTruth = (x: number) =>
  x > 30 ? x + Math.exp(-x) : x === -Inf ? 0 : Math.log1p(Math.exp(x));
const geluTanh = (x: number) =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

const arithmetic: readonly Row[] = [
  unary("neg", neg, (x) => -x, wide, { ...exact, special: [...EDGES, ...LARGE] }),
  unary("neg: int32", neg, (x) => -x, ints([5], -9, 9), exact),
  unary("abs", abs, Math.abs, away([3, 4]), { ...exact, special: [...EDGES, ...LARGE] }),
  unary("abs: int32", abs, Math.abs, ints([5], -9, 9), exact),
  unary("sign", sign, Math.sign, away([3, 4]), { ...exact, special: [...EDGES, ...LARGE] }),
  unary("sign: int32", sign, Math.sign, ints([5], -2, 3), exact),
  unary("square", square, (x) => x * x, wide, {
    special: [...EDGES, 1e-15, 1e15],
    same: (x) => mul(x, x),
  }),
  unary("square: scalar", square, (x) => x * x, range([], -2, 2)),
  unary("square: empty", square, (x) => x * x, range([0, 3], -2, 2)),
  unary("sqrt", sqrt, Math.sqrt, positive, {
    special: [0, Inf, NaN, -1, 1e-30, 1e30],
    same: (x) => pow(x, 0.5),
  }),
  unary("rsqrt", rsqrt, (x) => 1 / Math.sqrt(x), positive, {
    special: [0, Inf, NaN, -1, 1e-30, 1e30],
    same: (x) => div(1, sqrt(x)),
  }),
  unary("reciprocal", reciprocal, (x) => 1 / x, away([3, 4]), {
    special: [Inf, -Inf, NaN, 1e-30, 1e30],
    same: (x) => div(1, x),
  }),
  unary("floor", floor, Math.floor, given([-1.7, -0.2, 0.3, 1.8, 2.4]), {
    ...exact,
    special: [...EDGES, 1e30, -3, 2],
  }),
  unary("ceil", ceil, Math.ceil, given([-1.7, -0.2, 0.3, 1.8, 2.4]), {
    ...exact,
    special: [...EDGES, 1e30, -3, 2],
  }),
  unary("round", round, halfEven, given([-1.7, -0.2, 0.3, 1.8, 2.4]), {
    ...exact,
    special: [...EDGES, 0.5, 1.5, 2.5, -0.5, -1.5, 1e30],
  }),
];

const curves: readonly Row[] = [
  unary("exp", exp, Math.exp, wide, { ...smooth, special: [...EDGES, 88.5, -87, 100, -200] }),
  unary("expm1", expm1, Math.expm1, wide, {
    ...smooth,
    special: [...EDGES, 1e-7, -1e-7, 88.5, 100, -200],
    same: (x) => sub(exp(x), 1),
  }),
  unary("log", log, Math.log, range([2, 3], 0.5, 2), {
    ...smooth,
    special: [0, Inf, NaN, -1, 1e-30, 1, 1e30],
  }),
  unary("log1p", log1p, Math.log1p, range([2, 3], -0.5, 2), {
    ...smooth,
    special: [0, Inf, NaN, -1, -2, 1e-7, 1e30],
    same: (x) => log(add(x, 1)),
  }),
  unary("sin", sin, Math.sin, wide, { rule: "sine", special: [0, NaN, 3, -3, 1e-7] }),
  unary("cos", cos, Math.cos, wide, { rule: "sine", special: [0, NaN, 3, -3, 1e-7] }),
  unary("tanh", tanh, Math.tanh, wide, {
    ...smooth,
    special: [...EDGES, 100, -100, 9, 1e-7],
    same: (x) => sub(mul(sigmoid(mul(x, 2)), 2), 1),
  }),
  unary("erf", erf, erfTruth, wide, { ...smooth, special: [...EDGES, 5, -5, 1e-7] }),
  unary("erfInv", erfInv, erfInvTruth, range([3, 4], -0.8, 0.8), {
    ...smooth,
    special: [0, 1, -1, 2, NaN, 0.999, -0.999, 1e-7],
  }),
  unary("sigmoid", sigmoid, sigmoidTruth, wide, {
    ...smooth,
    special: [...EDGES, 100, -80],
    same: (x) => reciprocal(add(exp(neg(x)), 1)),
  }),
  unary("softplus", softplus, softplusTruth, wide, {
    ...smooth,
    special: [...EDGES, 100, -80],
    same: (x) => log(add(exp(x), 1)),
  }),
];

const activations: readonly Row[] = [
  unary("relu", relu, (x) => Math.max(x, 0), away([3, 4]), {
    ...exact,
    special: [...EDGES, ...LARGE],
    same: (x) => maximum(x, 0),
  }),
  unary("leakyRelu", leakyRelu, (x) => (x > 0 ? x : 0.01 * x), away([3, 4]), {
    special: [0, Inf, -Inf, NaN],
    same: (x) => sub(relu(x), mul(relu(neg(x)), 0.01)),
  }),
  unary(
    "leakyRelu: slope",
    (x) => leakyRelu(x, 0.3),
    (x) => (x > 0 ? x : 0.3 * x),
    away([3, 4]),
  ),
  unary("elu", elu, (x) => (x > 0 ? x : Math.expm1(x)), away([3, 4]), {
    ...smooth,
    special: [...EDGES, 100, -100],
    same: (x) => where(greater(x, 0), x, sub(exp(x), 1)),
  }),
  unary(
    "elu: alpha",
    (x) => elu(x, 0.7),
    (x) => (x > 0 ? x : 0.7 * Math.expm1(x)),
    away([3, 4]),
    smooth,
  ),
  unary("gelu", (x) => gelu(x), geluTanh, wide, {
    ...smooth,
    special: [0, 8, -8, NaN],
    same: (x) => mul(x, sigmoid(mul(add(x, mul(pow(x, 3), 0.044715)), Math.sqrt(8 / Math.PI)))),
  }),
  unary(
    "gelu: exact",
    (x) => gelu(x, { exact: true }),
    (x) => 0.5 * x * (1 + erfTruth(x / Math.SQRT2)),
    wide,
    smooth,
  ),
  unary("silu", silu, (x) => x * sigmoidTruth(x), wide, {
    ...smooth,
    special: [0, 80, -80, NaN],
    same: (x) => div(x, add(exp(neg(x)), 1)),
  }),
];

const numbersToInt = (x: number) =>
  Number.isNaN(x) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x)));

const types: readonly Row[] = [
  row("isNaN", {
    f: isNaN,
    inputs: [away([3])],
    truth: each((x) => (Number.isNaN(x) ? 1 : 0)),
    rule: "exact",
    special: [[...EDGES, ...LARGE]],
  }),
  row("isFinite", {
    f: isFinite,
    inputs: [away([3])],
    truth: each((x) => (Number.isFinite(x) ? 1 : 0)),
    rule: "exact",
    special: [[...EDGES, ...LARGE]],
  }),
  row("logicalNot", {
    f: logicalNot,
    inputs: [given([0, 1, 1], [3], "bool")],
    truth: each((x) => 1 - x),
    rule: "exact",
  }),
  row("cast: float32 to int32", {
    f: (x: Tensor) => cast(x, "int32"),
    inputs: [away([4])],
    truth: each(numbersToInt),
    rule: "exact",
    special: [[...EDGES, 3e10, -3e10, 2.9, -2.9]],
    same: (x: Tensor) => cast(mul(sign(x), floor(abs(x))), "int32"),
  }),
  row("cast: float32 to bool", {
    f: (x: Tensor) => cast(x, "bool"),
    inputs: [given([0, 1, -2, 0.25])],
    truth: each((x) => (x === 0 ? 0 : 1)),
    rule: "exact",
    special: [EDGES],
    same: (x: Tensor) => logicalNot(equal(x, 0)),
  }),
  row("cast: int32 to float32", {
    f: (x: Tensor) => cast(x, "float32"),
    inputs: [ints([4], -9, 9)],
    truth: each((x) => x),
    rule: "exact",
  }),
  row("cast: int32 to bool", {
    f: (x: Tensor) => cast(x, "bool"),
    inputs: [ints([6], -1, 2)],
    truth: each((x) => (x === 0 ? 0 : 1)),
    rule: "exact",
  }),
  row("cast: bool to int32", {
    f: (x: Tensor) => cast(x, "int32"),
    inputs: [given([0, 1, 1], [3], "bool")],
    truth: each((x) => x),
    rule: "exact",
  }),
  row("cast: a step has zero gradient", {
    f: (x: Tensor) => mul(cast(greater(x, 0), "float32"), x),
    inputs: [away([5])],
    truth: each((x) => Math.max(x, 0)),
    rule: "exact",
    same: relu,
  }),
];

export const unaryRows: readonly Row[] = [...arithmetic, ...curves, ...activations, ...types];
