// Model-agnostic meta-learning (Finn et al. 2017): an initialisation that adapts in few steps,
// learned by an outer optimizer from gradients through the inner loop.

import type { Key } from "../ops/random";
import type { AnyOptimizer } from "../optim/optimizer";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import type { Tasks } from "./tasks";
import { type MetaStats, type Unrolled, type UnrollOptions, unroll } from "./unroll";

export interface MamlOptions<P extends Tree, M extends Tree, S extends Tree, B>
  extends UnrollOptions<P, M, S, B> {
  /** Moves parameters and what the inner optimizer learns along the meta-gradient. */
  readonly outer: AnyOptimizer;
}

/** All that meta-training changes: save it, and training goes on from it bit by bit. */
export type MamlState<P extends Tree, M extends Tree> = {
  readonly params: P;
  readonly meta: M;
  readonly outer: Tree;
};

export interface Maml<P extends Tree, M extends Tree, B> extends Unrolled<P, M, B> {
  init(params: P, key?: Key): MamlState<P, M>;
  /** One meta-update. The old state is not changed, and is the caller's to dispose. */
  step(
    state: MamlState<P, M>,
    tasks: Tasks<B>,
  ): { state: MamlState<P, M>; value: Tensor; stats: MetaStats };
}

/** A meta-learner: `unroll` with an outer optimizer around it. */
export function maml<P extends Tree, M extends Tree, S extends Tree, B>(
  options: MamlOptions<P, M, S, B>,
): Maml<P, M, B> {
  const loop = unroll(options);
  const { outer } = options;
  return {
    ...loop,
    init: (params, key) =>
      scope(() => {
        const meta = options.inner.initMeta(params, key);
        return { params, meta, outer: outer.init({ params, meta }) };
      }),
    step: (state, tasks) =>
      scope(() => {
        const { params, meta } = state;
        const { value, grads, stats } = loop.metaGrad({ params, meta }, tasks);
        const [next, outerState] = outer.update(grads, state.outer, { params, meta });
        return { state: { ...next, outer: outerState }, value, stats };
      }),
  };
}
