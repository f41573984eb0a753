// A problem of the page: what is meta-learned, on which tasks, and what its own chart shows. Task
// `index` of a seed is always the same, so that a run can be taken up at any step.

import { meta, type optim, type Tensor, type Tree } from "hypergrad";

import type { Picture } from "./settings";

/** A batch of tasks: an axis of tasks in front of every tensor. */
export type TaskBatch = { readonly support: Tree; readonly query: Tree };

export type Learner = ReturnType<Problem["learner"]>;

/** What one run has learned, and all that its next step depends on. */
export type State = meta.MamlState<Tree, Tree>;

export interface Problem {
  /** A sentence under the heading. */
  readonly about: string;
  /** Inner steps while meta-training. */
  readonly steps: number;
  readonly inner: meta.InnerOptimizer<Tree, Tree>;
  readonly loss: (params: Tree, batch: Tree) => Tensor;
  readonly outer: optim.Optimizer<Tree>;
  /** Of the losses after each inner step. Default: the last alone. */
  readonly weights?: readonly number[];
  /** Where the inner loop starts: learned ("start"), or drawn afresh for each step. */
  readonly learns: "start" | "optimizer";
  start(seed: number, index: number): Tree;
  tasks(seed: number, index: number): TaskBatch;
  learner(order: 1 | 2): meta.Unrolled<Tree, Tree, Tree>;
  /** What the run of the higher order has learned to do on test tasks. */
  picture(learner: Learner, state: State): Promise<Picture | null>;
  accuracy?(learner: Learner, state: State): Promise<readonly [number, number]>;
}

type Parts = Omit<Problem, "learner">;

/** A problem with the learner that its parts make. */
export function problem(parts: Parts): Problem {
  const { loss, inner, steps, weights } = parts;
  return {
    ...parts,
    learner: (order) =>
      meta.unroll({ loss, inner, steps, order, weights, tasks: "batch", trace: true }),
  };
}
