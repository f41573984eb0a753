// Rows of arithmetic, comparison and choice: two or three tensors that broadcast.

import {
  add,
  cast,
  clip,
  div,
  equal,
  exp,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  pow,
  relu,
  sub,
  where,
} from "../../src/ops/index";
import { tensor } from "../../src/tensor/create";
import { arange, ones } from "../../src/tensor/fill";
import type { Tensor } from "../../src/tensor/tensor";
import { apart, away, type Binary, bools, given, ints, type Row, range, row } from "./row";
import { each } from "./truth";

const Inf = Number.POSITIVE_INFINITY;
const NaN = Number.NaN;

/** Every pair of awkward operands. */
const awkward = [0, 1, -2, Inf, -Inf, NaN];
const pairs = awkward.flatMap((x) => awkward.map((y) => [x, y] as const));
const PAIRS = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
const finite = pairs.filter((p) => p.every(Number.isFinite));
const FINITE = [finite.map(([x]) => x), finite.map(([, y]) => y)];
const some = [1, 0.5, -2, 3];

const shapes = [
  ["", [2, 3], [2, 3]],
  [": a row", [3, 4], [4]],
  [": a column by a row", [3, 1], [1, 4]],
  [": a scalar", [], [2, 3]],
  [": inner axes", [2, 1, 3, 1], [4, 1, 2]],
] as const;

const arithmetic: readonly Row[] = [
  ...shapes.map(([name, a, b]) =>
    row(`add${name}`, { f: add, inputs: [a, b], truth: each((x, y) => x + y), bilinear: true }),
  ),
  row("add: extremes", {
    f: add,
    inputs: [[2], [2]],
    truth: each((x, y) => x + y),
    special: PAIRS,
  }),
  row("add: a number", {
    f: (x: Tensor) => add(2.5, x),
    inputs: [[2, 3]],
    truth: each((x) => x + 2.5),
    bilinear: true,
  }),
  row("add: int32", {
    f: add,
    inputs: [ints([4], -9, 9), given([2 ** 31 - 1, 5, -3, 2 ** 30], [4], "int32")],
    truth: each((x, y) => (x + y) | 0),
    rule: "exact",
  }),
  row("add: empty", { f: add, inputs: [[0, 3], [3]], truth: each((x, y) => x + y) }),
  row("add: a tensor and itself", {
    f: (x: Tensor) => add(x, x),
    inputs: [[3]],
    truth: each((x) => 2 * x),
    bilinear: true,
  }),
  row("sub: a row", {
    f: sub,
    inputs: [[2, 3], [3]],
    truth: each((x, y) => x - y),
    bilinear: true,
    special: PAIRS,
    same: (a: Tensor, b: Tensor) => add(a, neg(b)),
  }),
  row("sub: from a number", {
    f: (x: Tensor) => sub(1, x),
    inputs: [[3]],
    truth: each((x) => 1 - x),
    bilinear: true,
  }),
  row("sub: int32", {
    f: (x: Tensor) => sub(x, 3),
    inputs: [ints([4], -9, 9)],
    truth: each((x) => x - 3),
    rule: "exact",
  }),
  ...shapes.map(([name, a, b]) =>
    row(`mul${name}`, {
      f: mul,
      inputs: [a, b],
      truth: each((x, y) => x * y),
      bilinear: true,
      rule: "sum",
    }),
  ),
  row("mul: extremes", {
    f: mul,
    inputs: [[2], [2]],
    truth: each((x, y) => x * y),
    special: PAIRS,
  }),
  row("mul: by tensors made inside", {
    f: (x: Tensor) => mul(mul(x, tensor([1, 2, 3])), ones([3])),
    inputs: [[3]],
    truth: (x) => ({ shape: [3], data: x.data.map((v, i) => v * (i + 1)) }),
    rule: "sum",
    bilinear: true,
  }),
  row("mul: int32", {
    f: mul,
    inputs: [ints([4], -9, 9), given([2 ** 30, 5, -3, 65537], [4], "int32")],
    truth: each((x, y) => Math.imul(x, y)),
    rule: "exact",
  }),
  ...shapes.map(([name, a, b]) =>
    row(`div${name}`, { f: div, inputs: [a, away(b)], truth: each((x, y) => x / y) }),
  ),
  row("div: extremes", {
    f: div,
    inputs: [[2], away([2])],
    truth: each((x, y) => x / y),
    special: [
      [0, 1, -1, 3, Inf, NaN, 1],
      [2, 4, 8, Inf, 2, 1, NaN],
    ],
    same: (a: Tensor, b: Tensor) => mul(a, pow(b, -1)),
  }),
  row("div: of a number", {
    f: (x: Tensor) => div(3, x),
    inputs: [away([3])],
    truth: each((x) => 3 / x),
  }),
];

const powers: readonly Row[] = [
  row("pow", {
    f: pow,
    inputs: [range([2, 3], 0.5, 2), range([3], -2, 2.5)],
    truth: each((x, y) => x ** y),
    rule: "transcendental",
    special: FINITE,
    same: (a: Tensor, b: Tensor) => exp(mul(b, log(a))),
  }),
  row("pow: a negative base and whole numbers", {
    f: (x: Tensor) => pow(x, 3),
    inputs: [away([4])],
    truth: each((x) => x ** 3),
    rule: "transcendental",
    same: (x: Tensor) => mul(x, mul(x, x)),
  }),
  row("pow: to the power of 0, 1, 2 and -1", {
    f: (x: Tensor) => add(add(pow(x, 0), pow(x, 1)), add(pow(x, 2), pow(x, -1))),
    inputs: [away([4])],
    truth: each((x) => 1 + x + x * x + 1 / x),
    rule: "transcendental",
  }),
  row("pow: of a number", {
    f: (x: Tensor) => pow(1.7, x),
    inputs: [[4]],
    truth: each((x) => 1.7 ** x),
    rule: "transcendental",
  }),
  row("pow: a zero base", {
    f: (x: Tensor) => pow(x, arange(3)),
    inputs: [given([0, 0, 0])],
    truth: ({ shape, data }) => ({ shape, data: data.map((x, i) => x ** i) }),
    rule: "transcendental",
  }),
  row("pow: an exponent of 0 that moves", {
    f: pow,
    inputs: [range([3], 0.5, 2), given([0, 0, 1])],
    truth: each((x, y) => x ** y),
    rule: "transcendental",
  }),
];

function extreme(op: string, f: Binary, truth: (x: number, y: number) => number): Row[] {
  return [
    row(op, {
      f,
      inputs: [apart([2, 3]), given([0.1, -0.4, 0.6])],
      truth: each(truth),
      rule: "exact",
    }),
    row(`${op}: extremes`, {
      f,
      inputs: [given([1]), given([2])],
      truth: each(truth),
      rule: "exact",
      special: PAIRS,
    }),
    row(`${op}: int32`, {
      f,
      inputs: [ints([4], -9, 9), ints([4], -9, 9)],
      truth: each(truth),
      rule: "exact",
    }),
  ];
}

const choices: readonly Row[] = [
  ...extreme("maximum", maximum, Math.max),
  ...extreme("minimum", minimum, Math.min),
  row("maximum: by relu", {
    f: (x: Tensor) => maximum(x, 0.3),
    inputs: [apart([2, 3])],
    truth: each((x) => Math.max(x, 0.3)),
    same: (x: Tensor) => add(relu(sub(x, 0.3)), 0.3),
  }),
  row("clip", {
    f: (x: Tensor) => clip(x, -0.5, 0.6),
    inputs: [apart([2, 5])],
    truth: each((x) => Math.min(0.6, Math.max(-0.5, x))),
    rule: "exact",
    special: [[0, Inf, -Inf, NaN]],
    same: (x: Tensor) => minimum(maximum(x, -0.5), 0.6),
  }),
  row("clip: between tensors", {
    f: clip,
    inputs: [given([-2, 0.1, 3, 0.2], [2, 2]), given([-1, -0.5]), given([1, 0.5])],
    truth: each((x, low, high) => Math.min(high, Math.max(low, x))),
    rule: "exact",
  }),
  row("where", {
    f: where,
    inputs: [bools([2, 3]), [2, 3], [2, 3]],
    truth: each((c, x, y) => (c ? x : y)),
    rule: "exact",
    bilinear: true,
    same: (c: Tensor, a: Tensor, b: Tensor) => {
      const m = cast(c, "float32");
      return add(mul(m, a), mul(sub(1, m), b));
    },
  }),
  row("where: broadcasts", {
    f: where,
    inputs: [bools([3, 1]), [4], []],
    truth: each((c, x, y) => (c ? x : y)),
    rule: "exact",
    bilinear: true,
  }),
  row("where: a number", {
    f: (c: Tensor, x: Tensor) => where(c, x, -1),
    inputs: [bools([5]), [5]],
    truth: each((c, x) => (c ? x : -1)),
    rule: "exact",
    bilinear: true,
  }),
  row("where: int32", {
    f: where,
    inputs: [bools([5]), ints([5], 0, 9), ints([5], 0, 9)],
    truth: each((c, x, y) => (c ? x : y)),
    rule: "exact",
  }),
  row("where: the side not chosen may be infinite", {
    f: (x: Tensor) => where(greater(x, 0), log(where(greater(x, 0), x, 1)), x),
    inputs: [away([6])],
    truth: each((x) => (x > 0 ? Math.log(x) : x)),
    rule: "transcendental",
  }),
];

function comparison(op: string, f: Binary, truth: (x: number, y: number) => boolean): Row[] {
  const one = (name: string, inputs: Parameters<typeof row>[1]["inputs"]) =>
    row(name, {
      f,
      inputs,
      truth: each((x, y) => (truth(x, y) ? 1 : 0)),
      rule: "exact",
      ...(name === op ? { special: PAIRS } : {}),
    });
  return [
    one(op, [given([...some, ...some], [2, 4]), given([1, 1, -2, 5])]),
    one(`${op}: int32`, [ints([3, 1], -2, 2), ints([4], -2, 2)]),
  ];
}

const comparisons: readonly Row[] = [
  ...comparison("equal", equal, (x, y) => x === y),
  ...comparison("notEqual", notEqual, (x, y) => x !== y),
  ...comparison("less", less, (x, y) => x < y),
  ...comparison("lessEqual", lessEqual, (x, y) => x <= y),
  ...comparison("greater", greater, (x, y) => x > y),
  ...comparison("greaterEqual", greaterEqual, (x, y) => x >= y),
  row("equal: bool", {
    f: equal,
    inputs: [bools([4]), bools([4])],
    truth: each((x, y) => (x === y ? 1 : 0)),
    rule: "exact",
  }),
  row("logicalAnd", {
    f: logicalAnd,
    inputs: [bools([4, 1]), bools([3])],
    truth: each((x, y) => x * y),
    rule: "exact",
  }),
  row("logicalOr", {
    f: logicalOr,
    inputs: [bools([4, 1]), bools([3])],
    truth: each((x, y) => Math.max(x, y)),
    rule: "exact",
    same: (a: Tensor, b: Tensor) => logicalNot(logicalAnd(logicalNot(a), logicalNot(b))),
  }),
  row("greater: as a mask", {
    f: (x: Tensor, y: Tensor) => mul(cast(greater(x, y), "float32"), sub(x, y)),
    inputs: [away([6]), given([0])],
    truth: each((x, y) => (x > y ? x - y : 0)),
    same: (x: Tensor, y: Tensor) => relu(sub(x, y)),
  }),
];

export const binaryRows: readonly Row[] = [...arithmetic, ...powers, ...choices, ...comparisons];
