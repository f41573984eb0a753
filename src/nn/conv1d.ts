// A convolution of sequences.

import { optionsOf } from "../core/options";
import { add } from "../ops/arithmetic";
import { CONV_OPTIONS, type Conv1dOptions, conv1d as convolve } from "../ops/conv";
import { normal } from "../ops/random";
import { zeros } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Layer } from "./layer";
import type { LinearParams } from "./linear";

export interface Conv1dLayerOptions extends Conv1dOptions {
  /** Length of the kernel. Default 3. */
  readonly size?: number;
  /** Default true; leave it out before a norm. */
  readonly bias?: boolean;
  /** Standard deviation of the weights is √(gain / fan-in). Default 2 (He et al. 2015). */
  readonly gain?: number;
}

/** x [n, l, inputs] → [n, ol, outputs]; w [size, inputs / groups, outputs]. */
export function conv1d(
  inputs: number,
  outputs: number,
  given: Conv1dLayerOptions = {},
): Layer<LinearParams> {
  optionsOf("conv1d", given, [...CONV_OPTIONS, "size", "bias", "gain"]);
  const { size = 3, bias = true, gain = 2, ...options } = given;
  const depth = inputs / (options.groups ?? 1);
  return {
    init: (key) =>
      scope(() => {
        const w = normal(key, [size, depth, outputs], { std: Math.sqrt(gain / (size * depth)) });
        return bias ? { w, b: zeros([outputs]) } : { w };
      }),
    apply: (params, x) => {
      const y = convolve(x, params.w, options);
      return "b" in params ? add(y, params.b) : y;
    },
  };
}
