// A block of a transformer: attention, then a network of two layers at each place, each with a
// norm and a way around it.

import { optionsOf } from "../core/options";
import { gelu } from "../ops/activation";
import { add } from "../ops/arithmetic";
import { dropout } from "../ops/dropout";
import { split } from "../ops/random";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Layer } from "./layer";
import { type LinearParams, linear } from "./linear";
import {
  type AttentionParams,
  type MultiHeadOptions,
  multiHeadAttention,
} from "./multiHeadAttention";
import { type NormParams, norm } from "./norm";

export type TransformerParams = {
  readonly norm1: NormParams;
  readonly attention: AttentionParams;
  readonly norm2: NormParams;
  /** [size, hidden] */
  readonly up: LinearParams;
  /** [hidden, size] */
  readonly down: LinearParams;
};

export interface TransformerOptions extends MultiHeadOptions {
  /** Width of the network at each place. Default 4 · size. */
  readonly hidden?: number;
  /** Default: gelu, its tanh form. */
  readonly activation?: (x: Tensor) => Tensor;
  /** "pre": norms stand before attention and network, and x goes around both (GPT-2); "post":
   * norms stand behind the sums (Vaswani et al. 2017, BERT). Default "pre". */
  readonly order?: "pre" | "post";
  /** Rate of dropout behind attention and network, where a key is given. Default 0. */
  readonly dropout?: number;
  /** Of the norms. Default 1e-5. */
  readonly eps?: number;
}

const OPTIONS = [
  ...(["hidden", "activation", "order", "dropout", "eps"] as const),
  ...(["bias", "causal"] as const),
];

/** x [b, t, size] → [b, t, size]. Takes the mask [b, t] of the context. */
export function transformerBlock(
  size: number,
  heads: number,
  options: TransformerOptions = {},
): Layer<TransformerParams> {
  optionsOf("transformerBlock", options, OPTIONS);
  const { hidden = 4 * size, activation = gelu, order = "pre", dropout: rate = 0, eps } = options;
  const { bias, causal } = options;
  const layers = {
    norm1: norm(size, { over: "layer", eps }),
    attention: multiHeadAttention(size, heads, { bias, causal }),
    norm2: norm(size, { over: "layer", eps }),
    up: linear(size, hidden),
    down: linear(hidden, size, { gain: 1 }),
  };
  return {
    init: (key) =>
      scope(() => {
        const keys = split(key, 5);
        return {
          norm1: layers.norm1.init(keys[0]),
          attention: layers.attention.init(keys[1]),
          norm2: layers.norm2.init(keys[2]),
          up: layers.up.init(keys[3]),
          down: layers.down.init(keys[4]),
        };
      }),
    apply: (params, x, context) =>
      scope(() => {
        const keys = context?.key === undefined ? null : split(context.key, 2);
        const mix = (y: Tensor) => layers.attention.apply(params.attention, y, context);
        const think = (y: Tensor) =>
          layers.down.apply(params.down, activation(layers.up.apply(params.up, y)));
        const around = (y: Tensor, part: "norm1" | "norm2", f: (y: Tensor) => Tensor) => {
          const normed = (z: Tensor) => layers[part].apply(params[part], z);
          const made = f(order === "pre" ? normed(y) : y);
          const kept = keys === null ? made : dropout(keys[part === "norm1" ? 0 : 1], made, rate);
          return order === "pre" ? add(y, kept) : normed(add(y, kept));
        };
        return around(around(x, "norm1", mix), "norm2", think);
      }),
  };
}
