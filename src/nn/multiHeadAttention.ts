// Attention of several heads, each on its own part of the features.

import { ValueError } from "../core/errors";
import { optionsOf } from "../core/options";
import { attention } from "../fused/attention";
import { add } from "../ops/arithmetic";
import { matmul } from "../ops/matmul";
import { transpose } from "../ops/movement";
import { normal, split } from "../ops/random";
import { reshape } from "../ops/reshape";
import { zeros } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Layer } from "./layer";

type Weights = {
  /** Of queries, keys, values and the output, [size, size] each. */
  readonly wq: Tensor;
  readonly wk: Tensor;
  readonly wv: Tensor;
  readonly wo: Tensor;
};

type Biases = {
  readonly bq: Tensor;
  readonly bk: Tensor;
  readonly bv: Tensor;
  readonly bo: Tensor;
};

export type AttentionParams = Weights | (Weights & Biases);

export interface MultiHeadOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Whether each place sees only itself and what came before it. Default false. */
  readonly causal?: boolean;
}

export interface AttentionLayer extends Layer<AttentionParams> {
  /**
   * What x [b, tq, size] finds in `memory` [b, tk, size]: [b, tq, size]. `mask`, bool, says which
   * places of the memory are there, [b, tk], or which of them each place sees, [b, tq, tk].
   */
  attend(params: AttentionParams, x: Tensor, memory: Tensor, mask?: Tensor): Tensor;
}

/**
 * Multi-head attention (Vaswani et al. 2017) of x [b, t, size] to itself, or by `attend` to another
 * sequence. `apply` takes the mask of the context.
 * @throws ValueError unless the heads divide the size
 */
export function multiHeadAttention(
  size: number,
  heads: number,
  options: MultiHeadOptions = {},
): AttentionLayer {
  const { bias = true, causal = false } = optionsOf("multiHeadAttention", options, [
    "bias",
    "causal",
  ]);
  if (!(Number.isInteger(size / heads) && heads >= 1)) {
    throw new ValueError(
      `multiHeadAttention: heads do not divide the size: ${size} by ${heads}. Use a divisor.`,
    );
  }
  const attend: AttentionLayer["attend"] = (params, x, memory, mask) =>
    scope(() => {
      const biases = "bq" in params ? params : null;
      const affine = (of: Tensor, w: Tensor, b?: Tensor) =>
        b === undefined ? matmul(of, w) : add(matmul(of, w), b);
      const apart = (y: Tensor) => {
        const [b, t] = y.shape;
        return transpose(reshape(y, [b, t, heads, size / heads]), [0, 2, 1, 3]);
      };
      const q = apart(affine(x, params.wq, biases?.bq));
      const k = apart(affine(memory, params.wk, biases?.bk));
      const v = apart(affine(memory, params.wv, biases?.bv));
      const y = attention(q, k, v, { causal, mask: mask && overHeads(mask) });
      return affine(reshape(transpose(y, [0, 2, 1, 3]), x.shape), params.wo, biases?.bo);
    });
  return {
    init: (key) =>
      scope(() => {
        const [wq, wk, wv, wo] = split(key, 4).map((one) =>
          normal(one, [size, size], { std: 1 / Math.sqrt(size) }),
        );
        if (!bias) return { wq, wk, wv, wo };
        const [bq, bk, bv, bo] = [0, 1, 2, 3].map(() => zeros([size]));
        return { wq, wk, wv, wo, bq, bk, bv, bo };
      }),
    attend,
    apply: (params, x, context) => attend(params, x, x, context?.mask),
  };
}

/** [b, tk] or [b, tq, tk] with an axis for the heads. */
function overHeads(mask: Tensor): Tensor {
  const [b, ...rest] = mask.shape;
  return reshape(mask, rest.length === 1 ? [b, 1, 1, ...rest] : [b, 1, ...rest]);
}
