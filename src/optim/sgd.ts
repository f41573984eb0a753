// Gradient descent, plain and with momentum.

import { add, mul, sub } from "../ops/arithmetic";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";
import { inRange, mapTrees, type Optimizer, type Rate, rateAt } from "./optimizer";
import { scalar, zerosOf } from "./state";

export type SgdState = {
  /** Steps done, a float32 scalar. */
  readonly step: Tensor;
};

/** p ← p − lr · g. */
export function sgd({ lr }: { readonly lr: Rate }): Optimizer<SgdState> {
  inRange("sgd", "lr", lr, 0);
  return {
    init: (params) => ({ step: scalar(params, 0) }),
    update: (grads, { step }, params) =>
      scope(() => {
        const rate = rateAt(lr, step);
        return [mapTree((p, g) => sub(p, mul(g, rate)), params, grads), { step: add(step, 1) }];
      }),
  };
}

export type MomentumState = {
  readonly step: Tensor;
  readonly velocity: Tree;
};

export interface MomentumOptions {
  readonly lr: Rate;
  /** Share of the velocity that stays. Default 0.9. */
  readonly momentum?: number;
  /** Step along where the velocity will be (Nesterov 1983). Default false. */
  readonly nesterov?: boolean;
}

/** v ← momentum · v + g; p ← p − lr · v (Polyak 1964). */
export function momentum(options: MomentumOptions): Optimizer<MomentumState> {
  const { lr, momentum: beta = 0.9, nesterov = false } = options;
  inRange("momentum", "lr", lr, 0);
  inRange("momentum", "momentum", beta, 0, 1);
  return {
    init: (params) => ({ step: scalar(params, 0), velocity: zerosOf(params) }),
    update: (grads, { step, velocity }, params) =>
      scope(() => {
        const rate = rateAt(lr, step);
        const [next, v] = mapTrees(
          2,
          (p, g, v) => {
            const moved = add(mul(v, beta), g);
            const along = nesterov ? add(mul(moved, beta), g) : moved;
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
