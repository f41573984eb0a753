// Inner optimizers: how a learner's parameters move on a task's support set. What is learned about
// the moving itself is `meta`; all of it is differentiable.

import { mul, sub } from "../ops/arithmetic";
import type { Key } from "../ops/random";
import { inRange } from "../optim/optimizer";
import type { Like } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";

export interface InnerInfo<M extends Tree> {
  readonly meta: M;
  /** Inner steps done so far. */
  readonly step: number;
  /** The support loss at the current parameters. */
  readonly loss: Tensor;
}

export interface InnerOptimizer<M extends Tree = Tree, S extends Tree = Tree> {
  /** What is learned: rates, matrices, a net; {} where nothing is. */
  initMeta(params: Tree, key?: Key): M;
  /** One run's state: momenta, recurrent state; {} where there is none. */
  init(params: Tree): S;
  update<P extends Tree>(grads: P, state: S, params: P, info: InnerInfo<M>): [P, S];
}

type Nothing = Record<string, never>;

/** p ← p − lr · g, with a rate that is not learned. */
function sgd({ lr }: { readonly lr: Like }): InnerOptimizer<Nothing, Nothing> {
  inRange("inner.sgd", "lr", lr, 0);
  return {
    initMeta: () => ({}),
    init: () => ({}),
    update: (grads, state, params) => [mapTree((p, g) => sub(p, mul(g, lr)), params, grads), state],
  };
}

export const inner = { sgd };
