// Adam (Kingma and Ba 2015), with ε² inside the root, so that it can be differentiated at a zero
// gradient too.

import { add, div, mul, pow, sub } from "../ops/arithmetic";
import { sqrt, square } from "../ops/math";
import type { Like } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { inRange, mapTrees, type Optimizer, type Rate, rateAt } from "./optimizer";
import { scalar, zerosOf } from "./state";

export type AdamState = {
  /** Steps done, a float32 scalar. */
  readonly step: Tensor;
  /** Moving mean of the gradient. */
  readonly m: Tree;
  /** Moving mean of its square. */
  readonly v: Tree;
};

export interface AdamOptions {
  readonly lr: Rate;
  /** Default 0.9. */
  readonly beta1?: Like;
  /** Default 0.999. */
  readonly beta2?: Like;
  /** Default 1e-8. Where gradients pass through updates, take it far larger, such as 1e-3. */
  readonly eps?: number;
}

/**
 * m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
 * p ← p − lr · m̂ / √(v̂ + ε²), where m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
 */
export function adam(options: AdamOptions): Optimizer<AdamState> {
  const { lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = options;
  inRange("adam", "lr", lr, 0);
  inRange("adam", "beta1", beta1, 0, 1);
  inRange("adam", "beta2", beta2, 0, 1);
  inRange("adam", "eps", eps, 0);
  return {
    init: (params) => ({ step: scalar(params, 0), m: zerosOf(params), v: zerosOf(params) }),
    update: (grads, state, params) =>
      scope(() => {
        const step = add(state.step, 1);
        const rate = div(rateAt(lr, state.step), sub(1, pow(beta1, step)));
        const scale = sub(1, pow(beta2, step));
        const [next, m, v] = mapTrees(
          3,
          (p, g, m0, v0) => {
            const m = add(mul(m0, beta1), mul(g, sub1(beta1)));
            const v = add(mul(v0, beta2), mul(square(g), sub1(beta2)));
            const size = sqrt(add(div(v, scale), eps * eps));
            return [sub(p, mul(rate, div(m, size))), m, v];
          },
          params,
          grads,
          state.m,
          state.v,
        );
        return [next, { step, m, v }];
      }),
  };
}

function sub1(beta: Like): Like {
  return typeof beta === "number" ? 1 - beta : sub(1, beta);
}
