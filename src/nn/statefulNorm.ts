// Batch normalization that remembers: the statistics of training are a state, in and out.

import { stopGradient } from "../grad/stop";
import { add, mul, sub } from "../ops/arithmetic";
import { rsqrt } from "../ops/math";
import { batchNorm } from "../ops/normalize";
import type { Key } from "../ops/random";
import { mean, variance } from "../ops/reduce";
import { ones, zeros } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { NormParams } from "./norm";

/** Running statistics of each feature. */
export type NormState = {
  readonly mean: Tensor;
  /** With n − 1 in the divisor. */
  readonly variance: Tensor;
};

export interface StatefulNorm {
  init(key: Key): { readonly params: NormParams; readonly state: NormState };
  /** y and the next state. With `train` by the statistics of x [..., features], which the state
   * takes in; else by those of the state, which stays. */
  apply(
    params: NormParams,
    state: NormState,
    x: Tensor,
    options: { readonly train: boolean },
  ): [Tensor, NormState];
}

/**
 * Batch normalization (Ioffe and Szegedy 2015) whose prediction for one example does not depend on
 * others once trained: state ← (1 − momentum) state + momentum statistics. No gradient passes
 * through the state.
 */
export function statefulNorm(
  features: number,
  { momentum = 0.1, eps = 1e-5 }: { readonly momentum?: number; readonly eps?: number } = {},
): StatefulNorm {
  return {
    init: () =>
      scope(() => ({
        params: { gamma: ones([features]), beta: zeros([features]) },
        state: { mean: zeros([features]), variance: ones([features]) },
      })),
    apply: ({ gamma, beta }, state, x, { train }) =>
      scope(() => {
        if (!train) {
          const scale = mul(rsqrt(add(state.variance, eps)), gamma);
          return [add(mul(sub(x, state.mean), scale), beta), state];
        }
        const axis = x.shape.map((_, i) => i).slice(0, -1);
        const seen = stopGradient(x);
        const count = x.size / features;
        const next = (old: Tensor, now: Tensor) => add(mul(old, 1 - momentum), mul(now, momentum));
        return [
          batchNorm(x, gamma, beta, { eps }),
          {
            mean: next(state.mean, mean(seen, { axis })),
            // One example has no variance but that around itself.
            variance: next(state.variance, variance(seen, { axis, ddof: count > 1 ? 1 : 0 })),
          },
        ];
      }),
  };
}
