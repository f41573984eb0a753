// Checks that every device makes with the same words, before anything is changed.

import { DeviceError, IndexError, MemoryError } from "../core/errors";
import type { Storage } from "./device";

/** Most elements that one block of device memory may have. */
const MAX_ELEMENTS = 2 ** 31;

/** Throws the IndexError of a kernel whose `idx[position]` is `value`, for an axis of size n. */
export function throwIndex(kernel: string, position: number, value: number, n: number): never {
  const use = n === 0 ? "No index fits" : `Use 0 to ${n - 1}`;
  throw new IndexError(
    `${kernel}: index out of range: idx[${position}] is ${value}, the axis has ${n}. ${use}.`,
  );
}

/** Throws the IndexError of the first of `count` indices that is outside 0 to n - 1. */
export function checkIndices(kernel: string, idx: ArrayLike<number>, count: number, n: number) {
  for (let i = 0; i < count; i++) {
    if (idx[i] < 0 || idx[i] >= n) throwIndex(kernel, i, idx[i], n);
  }
}

/** Throws MemoryError for a size that no device gives. */
export function checkSize(size: number): void {
  if (size > MAX_ELEMENTS) {
    throw new MemoryError(
      `allocate: too many elements: ${size} asked for, at most ${MAX_ELEMENTS} in one tensor. ` +
        "Use smaller tensors.",
    );
  }
}

/** Throws DeviceError unless the data has a number for each element of a block. */
export function checkLength({ size }: Storage, data: ArrayLike<number>): void {
  if (data.length === size) return;
  throw new DeviceError(
    `write: lengths differ: the block has ${size} elements, the data ${data.length}. ` +
      "Give one number an element.",
  );
}

/** Why memory cannot be used, and what to do. */
const UNUSABLE = {
  foreign: "is of another device. Copy the data to this one",
  released: "was released. Use it before it is freed",
};

/** The DeviceError of an op on memory that cannot be used. */
export function unusable(op: string, why: keyof typeof UNUSABLE): DeviceError {
  return new DeviceError(`${op}: the memory ${UNUSABLE[why]}.`);
}

/** The DeviceError of an op on a device that was disposed. */
export function disposed(op: string, name: string): DeviceError {
  return new DeviceError(`${op}: the ${name} device was disposed. Call init() again.`);
}
