// A linear map of the last axis.

import { optionsOf } from "../core/options";
import { add } from "../ops/arithmetic";
import { matmul } from "../ops/matmul";
import { normal } from "../ops/random";
import { zeros } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Layer } from "./layer";

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Standard deviation of the weights is √(gain / inputs). Default 2 (He et al. 2015, for
   * relu). */
  readonly gain?: number;
}

export type LinearParams = { readonly w: Tensor; readonly b: Tensor } | { readonly w: Tensor };

/** x [..., inputs] → x w + b [..., outputs]; w [inputs, outputs]. */
export function linear(
  inputs: number,
  outputs: number,
  options: LinearOptions = {},
): Layer<LinearParams> {
  const { bias = true, gain = 2 } = optionsOf("linear", options, ["bias", "gain"]);
  return {
    init: (key) =>
      scope(() => {
        const w = normal(key, [inputs, outputs], { std: Math.sqrt(gain / inputs) });
        return bias ? { w, b: zeros([outputs]) } : { w };
      }),
    apply: (params, x) => {
      const y = matmul(x, params.w);
      return "b" in params ? add(y, params.b) : y;
    },
  };
}
