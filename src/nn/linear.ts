// A linear map of the last axis, and what it shares with convolutions: weights that keep the scale
// of x at first, and a bias.

import { optionsOf } from "../core/options";
import { type Shape, sizeOf } from "../core/shape";
import { add } from "../ops/arithmetic";
import { matmul } from "../ops/matmul";
import { normal } from "../ops/random";
import { zeros } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { type Layer, needInput } from "./layer";

export interface LinearOptions {
  /** Default true; leave it out before a norm. */
  readonly bias?: boolean;
  /** Standard deviation of the weights is √(gain / fan-in). Default 2 (He et al. 2015). */
  readonly gain?: number;
}

export type LinearParams = { readonly w: Tensor; readonly b: Tensor } | { readonly w: Tensor };

/** x [..., inputs] → x w + b [..., outputs]; w [inputs, outputs]. */
export function linear(
  inputs: number,
  outputs: number,
  options: LinearOptions = {},
): Layer<LinearParams> {
  return affine([inputs, outputs], optionsOf("linear", options, ["bias", "gain"]), matmul);
}

/** `map` of x and weights of this shape, whose last axis are the outputs, plus a bias for each of
 * these. */
export function affine(
  shape: Shape,
  { bias = true, gain = 2 }: LinearOptions,
  map: (x: Tensor, w: Tensor) => Tensor,
): Layer<LinearParams> {
  const fanIn = sizeOf(shape.slice(0, -1));
  return {
    init: (key) =>
      scope(() => {
        const w = normal(key, shape, { std: Math.sqrt(gain / fanIn) });
        return bias ? { w, b: zeros(shape.slice(-1)) } : { w };
      }),
    apply: (params, x) => {
      needInput(x);
      const y = map(x, params.w);
      return "b" in params ? add(y, params.b) : y;
    },
  };
}
