// The scalar functions that elementwise kernels apply: one table, whose `js` form is the
// definition. The WASM and WGSL bodies are compared with it.

import { erf, erfInv } from "./reference/special";

/** f: float32, i: int32 and bool, x: any type, moved as 32 bits. Inputs, then the output. */
type Types = `${string}>${"f" | "i" | "x"}`;

interface ScalarFunction {
  /** The opcode that WASM programs use. */
  readonly code: number;
  readonly arity: 1 | 2 | 3;
  readonly types: Types;
  /** The definition, in float64; int32 results wrap. */
  readonly js: (x: number, y: number, z: number) => number;
}

let next = 0;
function fn(types: Types, js: (x: number, y: number, z: number) => number): ScalarFunction {
  return { code: next++, arity: types.indexOf(">") as 1 | 2 | 3, types, js };
}

/** Round half to even, as WASM and WGSL do. */
function roundEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const toInt = (x: number) =>
  x !== x ? 0 : Math.trunc(Math.min(2147483647, Math.max(-2147483648, x)));

/** In order of opcode: append at the end, and to `asm/functions.ts` alike. */
export const functions = {
  copy: fn("x>x", (x) => x),
  neg: fn("f>f", (x) => -x),
  abs: fn("f>f", Math.abs),
  sign: fn("f>f", Math.sign), // NaN stays NaN
  square: fn("f>f", (x) => x * x),
  sqrt: fn("f>f", Math.sqrt),
  rsqrt: fn("f>f", (x) => 1 / Math.sqrt(x)),
  reciprocal: fn("f>f", (x) => 1 / x),
  exp: fn("f>f", Math.exp),
  expm1: fn("f>f", Math.expm1),
  log: fn("f>f", Math.log),
  log1p: fn("f>f", Math.log1p),
  sin: fn("f>f", Math.sin),
  cos: fn("f>f", Math.cos),
  tanh: fn("f>f", Math.tanh),
  erf: fn("f>f", erf),
  erfInv: fn("f>f", erfInv),
  sigmoid: fn("f>f", sigmoid),
  softplus: fn("f>f", (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  relu: fn("f>f", (x) => (x > 0 || x !== x ? x : 0)),
  floor: fn("f>f", Math.floor),
  ceil: fn("f>f", Math.ceil),
  round: fn("f>f", roundEven),
  isNaN: fn("f>i", (x) => (x !== x ? 1 : 0)),
  add: fn("ff>f", (x, y) => x + y),
  sub: fn("ff>f", (x, y) => x - y),
  mul: fn("ff>f", (x, y) => x * y),
  div: fn("ff>f", (x, y) => x / y),
  pow: fn("ff>f", (x, y) => x ** y),
  maximum: fn("ff>f", (x, y) => Math.max(x, y)), // NaN if either is
  minimum: fn("ff>f", (x, y) => Math.min(x, y)),
  gate: fn("ff>f", (x, y) => (y > 0 ? x : 0)), // the gradient of relu: x where y > 0
  equal: fn("ff>i", (x, y) => (x === y ? 1 : 0)),
  less: fn("ff>i", (x, y) => (x < y ? 1 : 0)),
  lessEqual: fn("ff>i", (x, y) => (x <= y ? 1 : 0)),
  intNeg: fn("i>i", (x) => -x | 0),
  intAbs: fn("i>i", (x) => Math.abs(x) | 0),
  intSign: fn("i>i", Math.sign),
  intAdd: fn("ii>i", (x, y) => (x + y) | 0),
  intSub: fn("ii>i", (x, y) => (x - y) | 0),
  intMul: fn("ii>i", (x, y) => Math.imul(x, y)),
  intMaximum: fn("ii>i", (x, y) => Math.max(x, y)),
  intMinimum: fn("ii>i", (x, y) => Math.min(x, y)),
  intEqual: fn("ii>i", (x, y) => (x === y ? 1 : 0)),
  intLess: fn("ii>i", (x, y) => (x < y ? 1 : 0)),
  intLessEqual: fn("ii>i", (x, y) => (x <= y ? 1 : 0)),
  logicalNot: fn("i>i", (x) => (x === 0 ? 1 : 0)),
  logicalAnd: fn("ii>i", (x, y) => (x !== 0 && y !== 0 ? 1 : 0)),
  logicalOr: fn("ii>i", (x, y) => (x !== 0 || y !== 0 ? 1 : 0)),
  toInt: fn("f>i", toInt), // toward 0; saturates; NaN gives 0
  toFloat: fn("i>f", (x) => x),
  unitFloat: fn("i>f", (x) => (x >>> 8) / 16777216), // random bits to [0, 1): top 24 bits
  where: fn("ixx>x", (c, x, y) => (c !== 0 ? x : y)),
} satisfies Record<string, ScalarFunction>;

export type FunctionName = keyof typeof functions;

/** The function of an opcode. */
export const functionList: readonly (ScalarFunction & { name: FunctionName })[] = Object.entries(
  functions,
).map(([name, f]) => ({ ...f, name: name as FunctionName }));
