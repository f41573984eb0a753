// Adam (Kingma and Ba 2015) and AdamW, with ε² inside the root, so that both can be differentiated
// at a zero gradient too.

import { optionsOf } from "../core/options";
import { add, div, mul, pow, sub } from "../ops/arithmetic";
import { sqrt, square } from "../ops/math";
import type { Like } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { inRange, mapTrees, type Optimizer, type Rate, rateAt } from "./optimizer";
import { rest, scalar, zerosOf } from "./state";

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

const NAMES = ["lr", "beta1", "beta2", "eps"] as const;

export interface AdamWOptions extends AdamOptions {
  /** Default 0.01. */
  readonly weightDecay?: Like;
  /** Which parameters decay. Default: all; biases and norms are left out by
   * `(p) => p.shape.length > 1`. */
  readonly decays?: (p: Tensor) => boolean;
}

/**
 * m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
 * p ← p − lr · m̂ / √(v̂ + ε²), where m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
 */
export function adam(options: AdamOptions): Optimizer<AdamState> {
  return adaptive("adam", optionsOf("adam", options, NAMES), () => null);
}

/** Adam whose parameters also shrink, apart from the gradient: p ← p − lr · weightDecay · p
 * (Loshchilov and Hutter 2019). */
export function adamw(options: AdamWOptions): Optimizer<AdamState> {
  optionsOf("adamw", options, [...NAMES, "weightDecay", "decays"]);
  const { weightDecay = 0.01, decays = () => true } = options;
  inRange("adamw", "weightDecay", weightDecay, 0);
  return adaptive("adamw", options, (p) => (decays(p) ? weightDecay : null));
}

function adaptive(
  name: string,
  { lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }: AdamOptions,
  decayOf: (p: Tensor) => Like | null,
): Optimizer<AdamState> {
  inRange(name, "lr", lr, 0);
  inRange(name, "beta1", beta1, 0, 1);
  inRange(name, "beta2", beta2, 0, 1);
  inRange(name, "eps", eps, 0);
  return {
    init: (params) => ({ step: scalar(params, 0), m: zerosOf(params), v: zerosOf(params) }),
    update: (grads, state, params) =>
      scope(() => {
        const step = add(state.step, 1);
        const given = rateAt(lr, state.step);
        const rate = div(given, sub(1, pow(beta1, step)));
        const scale = sub(1, pow(beta2, step));
        const [next, m, v] = mapTrees(
          3,
          (p, g, m0, v0) => {
            const m = add(mul(m0, beta1), mul(g, rest(beta1)));
            const v = add(mul(v0, beta2), mul(square(g), rest(beta2)));
            const size = sqrt(add(div(v, scale), eps * eps));
            const decay = decayOf(p);
            const kept = decay === null ? p : sub(p, mul(p, mul(given, decay)));
            return [sub(kept, mul(rate, div(m, size))), m, v];
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
