// The geometry of windows that slide over images: what size, stride, padding and dilation mean, the
// same for convolution and pooling.

import { ShapeError, ValueError } from "../core/errors";

/** One number for height and width, or both. */
export type Pair = number | readonly [number, number];

/** Rows and columns of zeros around an image: one number for all sides, [[top, bottom], [left,
 * right]], none ("valid"), or as many as make ceil(size / stride) windows, the odd one at the end
 * ("same"). */
export type Padding =
  | number
  | "same"
  | "valid"
  | readonly [readonly [number, number], readonly [number, number]];

/** Throws ValueError unless both are whole numbers from `least`. */
export function both(name: string, which: string, value: Pair, least: 0 | 1): [number, number] {
  const [a, b] = Array.isArray(value) ? value : [value, value];
  for (const v of [a, b]) {
    if (!Number.isSafeInteger(v) || v < least) {
      throw new ValueError(
        `${name}: ${which} is no whole number from ${least}: ${which} is ${String(value)}. ` +
          "Give one number, or [height, width].",
      );
    }
  }
  return [a, b];
}

/** How windows lie along one axis of an image. */
interface Slide {
  /** How many windows there are. */
  readonly count: number;
  /** Zeros before and after the image. */
  readonly before: number;
  readonly after: number;
}

/** The zeros before and after axis 0 (rows) or 1 (columns), or a word. */
export function sides(
  name: string,
  padding: Padding,
  axis: 0 | 1,
): readonly [number, number] | "same" {
  if (padding === "same") return "same";
  if (padding === "valid") return [0, 0];
  const form = typeof padding === "number" ? [padding, padding] : padding?.[axis];
  if (
    !Array.isArray(form) ||
    form.length !== 2 ||
    !form.every((n: number) => Number.isSafeInteger(n) && n >= 0)
  ) {
    throw new ValueError(
      `${name}: no such padding: padding is ${JSON.stringify(padding)}. Use a whole number from ` +
        '0, [[top, bottom], [left, right]], "same" or "valid".',
    );
  }
  return form as [number, number];
}

/**
 * The windows along one axis.
 * @param size of the image along it
 * @param extent of a window, dilation included
 * @throws ShapeError when not even one window fits into an image that is not empty
 */
export function slide(
  name: string,
  size: number,
  extent: number,
  stride: number,
  padding: readonly [number, number] | "same",
): Slide {
  if (padding === "same") {
    const count = Math.ceil(size / stride);
    const zeros = Math.max(0, (count - 1) * stride + extent - size);
    const before = Math.floor(zeros / 2);
    return { count, before, after: zeros - before };
  }
  const [before, after] = padding;
  const room = size + before + after;
  if (room < extent && size > 0) {
    throw new ShapeError(
      `${name}: the window does not fit: it covers ${extent}, the image has ${size} and padding ` +
        `${before} + ${after}. Use a smaller window or more padding.`,
    );
  }
  const count = Math.max(0, Math.floor((room - extent) / stride) + 1);
  return { count, before, after };
}
