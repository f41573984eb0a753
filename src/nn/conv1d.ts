// A convolution of sequences.

import { optionsOf } from "../core/options";
import { CONV_OPTIONS, type Conv1dOptions, conv1d as convolve } from "../ops/conv";
import type { Layer } from "./layer";
import { affine, type LinearOptions, type LinearParams } from "./linear";

export interface Conv1dLayerOptions extends Conv1dOptions, LinearOptions {
  /** Length of the kernel. Default 3. */
  readonly size?: number;
}

/** x [n, l, inputs] → [n, ol, outputs]; w [size, inputs / groups, outputs]. */
export function conv1d(
  inputs: number,
  outputs: number,
  given: Conv1dLayerOptions = {},
): Layer<LinearParams> {
  optionsOf("conv1d", given, [...CONV_OPTIONS, "size", "bias", "gain"]);
  const { size = 3, bias, gain, ...options } = given;
  const shape = [size, inputs / (options.groups ?? 1), outputs];
  return affine(shape, { bias, gain }, (x, w) => convolve(x, w, options));
}
