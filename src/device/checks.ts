// Checks that every device makes with the same words, before anything is changed.

import { IndexError, MemoryError } from "../core/errors";

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
