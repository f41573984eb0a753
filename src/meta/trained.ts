// An outer optimizer around anything that has a meta-gradient.

import type { Key } from "../ops/random";
import type { AnyOptimizer } from "../optim/optimizer";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { checkOuter } from "./checks";
import type { Tasks } from "./tasks";
import type { Learned, MetaGradient, MetaStats } from "./unroll";

export interface WithOuter {
  /** Moves parameters and what the inner optimizer learns along the meta-gradient. */
  readonly outer: AnyOptimizer;
}

/** All that meta-training changes: save it, and training goes on from it bit by bit. */
export type MamlState<P extends Tree, M extends Tree> = {
  readonly params: P;
  readonly meta: M;
  readonly outer: Tree;
};

export interface Trained<P extends Tree, M extends Tree, B> {
  init(params: P, key?: Key): MamlState<P, M>;
  /** One meta-update. The old state is not changed, and is the caller's to dispose. */
  step(
    state: MamlState<P, M>,
    tasks: Tasks<B>,
  ): { state: MamlState<P, M>; value: Tensor; stats: MetaStats };
}

/** What can be trained. */
interface Trainable<P extends Tree, M extends Tree, B> {
  initMeta(params: P, key?: Key): M;
  metaGrad(learned: Learned<P, M>, tasks: Tasks<B>): MetaGradient<P, M>;
}

export function trained<P extends Tree, M extends Tree, B>(
  learner: Trainable<P, M, B>,
  outer: AnyOptimizer,
): Trained<P, M, B> {
  checkOuter(outer);
  return {
    init: (params, key) =>
      scope(() => {
        const meta = learner.initMeta(params, key);
        return { params, meta, outer: outer.init({ params, meta }) };
      }),
    step: (state, tasks) =>
      scope(() => {
        const { params, meta } = state;
        const { value, grads, stats } = learner.metaGrad({ params, meta }, tasks);
        const [next, outerState] = outer.update(grads, state.outer, { params, meta });
        return { state: { ...next, outer: outerState }, value, stats };
      }),
  };
}
