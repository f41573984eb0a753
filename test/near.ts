// Compares a tensor with numbers known exactly, by one rule for all devices.

import type { Tensor } from "../src/tensor/tensor";
import { compare } from "./suites/tolerance";

/** Relative to the larger of the value and 1: float64, and some roundings of float32. */
export const rateOf = (device: string) => (device === "reference" ? 1e-11 : 5e-6);

/** Throws unless every element of `got` is near the number at its place. */
export async function expectNear(
  device: string,
  got: Tensor,
  want: number | readonly number[],
): Promise<void> {
  const list = typeof want === "number" ? [want] : want;
  const rate = rateOf(device);
  const kind = device === "reference" ? "reference" : "wasm";
  compare("", kind, await got.data(), list, (i) => rate * Math.max(1, Math.abs(list[i])));
}
