// RMSprop (Tieleman and Hinton 2012), with ε² inside the root, so that it can be differentiated at
// a zero gradient too.

import { optionsOf } from "../core/options";
import { add, div, mul, sub } from "../ops/arithmetic";
import { sqrt, square } from "../ops/math";
import type { Like } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { inRange, mapTrees, type Optimizer, type Rate, rateAt } from "./optimizer";
import { rest, scalar, zerosOf } from "./state";

export type RmspropState = {
  /** Steps done, a float32 scalar. */
  readonly step: Tensor;
  /** Moving mean of the gradient's square. */
  readonly v: Tree;
  readonly velocity: Tree;
};

export interface RmspropOptions {
  readonly lr: Rate;
  /** Share of the moving mean that stays. Default 0.99. */
  readonly decay?: Like;
  /** Share of the velocity that stays. Default 0. */
  readonly momentum?: Like;
  /** Default 1e-8. Where gradients pass through updates, take it far larger, such as 1e-3. */
  readonly eps?: number;
}

/** v ← decay · v + (1 − decay) g²; u ← momentum · u + g / √(v + ε²); p ← p − lr · u. */
export function rmsprop(options: RmspropOptions): Optimizer<RmspropState> {
  optionsOf("rmsprop", options, ["lr", "decay", "momentum", "eps"]);
  const { lr, decay = 0.99, momentum = 0, eps = 1e-8 } = options;
  inRange("rmsprop", "lr", lr, 0);
  inRange("rmsprop", "decay", decay, 0, 1);
  inRange("rmsprop", "momentum", momentum, 0, 1);
  inRange("rmsprop", "eps", eps, 0);
  return {
    init: (params) => ({
      step: scalar(params, 0),
      v: zerosOf(params),
      velocity: zerosOf(params),
    }),
    update: (grads, state, params) =>
      scope(() => {
        const rate = rateAt(lr, state.step);
        const [next, v, velocity] = mapTrees(
          3,
          (p, g, v0, u0) => {
            const v = add(mul(v0, decay), mul(square(g), rest(decay)));
            const u = add(mul(u0, momentum), div(g, sqrt(add(v, eps * eps))));
            return [sub(p, mul(u, rate)), v, u];
          },
          params,
          grads,
          state.v,
          state.velocity,
        );
        return [next, { step: add(state.step, 1), v, velocity }];
      }),
  };
}
