// The three element types and the typed arrays that carry them; every element is 32 bits wide on
// a device, except that the reference device keeps float32 values in 64 bits.

import { DTypeError } from "./errors";

export type DType = "float32" | "int32" | "bool";

/** What host data looks like: floats in a Float32Array (Float64Array on the reference device),
 * int32 and bool in an Int32Array, bool as 0 and 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array;

/** Bytes of one element on a device. */
export const BYTES = 4;

/** @throws DTypeError unless it is one of the three */
export function needDType(op: string, dtype: unknown): void {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return;
  throw new DTypeError(
    `${op}: unknown dtype: "${String(dtype)}". Use "float32", "int32" or "bool".`,
  );
}
