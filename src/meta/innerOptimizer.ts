// What an inner optimizer is: how a learner's parameters move on a task's support set. What is
// learned about the moving itself is `meta`; all of it is differentiable, to any order.

import type { Key } from "../ops/random";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import type { Factors } from "./factors";

export interface InnerInfo<M extends Tree> {
  readonly meta: M;
  /** Inner steps done so far, those of earlier windows not counted. */
  readonly step: number;
  /** Inner steps of a run while meta-training. */
  readonly steps: number;
  /** The support loss at the current parameters. */
  readonly loss: Tensor;
  /** Of every parameter, in the order of `leaves`: the factors of its gradient, where the optimizer
   * asks for them and the parameter is a linear map. */
  readonly factors?: readonly (readonly Factors[])[];
}

export interface InnerOptimizer<M extends Tree = Tree, S extends Tree = Tree> {
  /** What is learned: rates, matrices, a net; {} where nothing is. `steps` is how many inner steps
   * meta-training takes, where that is known. */
  initMeta(params: Tree, key?: Key, steps?: number): M;
  /** One run's state: momenta, recurrent state; {} where there is none. */
  init(params: Tree): S;
  update<P extends Tree>(grads: P, state: S, params: P, info: InnerInfo<M>): [P, S];
  /** The parameters that move, by path such as `layers[0].w`; left out: all. */
  readonly moves?: (path: string) => boolean;
  /** Whether `update` reads `info.factors`. */
  readonly needsFactors?: boolean;
}

/** An inner optimizer whatever it learns and carries. */
// biome-ignore lint/suspicious/noExplicitAny: meta and state are handed back as they came
export type AnyInner = InnerOptimizer<any, any>;

/** The tree of what learns nothing, or carries nothing. */
export type Nothing = Record<string, never>;

/** Named numbers that are learned. */
export type Scalars = { readonly [name: string]: Tensor };
