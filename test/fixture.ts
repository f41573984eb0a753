// Reference values that another engine computed in float64: the inputs as tensors, the results as
// lists, by the names in the file.

import { expect } from "vitest";
import type { DType } from "../src/core/dtype";
import { tensor } from "../src/tensor/create";
import type { Tensor } from "../src/tensor/tensor";

interface Held {
  readonly data: readonly number[];
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export interface Fixture {
  input(name: string): Tensor;
  expected(name: string): readonly number[];
}

/** A file of test/fixtures, as it was imported. */
export function fixture(file: { inputs: unknown; expected: unknown }): Fixture {
  const inputs = file.inputs as Readonly<Record<string, Held>>;
  const results = file.expected as Readonly<Record<string, Held | number>>;
  return {
    input: (name) => {
      const { data, shape, dtype } = inputs[name];
      return tensor(Float64Array.from(data), shape, dtype);
    },
    expected: (name) => {
      const found = results[name];
      return typeof found === "number" ? [found] : found.data;
    },
  };
}

export function largest(list: ArrayLike<number>): number {
  return Array.from(list, Math.abs).reduce((a, b) => Math.max(a, b), 0);
}

/** Fails unless all elements are within `rate` of the largest of an array. */
export async function near(got: Tensor, want: ArrayLike<number>, rate: number): Promise<void> {
  const data = await got.data();
  expect(data.length).toBe(want.length);
  const error = largest(Array.from(data, (v, i) => v - want[i]));
  expect(error).toBeLessThanOrEqual(rate * largest(want));
}
