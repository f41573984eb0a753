// Reptile (Nichol et al. 2018): move the initialisation towards where inner training ended. No
// gradient passes through the inner loop.

import { needWhole } from "../core/options";
import { stopGradient } from "../grad/index";
import { sub } from "../ops/arithmetic";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";
import { averageGradient } from "./average";
import type { InnerOptimizer } from "./innerOptimizer";
import type { Task, Tasks, Way } from "./tasks";
import { type Trained, trained, type WithOuter } from "./trained";
import { type Learned, type MetaGradient, type Unrolled, unroll } from "./unroll";

export interface ReptileOptions<P extends Tree, M extends Tree, S extends Tree, B>
  extends WithOuter {
  /** As for `unroll`. */
  readonly loss: (params: P, batch: B, step: number) => Tensor;
  readonly inner: InnerOptimizer<M, S>;
  /** Inner steps on each task. */
  readonly steps: number;
  /** What of the support set a step sees. Default: all of it. */
  readonly batch?: (support: B, step: number) => B;
  /** As for `unroll`. */
  readonly tasks?: Way;
}

export type Reptile<P extends Tree, M extends Tree, B, S extends Tree = Tree> = Trained<P, M, B> &
  Pick<Unrolled<P, M, B, S>, "initMeta" | "adapt" | "evaluate"> & {
    /** Mean query loss after the inner steps, and θ − mean(φ): with plain sgd as `outer`, its rate
     * is how far θ moves towards the mean of where tasks ended. */
    metaGrad(learned: Learned<P, M>, tasks: Tasks<B>): MetaGradient<P, M>;
  };

/**
 * A meta-learner that needs no gradient through its inner loop: the start moves towards where
 * tasks end.
 */
export function reptile<P extends Tree, M extends Tree, S extends Tree, B>(
  options: ReptileOptions<P, M, S, B>,
): Reptile<P, M, B, S> {
  const { loss, inner, steps, batch, outer, tasks: way } = options;
  needWhole("reptile", { steps }, 0);
  const loop = unroll({ loss, inner, steps, order: 1, batch, tasks: way });
  const one = (learned: Learned<P, M>, { support, query }: Task<B>): [Tensor, P] => {
    const end = loop.adapt(learned, support);
    const move = mapTree(sub, stopGradient(learned.params), end);
    return [loss(end, query, steps), move];
  };
  const learner = {
    initMeta: loop.initMeta,
    adapt: loop.adapt,
    evaluate: loop.evaluate,
    metaGrad: averageGradient("metaGrad", one, way),
  };
  return { ...learner, ...trained(learner, outer) };
}
