// What the two attention kernels mean, in ops that hold all scores: their test, and the gradient
// of the backward one.

import { add, mul, sub } from "../ops/arithmetic";
import { lessEqual, logicalAnd, where } from "../ops/compare";
import { cumsum } from "../ops/cumulative";
import { expand } from "../ops/expand";
import { matmul } from "../ops/matmul";
import { sum } from "../ops/reduce";
import { softmax } from "../ops/softmax";
import { constant } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";

/** Queries [n, tq, d], keys [n, tk, d], values [n, tk, dv]. */
interface AttentionInputs {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  /** bool, broadcasts to [n, tq, tk]. */
  readonly mask?: Tensor;
  readonly causal: boolean;
  readonly scale: number;
}

/** So low that its exponential is 0 beside any score; less than any, yet no infinity. */
const LOW = -1e30;

/** The weight of each key for each query, [n, tq, tk]; 0 for a query that sees no key. */
function weights({ q, k, mask, causal, scale }: AttentionInputs): Tensor {
  const scores = mul(matmul(q, k, { transposeB: true }), scale);
  const shown = visible(q, k, mask, causal);
  if (shown === null) return softmax(scores);
  return where(shown, softmax(where(shown, scores, LOW)), 0);
}

function visible(q: Tensor, k: Tensor, mask: Tensor | undefined, causal: boolean): Tensor | null {
  if (!causal) return mask ?? null;
  const [tq, tk] = [q, k].map((x) => x.shape[x.shape.length - 2]);
  const count = (shape: number[], axis: number) =>
    cumsum(expand(constant(q.device, 1, "float32"), shape), { axis });
  const before = lessEqual(count([1, tk], 1), add(count([tq, 1], 0), tk - tq));
  return mask === undefined ? before : logicalAnd(before, mask);
}

/** softmax(scale q kᵀ) v, over the keys that each query sees: [n, tq, dv]. */
export function attentionSteps(inputs: AttentionInputs): Tensor {
  return matmul(weights(inputs), inputs.v);
}

/** The gradients of sum(g · y) by q, k and v. */
export function attentionBackwardSteps(
  inputs: AttentionInputs,
  g: Tensor,
): [Tensor, Tensor, Tensor] {
  const { q, k, v, scale } = inputs;
  const p = weights(inputs);
  const dp = matmul(g, v, { transposeB: true });
  const ds = mul(mul(p, sub(dp, sum(mul(dp, p), { axis: -1, keepDims: true }))), scale);
  return [matmul(ds, k), matmul(ds, q, { transposeA: true }), matmul(p, g, { transposeA: true })];
}
