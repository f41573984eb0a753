// A 2-d convolution layer, NHWC.

import { optionsOf } from "../core/options";
import { add } from "../ops/arithmetic";
import { CONV_OPTIONS, type ConvOptions, conv2d } from "../ops/conv";
import { normal } from "../ops/random";
import { zeros } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Layer } from "./layer";
import type { LinearParams } from "./linear";

export interface ConvLayerOptions extends ConvOptions {
  /** Height and width of the kernel. Default 3. */
  readonly size?: number | readonly [number, number];
  /** Default true; leave it out before a norm. */
  readonly bias?: boolean;
  /** Standard deviation of the weights is √(gain / fan-in). Default 2 (He et al. 2015). */
  readonly gain?: number;
}

/** x [n, h, w, inputs] → [n, oh, ow, outputs]; w [kh, kw, inputs / groups, outputs]. */
export function conv(
  inputs: number,
  outputs: number,
  given: ConvLayerOptions = {},
): Layer<LinearParams> {
  optionsOf("conv", given, [...CONV_OPTIONS, "size", "bias", "gain"]);
  const { size = 3, bias = true, gain = 2, ...options } = given;
  const [kh, kw] = typeof size === "number" ? [size, size] : size;
  const depth = inputs / (options.groups ?? 1);
  return {
    init: (key) =>
      scope(() => {
        const std = Math.sqrt(gain / (kh * kw * depth));
        const w = normal(key, [kh, kw, depth, outputs], { std });
        return bias ? { w, b: zeros([outputs]) } : { w };
      }),
    apply: (params, x) => {
      const y = conv2d(x, params.w, options);
      return "b" in params ? add(y, params.b) : y;
    },
  };
}
