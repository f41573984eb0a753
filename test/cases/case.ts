// One kernel call with its inputs and the rule that its results obey. Inputs are made anew at each
// call, always the same, already rounded to float32.

import { Stream } from "../../src/core/random";
import type { FunctionName } from "../../src/device/functions";
import type { KernelName } from "../../src/device/kernels";

export type Values = Float32Array | Int32Array;
export type Truth = Float64Array | Int32Array;

/**
 * How far a result may lie from the float64 truth; `test/rules.ts` says what each means on each
 * device.
 * - exact: equal once the truth is rounded to float32; 0 equals -0.
 * - bits: equal bits, the sign of zero too: elements that were only moved.
 * - function: the accuracy of a scalar function, in units of the last place.
 * - sum: `adds` additions in a row at most, each as wrong as the sum of all terms' magnitudes
 *   allows. The magnitudes come from the same kernel on absolute inputs.
 * - bound: roundings (2^-24) of absolute error, by a formula of the case.
 */
export type Rule =
  | { readonly kind: "exact" }
  | { readonly kind: "bits" }
  | { readonly kind: "function"; readonly f: FunctionName }
  | { readonly kind: "sum"; readonly adds: number }
  | {
      readonly kind: "bound";
      readonly roundings: (i: number, inputs: readonly Values[], truth: readonly Truth[]) => number;
    };

export interface Output {
  readonly size: number;
  readonly dtype: "float32" | "int32";
  readonly rule: Rule;
}

export interface Case {
  readonly kernel: KernelName;
  readonly name: string;
  readonly params: readonly number[];
  readonly inputs: () => Values[];
  readonly outputs: readonly Output[];
  /** The whole text of the IndexError, on devices that see values at once. */
  readonly throws?: string;
}

export const exact: Rule = { kind: "exact" };
export const bits: Rule = { kind: "bits" };

/** A sum of n terms, one after another. */
export const sumOf = (n: number): Rule => ({ kind: "sum", adds: n + 1 });

/** Additions in a row of a blocked or pairwise sum of n terms: what the kernel table promises. */
export const blockedAdds = (n: number) => Math.min(n, 2 * Math.ceil(Math.sqrt(n)) + 8);
export const blockedSumOf = (n: number): Rule => ({ kind: "sum", adds: blockedAdds(n) });

export function floatOut(size: number, rule: Rule): Output {
  return { size, dtype: "float32", rule };
}

export function intOut(size: number): Output {
  return { size, dtype: "int32", rule: exact };
}

/** Sizes at the ends and on both sides of what SIMD lanes and tiles make special. */
export const EDGES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65];

/** More than the 65,535 workgroups that a GPU takes along one axis. */
export const MANY = 66_000;

/** `n` floats, evenly spread over [from, to). */
export function uniforms(n: number, seed: number, from = -1, to = 1): Float32Array {
  const random = new Stream(seed, n);
  return Float32Array.from({ length: n }, () => from + (to - from) * random.uniform());
}

/** `n` int32 numbers in [from, to). */
export function integers(n: number, seed: number, from: number, to: number): Int32Array {
  const random = new Stream(seed, n);
  return Int32Array.from({ length: n }, () => from + random.integer(to - from));
}

/** `n` floats out of a few whole numbers: full of ties. */
export function ties(n: number, seed: number): Float32Array {
  return Float32Array.from(integers(n, seed, -3, 4));
}

/** `values` with `v` at the given places. */
export function put<T extends Values>(values: T, v: number, ...places: number[]): T {
  for (const p of places) values[p] = v;
  return values;
}
