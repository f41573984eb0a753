// Cases of the reductions over [outer, n, inner]: edge sizes on each axis, ties, NaN at every kind
// of place, and sums long enough that a plain float32 loop fails.

import type { KernelName } from "../../src/device/kernels";
import {
  blockedAdds,
  blockedSumOf,
  type Case,
  EDGES,
  exact,
  floatOut,
  integers,
  intOut,
  MANY,
  put,
  type Rule,
  ties,
  uniforms,
  type Values,
} from "./case";

type Shape = readonly [outer: number, n: number, inner: number];

const SHAPES: Shape[] = [
  ...EDGES.flatMap((n): Shape[] => [
    [3, n, 1],
    [1, n, 5],
    [2, n, 4],
    [1, n, 33],
  ]),
  ...EDGES.map((inner): Shape => [2, 7, inner]),
  ...EDGES.map((outer): Shape => [outer, 11, 1]),
  [1, 1000, 1],
  [3, 257, 1],
  [2, 1000, 3],
  [1, 300, 64],
  [700, 3, 1],
  [1, 3, 700],
  [1, 1, 1021],
  [MANY, 2, 1],
  [1, 2, MANY],
];

const LONG: Shape[] = [
  [1, 60_000, 1],
  [1, 20_011, 4],
  [2, 20_000, 3],
  [1, 60_001, 2],
];

function reduction(kernel: KernelName, shape: Shape, title: string, make: () => Values): Case {
  const rows = shape[0] * shape[2];
  const float = kernel === "max" || kernel === "min";
  return {
    kernel,
    name: `[${shape}] ${title}`,
    params: shape,
    inputs: () => [make()],
    outputs: [float ? floatOut(rows, exact) : intOut(rows)],
  };
}

function measured(kernel: KernelName, shape: Shape, rule: Rule, make: () => Values, name = "") {
  const [outer, , inner] = shape;
  return {
    kernel,
    name: `[${shape}]${name}`,
    params: shape,
    inputs: () => [make()],
    outputs: [floatOut(outer * inner, rule)],
  } satisfies Case;
}

const count = ([outer, n, inner]: Shape) => outer * n * inner;

const sums: Case[] = [
  ...SHAPES.map((s) => measured("sum", s, blockedSumOf(s[1]), () => uniforms(count(s), 21))),
  ...LONG.flatMap((s) => [
    measured("sum", s, blockedSumOf(s[1]), () => uniforms(count(s), 22, 0.5, 1.5), " positive"),
    measured("sum", s, blockedSumOf(s[1]), () => uniforms(count(s), 23), " of both signs"),
  ]),
  measured(
    "sum",
    [1, 60_000, 1],
    blockedSumOf(60_000),
    () => new Float32Array(60_000).fill(0.1),
    " of equal terms",
  ),
  ...[Infinity, -Infinity, NaN].flatMap((v) =>
    [0, 3, 4, 18, 36].map((place) =>
      measured(
        "sum",
        [1, 37, 1],
        blockedSumOf(37),
        () => put(uniforms(37, 24), v, place),
        ` ${v} at ${place}`,
      ),
    ),
  ),
  measured(
    "sum",
    [1, 37, 1],
    blockedSumOf(37),
    () => {
      return put(put(uniforms(37, 24), Infinity, 2), -Infinity, 30);
    },
    " inf and -inf",
  ),
];

/** n factors near 1: each product rounds once. */
const products: Case[] = [...SHAPES, [1, 1000, 2] as Shape].map((s) =>
  measured(
    "prod",
    s,
    { kind: "bound", roundings: (i, _, [truth]) => Math.abs(truth[i]) * s[1] },
    () => uniforms(count(s), 25, -0.1, 0.1).map((v, i) => (i % 3 === 0 ? v - 1 : v + 1)),
  ),
);

const NAN_PLACES = [[0], [1], [3], [4], [7], [15], [16], [31], [32], [5, 20], [0, 32]];

const orders: Case[] = (["max", "min", "argmax", "argmin"] as const).flatMap((kernel) => [
  ...SHAPES.map((s) => reduction(kernel, s, "", () => uniforms(count(s), 26, -10, 10))),
  ...SHAPES.map((s) => reduction(kernel, s, "with ties", () => ties(count(s), 27))),
  ...LONG.map((s) => reduction(kernel, s, "long", () => uniforms(count(s), 28))),
  ...NAN_PLACES.flatMap((places) => [
    reduction(kernel, [1, 33, 1], `NaN at ${places}`, () => put(ties(33, 29), NaN, ...places)),
    reduction(kernel, [1, 33, 3], `NaN in column 1 at ${places}`, () =>
      put(ties(99, 30), NaN, ...places.map((p) => 3 * p + 1)),
    ),
  ]),
  ...[Infinity, -Infinity, NaN, -0].map((v) =>
    reduction(kernel, [2, 19, 1], `all ${v}`, () => new Float32Array(38).fill(v)),
  ),
  reduction(kernel, [1, 21, 5], "ends", () =>
    put(put(uniforms(105, 31), Infinity, 7, 60, 95), -Infinity, 8, 61, 103),
  ),
]);

const intOrders: Case[] = (["intSum", "intProd", "intMax", "intMin"] as const).flatMap((kernel) => [
  ...SHAPES.map((s) => reduction(kernel, s, "", () => integers(count(s), 32, -(2 ** 31), 2 ** 31))),
  ...SHAPES.map((s) => reduction(kernel, s, "small", () => integers(count(s), 33, -5, 6))),
  ...LONG.map((s) => reduction(kernel, s, "long", () => integers(count(s), 34, -9, 1e9))),
]);

/**
 * log(sum of exp): exp and log are right to 8 roundings, x - max is rounded, and a sum s of at most
 * n terms from 1 to n has log(s) <= log(n).
 */
function logSumExpRule(n: number): Rule {
  const logarithm = 8 * Math.log(Math.max(n, 1));
  return {
    kind: "bound",
    roundings: (i, _, [truth]) => blockedAdds(n) + 16 + logarithm + 2 * Math.abs(truth[i]),
  };
}

const logSumExps: Case[] = [
  ...SHAPES.map((s) =>
    measured("logSumExp", s, logSumExpRule(s[1]), () => uniforms(count(s), 35, -10, 10)),
  ),
  ...(
    [
      [1, 60_000, 1],
      [1, 20_011, 4],
    ] as Shape[]
  ).map((s) => measured("logSumExp", s, logSumExpRule(s[1]), () => uniforms(count(s), 36, -3, 3))),
  ...[1000, -1000, 1e30].map((offset) =>
    measured(
      "logSumExp",
      [3, 17, 1],
      logSumExpRule(17),
      () => uniforms(51, 37, offset - 20, offset + 20),
      ` near ${offset}`,
    ),
  ),
  ...[Infinity, -Infinity, NaN].flatMap((v) => [
    measured(
      "logSumExp",
      [2, 9, 3],
      logSumExpRule(9),
      () => put(uniforms(54, 38), v, 0, 13, 40),
      ` with ${v}`,
    ),
    measured(
      "logSumExp",
      [2, 9, 1],
      logSumExpRule(9),
      () => new Float32Array(18).fill(v),
      ` all ${v}`,
    ),
  ]),
];

const running: Case[] = [...SHAPES, ...LONG].flatMap((s, at) =>
  [0, 1].map((reverse) => ({
    kernel: "cumsum" as const,
    name: `[${s}]${reverse ? " reverse" : ""}`,
    params: [...s, reverse],
    inputs: () => [uniforms(count(s), 39, at % 2 ? 0 : -1, 1)],
    outputs: [floatOut(count(s), blockedSumOf(s[1]))],
  })),
);

export const reductionCases: Case[] = [
  ...sums,
  ...products,
  ...orders,
  ...intOrders,
  ...logSumExps,
  ...running,
];
