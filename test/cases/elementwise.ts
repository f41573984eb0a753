// Cases of map1, map2, map3, fill and fillInt: every scalar function over its range and its
// special values, and every form of repeat at least once for every function.

import { Stream } from "../../src/core/random";
import { type FunctionName, functions } from "../../src/device/functions";
import type { KernelName } from "../../src/device/kernels";
import {
  bits,
  type Case,
  EDGES,
  exact,
  integers,
  type Output,
  type Rule,
  type Values,
} from "./case";

type Types = readonly string[];

const FLOATS = [
  ...[0, -0, Infinity, -Infinity, NaN, 1e-40, -1e-40, 1.4e-45, 1.1754943508222875e-38],
  ...[1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -3, 0.99999994, 1.0000001, -0.99999994, 1e30, -1e30],
  ...[100, -100, 88.6, 88.72283, 88.73, -87.33, -87.4, -103.9, -104, 1e-30, -1e-30, 1e6, 1e-3],
  ...[8388607.5, 8388609, -8388607.5, 16777216, 2147483520, 2147483648, -2147483648, 3e9, -3e9],
  ...[
    Math.PI,
    Math.PI / 2,
    -2 * Math.PI,
    100 * Math.PI,
    0.1,
    7,
    3.4028234663852886e38,
    -3.4028234663852886e38,
  ],
];
const INTS = [0, 1, -1, 2, 3, -7, 255, 65536, 46341, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1, 1e9];

/** About 2,000 floats: every third of a decade, the middle finely, and near -1, 0 and 1. */
function floatRange(): number[] {
  const values: number[] = [];
  for (let e = -38; e <= 38; e += 1 / 3) values.push(10 ** e, -(10 ** e));
  for (let x = -20; x < 20; x += 0.0371) values.push(x);
  for (let x = -1; x <= 1; x += 0.0093) values.push(x);
  for (let e = 1; e <= 24; e++) {
    for (const sign of [-1, 1]) values.push(sign * (1 - 2 ** -e), sign * (1 + 2 ** -e));
  }
  for (let x = 21; x < 1000; x *= 1.0517) values.push(x, -x);
  return values;
}

function intRange(): number[] {
  return [...integers(300, 11, -(2 ** 31), 2 ** 31), ...integers(300, 12, -1000, 1000)];
}

/** `n` values of the type that a function takes in place `place`, ordinary and special mixed. */
function mixed(n: number, f: FunctionName, place: number): Values {
  const type = operandTypes(f)[place];
  const random = new Stream(101 + place, functions[f].code);
  if (type === "i") {
    return Int32Array.from({ length: n }, () => {
      const at = random.integer(3);
      if (at === 0) return INTS[random.integer(INTS.length)];
      return at === 1 ? random.integer(2) : random.integer(2000) - 1000;
    });
  }
  return Float32Array.from({ length: n }, () => {
    const at = random.integer(4);
    if (at === 0) return FLOATS[random.integer(FLOATS.length)];
    return at === 1 ? random.normal() * 10 : 2 * random.uniform() - 1;
  });
}

/** The types of the operands; where any type is moved ("x"), floats. */
function operandTypes(f: FunctionName): Types {
  return functions[f].types.split(">")[0].replaceAll("x", "f").split("");
}

function outputOf(f: FunctionName, n: number, moved?: "int32"): Output {
  const to = functions[f].types.split(">")[1];
  if (to === "i") return { size: n, dtype: "int32", rule: exact };
  const rule: Rule = to === "x" ? bits : { kind: "function", f };
  return { size: n, dtype: moved ?? "float32", rule };
}

/** One operand of a call over [a, m, i]: which axes it has, as a repeat and a size. */
interface Form {
  readonly name: string;
  readonly inner: number;
  readonly mid: number;
}

function forms(a: number, m: number, i: number): Form[] {
  return [
    { name: "whole", inner: 1, mid: a * m * i },
    { name: "scalar", inner: 1, mid: 1 },
    { name: "row", inner: 1, mid: i },
    { name: "rows", inner: 1, mid: m * i },
    { name: "middle", inner: i, mid: m },
    { name: "column", inner: i, mid: a * m },
    { name: "outer", inner: m * i, mid: a },
  ];
}

function call(f: FunctionName, n: number, list: readonly Form[], title: string): Case {
  const arity = functions[f].arity;
  return {
    kernel: `map${arity}` as KernelName,
    name: `${f} ${title}: ${list.map((form) => form.name).join(", ")}`,
    params: [functions[f].code, n, ...list.flatMap(({ inner, mid }) => [inner, mid])],
    inputs: () => list.map((form, place) => mixed(form.mid, f, place)),
    outputs: [outputOf(f, n)],
  };
}

/** All lists of `arity` forms. */
function combinations(list: readonly Form[], arity: number): Form[][] {
  if (arity === 0) return [[]];
  return combinations(list, arity - 1).flatMap((rest) => list.map((form) => [...rest, form]));
}

function wholeCase(f: FunctionName, title: string, make: () => Values[], moved?: "int32"): Case {
  const n = make()[0].length;
  const { arity, code } = functions[f];
  return {
    kernel: `map${arity}` as KernelName,
    name: `${f} ${title}`,
    params: [code, n, ...Array.from({ length: arity }, () => [1, n]).flat()],
    inputs: make,
    outputs: [outputOf(f, n, moved)],
  };
}

/** Every pair of special values, then pairs of random ones of all magnitudes. */
function pairs(types: Types): [number[], number[]] {
  const first = types[0] === "i" ? INTS : FLOATS;
  const second = types[1] === "i" ? INTS : FLOATS;
  const xs = first.flatMap((x) => second.map(() => x));
  const ys = first.flatMap(() => second);
  const random = new Stream(5);
  const draw = (type: string) => {
    if (type === "i") return random.integer(2 ** 32) - 2 ** 31;
    const size = random.integer(2) === 0 ? 1 : 10 ** (20 * random.uniform() - 10);
    return (2 * random.uniform() - 1) * size;
  };
  for (let i = 0; i < 1001; i++) {
    xs.push(draw(types[0]));
    ys.push(draw(types[1]));
  }
  return [xs, ys];
}

const typed = (type: string, list: readonly number[]): Values =>
  type === "i" ? Int32Array.from(list) : Float32Array.from(list);

function rangeCase(f: FunctionName): Case {
  const types = operandTypes(f);
  if (types.length === 1) {
    const list = types[0] === "i" ? [...INTS, ...intRange()] : [...FLOATS, ...floatRange()];
    return wholeCase(f, "over its range", () => [typed(types[0], list)]);
  }
  if (types.length === 2) {
    return wholeCase(f, "of all pairs of special values", () => {
      const [xs, ys] = pairs(types);
      return [typed(types[0], xs), typed(types[1], ys)];
    });
  }
  return wholeCase(f, "of special values", () => types.map((_, place) => mixed(999, f, place)));
}

/** The functions that move any type, on int32: NaN patterns among the bits must survive. */
const moves = [
  wholeCase("copy", "int32", () => [integers(203, 6, -(2 ** 31), 2 ** 31)], "int32"),
  wholeCase(
    "where",
    "int32",
    () => [
      integers(203, 7, 0, 2),
      integers(203, 8, -(2 ** 31), 2 ** 31),
      integers(203, 9, -(2 ** 31), 2 ** 31),
    ],
    "int32",
  ),
];

/** erfInv and random bits have ranges of their own. */
const own = [
  wholeCase("erfInv", "near its ends", () => [
    Float32Array.from({ length: 400 }, (_, i) => (i % 2 ? -1 : 1) * (1 - 2 ** (-i / 17))),
  ]),
  wholeCase("erfInv", "on [-1, 1]", () => [
    Float32Array.from({ length: 2001 }, (_, i) => i / 1000 - 1),
  ]),
  wholeCase("unitFloat", "of random bits", () => [integers(501, 13, -(2 ** 31), 2 ** 31)]),
  wholeCase("toFloat", "where float32 has no odd numbers", () => [
    Int32Array.from([16777217, -16777219, 33554433, 2 ** 31 - 1, -(2 ** 31) + 1]),
  ]),
  wholeCase("pow", "small whole exponents", () => {
    const xs = [-3, -2.5, -1, -0.1, 0, 0.1, 1, 2, 2.5, 10, 1.0001];
    const ys = [-4, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 7];
    return [
      Float32Array.from(xs.flatMap((x) => ys.map(() => x))),
      Float32Array.from(xs.flatMap(() => ys)),
    ];
  }),
];

const names = Object.keys(functions) as FunctionName[];

const repeats = names.flatMap((f) => {
  const shape: [number, number, number] = [3, 5, 7];
  return combinations(forms(...shape), functions[f].arity).map((list) =>
    call(f, 3 * 5 * 7, list, "[3, 5, 7]"),
  );
});

/** A repeat is defined for any n, also one that breaks off inside it. */
const broken = (["neg", "mul", "where"] as const).flatMap((f) =>
  [29, 122].map((n) => {
    const list = [
      { name: "3 x 4", inner: 3, mid: 4 },
      { name: "1 x 7", inner: 1, mid: 7 },
      { name: "4 x 2", inner: 4, mid: 2 },
    ];
    return call(f, n, list.slice(0, functions[f].arity), `${n}`);
  }),
);

const shapes = (["exp", "add", "intAdd", "less"] as const).flatMap((f) =>
  [
    [1, 1, 1],
    [1, 3, 4],
    [2, 2, 2],
    [4, 7, 33],
    [2, 31, 64],
    [1, 65, 17],
    [5, 1, 257],
    [257, 1, 5],
    [0, 3, 4],
    [3, 4, 0],
  ].flatMap(([a, m, i]) =>
    combinations(forms(a, m, i), functions[f].arity).map((list) =>
      call(f, a * m * i, list, `[${a}, ${m}, ${i}]`),
    ),
  ),
);

const sizes = (["tanh", "sub", "where"] as const).flatMap((f) =>
  [...EDGES, 127, 255, 257, 1000, 4099].map((n) => {
    const whole = { name: "whole", inner: 1, mid: n };
    return call(f, n, [whole, whole, whole].slice(0, functions[f].arity), `${n}`);
  }),
);

/** More than 65,535 groups of 64: a table of 2,100 x 2,000 from its column and its row. */
const large = call("sub", 4_200_000, [forms(1, 2100, 2000)[5], forms(1, 2100, 2000)[2]], "large");

const fills: Case[] = [...EDGES, 1001].flatMap((n) => {
  const value = [0.1, -1e30, Infinity, NaN, 1e-40][n % 5];
  const whole = [0, -1, 2 ** 31 - 1, -(2 ** 31), 7][n % 5];
  return [
    {
      kernel: "fill",
      name: `${value} x ${n}`,
      params: [n, value],
      inputs: () => [],
      outputs: [{ size: n, dtype: "float32", rule: exact }],
    },
    {
      kernel: "fillInt",
      name: `${whole} x ${n}`,
      params: [n, whole],
      inputs: () => [],
      outputs: [{ size: n, dtype: "int32", rule: exact }],
    },
  ];
});

export const elementwiseCases: Case[] = [
  ...names.map(rangeCase),
  ...own,
  ...moves,
  ...sizes,
  ...repeats,
  ...broken,
  ...shapes,
  large,
  ...fills,
];
