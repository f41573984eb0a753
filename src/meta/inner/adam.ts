// Adam inside an unroll: ε² stands inside the root, so that its derivative exists where a gradient
// is zero.

import { optionsOf } from "../../core/options";
import { add, div, mul, sub } from "../../ops/arithmetic";
import { sqrt, square } from "../../ops/math";
import { inRange, mapTrees } from "../../optim/optimizer";
import { scalar, zerosOf } from "../../optim/state";
import type { Tensor } from "../../tensor/tensor";
import type { Tree } from "../../tensor/tree";
import type { InnerOptimizer, Scalars } from "../innerOptimizer";
import { decay, decayOf, logOf, rateOf, unbiased } from "./learned";

export interface AdamOptions {
  readonly lr: number;
  /** Default 0.9; Reptile takes 0. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-3. Its inverse is the slope of the first step at a zero gradient: far below, the
   * meta-gradient explodes. */
  readonly eps?: number;
  /** Learn rate and decays, as logarithms. Default false. */
  readonly learn?: boolean;
}

export type AdamState = {
  /** Steps done, a float32 scalar. */
  readonly step: Tensor;
  readonly m: Tree;
  readonly v: Tree;
};

/** m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; p ← p − lr · m̂ / √(v̂ + ε²) (Kingma and Ba
 * 2015, with the bias corrections m̂ and v̂). */
export function adam(options: AdamOptions): InnerOptimizer<Scalars, AdamState> {
  optionsOf("inner.adam", options, ["lr", "beta1", "beta2", "eps", "learn"]);
  const { lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-3, learn = false } = options;
  inRange("inner.adam", "lr", lr, 0);
  inRange("inner.adam", "beta1", beta1, 0, 1);
  inRange("inner.adam", "beta2", beta2, 0, 1);
  inRange("inner.adam", "eps", eps, 0);
  return {
    initMeta: (params) => {
      if (!learn) return {};
      const decays = { beta1: decayOf(params, beta1), beta2: decayOf(params, beta2) };
      return { logLr: logOf(params, lr), ...decays };
    },
    init: (params) => ({ step: scalar(params, 0), m: zerosOf(params), v: zerosOf(params) }),
    update: (grads, state, params, { meta }) => {
      const step = add(state.step, 1);
      const [first, second] = [decay(meta.beta1, beta1), decay(meta.beta2, beta2)];
      const rate = div(rateOf(meta.logLr, lr), unbiased(first, step));
      const scale = unbiased(second, step);
      const [next, m, v] = mapTrees(
        3,
        (p, g, m0, v0) => {
          const m = add(mul(m0, first.beta), mul(g, first.rest));
          const v = add(mul(v0, second.beta), mul(square(g), second.rest));
          const size = sqrt(add(div(v, scale), eps * eps));
          return [sub(p, mul(rate, div(m, size))), m, v];
        },
        params,
        grads,
        state.m,
        state.v,
      );
      return [next, { step, m, v }];
    },
  };
}
