// Gradient descent with momentum, whose velocity is carried over the inner steps.

import { optionsOf } from "../../core/options";
import { add, mul, sub } from "../../ops/arithmetic";
import { inRange, mapTrees } from "../../optim/optimizer";
import { zerosOf } from "../../optim/state";
import type { Tree } from "../../tensor/tree";
import type { InnerOptimizer, Scalars } from "../innerOptimizer";
import { decay, decayOf, logOf, rateOf } from "./learned";

export interface MomentumOptions {
  readonly lr: number;
  /** Share of the velocity that stays. Default 0.9. */
  readonly momentum?: number;
  /** Learn both, as logarithms. Default false. */
  readonly learn?: boolean;
}

export type MomentumState = { readonly velocity: Tree };

/** v ← momentum · v + g; p ← p − lr · v (Polyak 1964). */
export function momentum(options: MomentumOptions): InnerOptimizer<Scalars, MomentumState> {
  optionsOf("inner.momentum", options, ["lr", "momentum", "learn"]);
  const { lr, momentum: start = 0.9, learn = false } = options;
  inRange("inner.momentum", "lr", lr, 0);
  inRange("inner.momentum", "momentum", start, 0, 1);
  return {
    initMeta: (params): Scalars =>
      learn ? { logLr: logOf(params, lr), momentum: decayOf(params, start) } : {},
    init: (params) => ({ velocity: zerosOf(params) }),
    update: (grads, { velocity }, params, { meta }) => {
      const rate = rateOf(meta.logLr, lr);
      const { beta } = decay(meta.momentum, start);
      const [next, moved] = mapTrees(
        2,
        (p, g, v) => {
          const own = add(mul(v, beta), g);
          return [sub(p, mul(own, rate)), own];
        },
        params,
        grads,
        velocity,
      );
      return [next, { velocity: moved }];
    },
  };
}
