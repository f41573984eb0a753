// A 2-d convolution layer, NHWC.

import { optionsOf } from "../core/options";
import { CONV_OPTIONS, type ConvOptions, conv2d } from "../ops/conv";
import type { Layer } from "./layer";
import { affine, type LinearOptions, type LinearParams } from "./linear";

export interface ConvLayerOptions extends ConvOptions, LinearOptions {
  /** Height and width of the kernel. Default 3. */
  readonly size?: number | readonly [number, number];
}

/** x [n, h, w, inputs] → [n, oh, ow, outputs]; w [kh, kw, inputs / groups, outputs]. */
export function conv(
  inputs: number,
  outputs: number,
  given: ConvLayerOptions = {},
): Layer<LinearParams> {
  optionsOf("conv", given, [...CONV_OPTIONS, "size", "bias", "gain"]);
  const { size = 3, bias, gain, ...options } = given;
  const [kh, kw] = typeof size === "number" ? [size, size] : size;
  const shape = [kh, kw, inputs / (options.groups ?? 1), outputs];
  return affine(shape, { bias, gain }, (x, w) => conv2d(x, w, options));
}
