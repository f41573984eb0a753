// How far each device may be from the float64 truth: one place, by rule. A tolerance is raised
// only with the rule that allows it, and WebGPU's come from the WGSL accuracy table.

import type { DeviceName } from "../src/device/device";
import type { FunctionName } from "../src/device/functions";

const ROUNDING = 2 ** -24;
const TINIEST = 2 ** -126;

/** The distance between neighbouring float32 numbers at x. */
export function ulp(x: number): number {
  const a = Math.abs(x);
  if (!(a >= TINIEST)) return 2 ** -149;
  return 2 ** (Math.min(Math.floor(Math.log2(a)), 127) - 23);
}

/** An absolute error, from the truth and the operands of an element. */
type Allowance = (truth: number, x: number, y: number) => number;

const ulps =
  (n: number): Allowance =>
  (truth) =>
    n * ulp(truth);

/** WGSL lets results below the normal range vanish. */
const flushed =
  (f: Allowance): Allowance =>
  (truth, x, y) =>
    Math.max(f(truth, x, y), Math.abs(truth) < TINIEST ? Math.abs(truth) : 0);

/** |y log x|: its rounding is what the power of a rounded logarithm magnifies. */
const exponent = (x: number, y: number) => (x === 0 ? 0 : Math.abs(y * Math.log(Math.abs(x))));

const four = ulps(4);

/** What is not listed is correctly rounded, as IEEE arithmetic is. */
const wasm: Partial<Record<FunctionName, Allowance>> = {
  rsqrt: ulps(2), // two roundings
  exp: four,
  expm1: four,
  log: four,
  log1p: four,
  sin: four,
  cos: four,
  tanh: four,
  erf: four,
  sigmoid: four,
  erfInv: four,
  softplus: four,
  pow: four,
};

const division = flushed(ulps(2.5));
const exponential = flushed((truth, x) => (3 + 2 * Math.abs(x)) * ulp(truth));
const sine: Allowance = (_, x) => 2 ** -11 + Math.abs(x) * 2 ** -23;
const transcendental = flushed((truth) => 1e-4 * Math.abs(truth) + 1e-6);

/** WGSL, "floating point accuracy"; what it leaves open is 1e-4 relative. Arithmetic is correctly
 * rounded, denormals may vanish. */
const webgpu: Partial<Record<FunctionName, Allowance>> = {
  div: division,
  reciprocal: division,
  sqrt: division,
  rsqrt: flushed(ulps(2)),
  exp: exponential,
  log: (truth, x) => (x >= 0.5 && x <= 2 ? 2 ** -21 : 3 * ulp(truth)),
  sin: sine,
  cos: sine,
  tanh: () => 1e-5,
  expm1: transcendental,
  log1p: transcendental,
  erf: transcendental,
  erfInv: transcendental,
  sigmoid: transcendental,
  softplus: transcendental,
  pow: flushed((truth, x, y) => (16 + 8 * exponent(x, y)) * ulp(truth)),
};

const exactly: Allowance = () => 0;
const rounded = flushed(exactly);

/** The absolute error of a scalar function at an element; 0 asks for the rounded truth itself. */
export function functionError(
  device: DeviceName,
  f: FunctionName,
  truth: number,
  x: number,
  y: number,
): number {
  if (device === "reference") return 0;
  const table = device === "wasm" ? wasm : webgpu;
  return (table[f] ?? (device === "wasm" ? exactly : rounded))(truth, x, y);
}

/** The absolute error of a sum: n * 2^-24 * sum of |term|, on every device. */
export function sumError(adds: number, magnitude: number): number {
  return adds * ROUNDING * magnitude;
}

/** The absolute error of a bound that counts roundings of a device with IEEE arithmetic and good
 * exp and log; on webgpu at least 1e-4 of the truth, as its functions are that much worse. */
export function boundError(device: DeviceName, roundings: number, truth: number): number {
  const ieee = roundings * ROUNDING + 2 ** -149; // one denormal step, where all is that small
  return device === "webgpu" ? Math.max(ieee, 1e-4 * Math.abs(truth)) + 1e-6 : ieee;
}
