// Prototypical networks (Snell et al. 2017): a class is the mean of its support embeddings, and a
// query is of the class that is nearest. Nothing is adapted.

import { needWhole } from "../core/options";
import { add, div, maximum, mul, sub } from "../ops/arithmetic";
import { oneHot } from "../ops/gather";
import { crossEntropy } from "../ops/losses";
import { square } from "../ops/math";
import { matmul } from "../ops/matmul";
import { sum } from "../ops/reduce";
import { expandDims } from "../ops/reshape";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { averageLoss } from "./average";
import type { Nothing } from "./innerOptimizer";
import type { Task, Tasks, Way } from "./tasks";
import { type Trained, trained, type WithOuter } from "./trained";
import type { Learned, MetaGradient } from "./unroll";

/** Inputs [n, ...] and their labels, int32 [n] from 0 to way − 1. */
export type Examples = { readonly x: Tensor; readonly y: Tensor };

export interface ProtoNetOptions<P extends Tree> extends WithOuter {
  /** Inputs [n, ...] to embeddings [n, d]. */
  readonly embed: (params: P, x: Tensor) => Tensor;
  /** Classes of an episode. */
  readonly way: number;
  /** As for `unroll`. */
  readonly tasks?: Way;
}

export type ProtoNet<P extends Tree> = Trained<P, Nothing, Examples> & {
  initMeta(params: P): Nothing;
  /** Mean query loss and its gradient. */
  metaGrad(learned: Learned<P, Nothing>, tasks: Tasks<Examples>): MetaGradient<P, Nothing>;
  /** The prototype of each class, [way, d]; zeros for one without examples. */
  prototypes(params: P, support: Examples): Tensor;
  /** −|f(x) − prototype|² of each input and class, [n, way]: softmax gives probabilities. */
  logits(params: P, support: Examples, x: Tensor): Tensor;
};

/** @throws ValueError when `way` is no whole number from 2 */
export function protoNet<P extends Tree>(options: ProtoNetOptions<P>): ProtoNet<P> {
  const { embed, way, tasks, outer } = options;
  needWhole("protoNet", { way }, 2);

  function prototypes(params: P, { x, y }: Examples): Tensor {
    const member = oneHot(y, way);
    const counts = expandDims(maximum(sum(member, { axis: 0 }), 1), 1);
    return div(matmul(member, embed(params, x), { transposeA: true }), counts);
  }

  /** −|f − c|² by its three terms: one product instead of n · way differences. */
  function logits(params: P, support: Examples, x: Tensor): Tensor {
    const [f, c] = [embed(params, x), prototypes(params, support)];
    const across = matmul(f, c, { transposeB: true });
    const own = add(
      sum(square(f), { axis: 1, keepDims: true }),
      expandDims(sum(square(c), { axis: 1 }), 0),
    );
    return sub(mul(across, 2), own);
  }

  const one = (params: P, { support, query }: Task<Examples>): Tensor =>
    crossEntropy(logits(params, support, query.x), query.y);
  const learner = {
    initMeta: (): Nothing => ({}),
    metaGrad: averageLoss<P, Nothing, Examples>("metaGrad", one, tasks),
  };
  return {
    ...learner,
    prototypes: (params, support) => scope(() => prototypes(params, support)),
    logits: (params, support, x) => scope(() => logits(params, support, x)),
    ...trained(learner, outer),
  };
}
