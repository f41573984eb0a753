// What a row of the op table is, and where its inputs come from. Inputs are the same in every run
// and are float32 numbers, so that all devices start from equal ones.

import { stream } from "../../src/core/random";
import type { Tensor } from "../../src/tensor/tensor";
import type { Tree } from "../../src/tensor/tree";
import { count, type Truth } from "./truth";

/**
 * How far a device may lie from the truth; `test/suites/tolerance.ts` gives the numbers.
 * - exact: moved, compared and counted elements: equal once the truth is rounded to float32.
 * - arithmetic: a few correctly rounded operations, divisions and roots.
 * - transcendental: exp, log, tanh and what is made of them.
 * - sine: sin and cos, whose error in WGSL is absolute.
 * - sum: sums of products of the inputs with coefficients from 0 up: n · 2⁻²⁴ · Σ |term|.
 */
export type Rule = "exact" | "arithmetic" | "transcendental" | "sine" | "sum";

export interface Input {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly values: (random: { uniform(): number; integer(n: number): number }) => number[];
}

// biome-ignore lint/suspicious/noExplicitAny: as many tensors as the row has inputs
type Function = (...xs: any[]) => Tree;

interface Definition {
  readonly f: Function;
  /** A shape stands for numbers in [-1.5, 1.5). */
  readonly inputs: readonly (Input | readonly number[])[];
  readonly truth: Truth;
  readonly rule?: Rule;
  /** Linear in each input: differences with step 1 have no truncation error. */
  readonly bilinear?: boolean;
  /** Step of the differences, where the default is not the best. */
  readonly eps?: number;
  /** Operands, one list an input, at which only values are checked: extremes and non-finite
   * ones. */
  readonly special?: readonly (readonly number[])[];
  /** The same function of simpler ops. */
  readonly same?: Function;
}

export interface Row extends Definition {
  /** The exported name. */
  readonly op: string;
  /** The op, and what is special about this row. */
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly rule: Rule;
}

/** A row of the table, named "op" or "op: variant". */
export function row(name: string, def: Definition): Row {
  const inputs = def.inputs.map((x) => (isInput(x) ? x : range(x, -1.5, 1.5)));
  return { rule: "arithmetic", ...def, name, op: name.split(":")[0], inputs };
}

function isInput(x: Input | readonly number[]): x is Input {
  return !Array.isArray(x);
}

/** Numbers in [low, high). */
export function range(shape: readonly number[], low: number, high: number): Input {
  return floats(shape, (random) => low + (high - low) * random.uniform());
}

/** Numbers of either sign with |x| in [0.2, 2): away from a kink at 0. */
export function away(shape: readonly number[]): Input {
  return floats(shape, (random) => {
    const size = 0.2 + 1.8 * random.uniform();
    return random.uniform() < 0.5 ? -size : size;
  });
}

/** Numbers at least 0.2 apart, in random order: no step of a difference changes their order. */
export function apart(shape: readonly number[]): Input {
  const n = count(shape);
  return {
    shape,
    dtype: "float32",
    values: (random) => {
      const left = Array.from({ length: n }, (_, i) => Math.fround((i - n / 2 + 0.3) * 0.25));
      return left.map((_, i) => {
        const j = i + random.integer(n - i);
        [left[i], left[j]] = [left[j], left[i]];
        return left[i];
      });
    },
  };
}

function floats(shape: readonly number[], draw: (random: { uniform(): number }) => number): Input {
  const values = (random: { uniform(): number }) =>
    Array.from({ length: count(shape) }, () => Math.fround(draw(random)));
  return { shape, dtype: "float32", values };
}

/** Whole numbers in [low, high), as int32. */
export function ints(shape: readonly number[], low: number, high: number): Input {
  return {
    shape,
    dtype: "int32",
    values: (random) =>
      Array.from({ length: count(shape) }, () => low + random.integer(high - low)),
  };
}

export function bools(shape: readonly number[]): Input {
  return { ...ints(shape, 0, 2), dtype: "bool" };
}

/** These very values. */
export function given(
  list: readonly number[],
  shape: readonly number[] = [list.length],
  dtype: Input["dtype"] = "float32",
): Input {
  const values = () => list.map((v) => (dtype === "float32" ? Math.fround(v) : v));
  return { shape, dtype, values };
}

/** The values of a row's inputs: the same in every run, others with another seed. */
export function valuesOf(inputs: readonly Input[], seed = 20): number[][] {
  return inputs.map((x, i) => x.values(stream(seed, i)));
}

/** What the functions of rows are most often. */
export type Unary = (x: Tensor) => Tensor;
export type Binary = (a: Tensor, b: Tensor) => Tensor;
