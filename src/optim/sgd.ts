// Gradient descent, plain and with momentum.

import { optionsOf } from "../core/options";
import { add, mul, sub } from "../ops/arithmetic";
import type { Like } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";
import { inRange, mapTrees, type Optimizer, type Rate, rateAt } from "./optimizer";
import { scalar, zerosOf } from "./state";

export type SgdState = {
  /** Steps done, a float32 scalar. */
  readonly step: Tensor;
};

export interface SgdOptions {
  readonly lr: Rate;
  /** Added to the gradient times the parameter. Default 0. */
  readonly weightDecay?: Like;
}

/** p ← p − lr · (g + weightDecay · p). */
export function sgd(options: SgdOptions): Optimizer<SgdState> {
  const { lr, weightDecay = 0 } = optionsOf("sgd", options, ["lr", "weightDecay"]);
  inRange("sgd", "lr", lr, 0);
  inRange("sgd", "weightDecay", weightDecay, 0);
  return {
    init: (params) => ({ step: scalar(params, 0) }),
    update: (grads, { step }, params) =>
      scope(() => {
        const rate = rateAt(lr, step);
        const next = mapTree(
          (p, g) => sub(p, mul(decayed(g, p, weightDecay), rate)),
          params,
          grads,
        );
        return [next, { step: add(step, 1) }];
      }),
  };
}

function decayed(g: Tensor, p: Tensor, weightDecay: Like): Tensor {
  return weightDecay === 0 ? g : add(g, mul(p, weightDecay));
}

export type MomentumState = {
  readonly step: Tensor;
  readonly velocity: Tree;
};

export interface MomentumOptions extends SgdOptions {
  /** Share of the velocity that stays. Default 0.9. */
  readonly momentum?: Like;
  /** Step along where the velocity will be (Nesterov 1983). Default false. */
  readonly nesterov?: boolean;
}

/** v ← momentum · v + g + weightDecay · p; p ← p − lr · v (Polyak 1964). */
export function momentum(options: MomentumOptions): Optimizer<MomentumState> {
  optionsOf("momentum", options, ["lr", "momentum", "nesterov", "weightDecay"]);
  const { lr, momentum: beta = 0.9, nesterov = false, weightDecay = 0 } = options;
  inRange("momentum", "lr", lr, 0);
  inRange("momentum", "momentum", beta, 0, 1);
  inRange("momentum", "weightDecay", weightDecay, 0);
  return {
    init: (params) => ({ step: scalar(params, 0), velocity: zerosOf(params) }),
    update: (grads, { step, velocity }, params) =>
      scope(() => {
        const rate = rateAt(lr, step);
        const [next, v] = mapTrees(
          2,
          (p, g, v) => {
            const slope = decayed(g, p, weightDecay);
            const moved = add(mul(v, beta), slope);
            const along = nesterov ? add(mul(moved, beta), slope) : moved;
            return [sub(p, mul(along, rate)), moved];
          },
          params,
          grads,
          velocity,
        );
        return [next, { step: add(step, 1), velocity: v }];
      }),
  };
}
