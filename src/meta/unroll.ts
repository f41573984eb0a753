// The inner loop of every meta-learner, and the gradient through it. Meta-learners differ only in
// the inner optimizer that they give it.

import { ValueError } from "../core/errors";
import { checkpoint, stopGradient, valueAndGrad, vmap } from "../grad/index";
import { add, div } from "../ops/arithmetic";
import { stack } from "../ops/movement";
import { mean } from "../ops/reduce";
import { capturing } from "../tensor/op";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";
import type { InnerOptimizer } from "./inner";
import { alike, isList, listed, someTasks, stacked, type Task, type Tasks } from "./tasks";

/** What is meta-learned: the starting point, and what the inner optimizer learns. */
export type Learned<P extends Tree, M extends Tree> = {
  readonly params: P;
  readonly meta: M;
};

export interface UnrollOptions<P extends Tree, M extends Tree, S extends Tree, B> {
  /** The loss of parameters on a batch: one number. */
  readonly loss: (params: P, batch: B) => Tensor;
  readonly inner: InnerOptimizer<M, S>;
  /** Inner steps while meta-training. */
  readonly steps: number;
  /** 2: the exact meta-gradient. 1: inner gradients count as constants (first-order MAML). */
  readonly order: 1 | 2;
  /** "store" keeps the graph of all steps; "checkpoint" keeps parameters and runs each step again
   * in the backward pass: less memory, more time, the same gradient. Default "store". */
  readonly mode?: "store" | "checkpoint";
  /** "batch" runs every op once for all tasks, whose shapes must be equal: one graph for all of
   * them. "loop" takes them one by one and frees each one's graph before the next: less memory,
   * more calls. Same result, to rounding. Default "loop"; "batch" for stacked tasks, and inside
   * `compile` where shapes are equal. */
  readonly tasks?: "loop" | "batch";
}

export type MetaStats = {
  /** The query loss of each task, [tasks]: infinite and NaN ones are here and in the mean. */
  readonly losses: Tensor;
};

/** A tree, as compiled functions return. */
export type MetaGradient<P extends Tree, M extends Tree> = {
  /** Mean query loss after adaptation. */
  readonly value: Tensor;
  readonly grads: Learned<P, M>;
  readonly stats: MetaStats;
};

export interface Unrolled<P extends Tree, M extends Tree, B> {
  /** Mean over the tasks of the query loss after the inner steps, and its gradient. Tasks come in a
   * list, or stacked: { support, query } with an axis of tasks in front of every tensor. */
  metaGrad(learned: Learned<P, M>, tasks: Tasks<B>): MetaGradient<P, M>;
  /** Parameters after inner steps on a support set. Records nothing. */
  adapt(learned: Learned<P, M>, support: B, options?: { readonly steps?: number }): P;
}

/**
 * An inner loop of `steps` updates of `params` by `inner` on the support loss.
 * @throws ValueError when `steps` or `order` is left out or out of range
 */
export function unroll<P extends Tree, M extends Tree, S extends Tree, B>(
  options: UnrollOptions<P, M, S, B>,
): Unrolled<P, M, B> {
  const { loss, inner, steps, order, mode = "store", tasks: way } = options;
  checkSteps("unroll", steps);
  if (order !== 1 && order !== 2) {
    throw new ValueError(
      `unroll: no order: ${String(order)}. Write order: 2 for the exact meta-gradient or order: 1 ` +
        "for the first-order one.",
    );
  }
  if (mode !== "store" && mode !== "checkpoint") {
    throw new ValueError(`unroll: unknown mode: "${mode}". Use "store" or "checkpoint".`);
  }
  if (way !== undefined && way !== "loop" && way !== "batch") {
    throw new ValueError(`unroll: unknown tasks: "${String(way)}". Use "loop" or "batch".`);
  }

  function advance(learned: Learned<P, M>, state: S, support: B, step: number): [P, S] {
    const [value, grads] = valueAndGrad((p: P) => loss(p, support))(learned.params);
    const info = { meta: learned.meta, step, loss: order === 1 ? stopGradient(value) : value };
    return inner.update(order === 1 ? stopGradient(grads) : grads, state, learned.params, info);
  }

  function run(learned: Learned<P, M>, support: B, count: number, again: boolean): P {
    let params = learned.params;
    let state = inner.init(params);
    for (let step = 0; step < count; step++) {
      const one = (p: P, m: M, s: S) => advance({ params: p, meta: m }, s, support, step);
      [params, state] = again
        ? checkpoint(one)(params, learned.meta, state)
        : one(params, learned.meta, state);
    }
    return params;
  }

  function lossAfter(learned: Learned<P, M>, task: Task<B>): Tensor {
    return loss(run(learned, task.support, steps, mode === "checkpoint"), task.query);
  }

  const taskGrad = valueAndGrad(lossAfter);

  function inTurn(learned: Learned<P, M>, tasks: readonly Task<B>[]): MetaGradient<P, M> {
    const losses: Tensor[] = [];
    let total: Learned<P, M> | null = null;
    for (const task of tasks) {
      const [value, grads] = taskGrad(learned, task);
      losses.push(value);
      const before: Learned<P, M> | null = total;
      total = before === null ? grads : scope(() => mapTree(add, before, grads));
    }
    const share = (t: Tensor) => div(t, tasks.length);
    return {
      value: share(losses.reduce(add)),
      grads: mapTree(share, total!),
      stats: { losses: stack(losses, 0) },
    };
  }

  const each = vmap(lossAfter as unknown as (...xs: Tree[]) => Tensor, { inAxes: [null, 0] });
  const batchGrad = valueAndGrad(
    (learned: Learned<P, M>, tasks: Task<B>) => {
      const losses = each(learned, tasks as unknown as Tree);
      return [mean(losses), losses];
    },
    { aux: true },
  );

  function atOnce(learned: Learned<P, M>, tasks: Task<B>): MetaGradient<P, M> {
    const [[value, losses], grads] = batchGrad(learned, tasks);
    return { value, grads, stats: { losses } };
  }

  return {
    metaGrad: (learned, tasks) => {
      someTasks("metaGrad", tasks);
      const batch = !isList(tasks) || (capturing() && alike(tasks));
      return scope(() =>
        (way ?? (batch ? "batch" : "loop")) === "batch"
          ? atOnce(learned, stacked(tasks))
          : inTurn(learned, listed(tasks)),
      );
    },
    adapt: (learned, support, { steps: count = steps } = {}) => {
      checkSteps("adapt", count);
      return scope(() => stopGradient(run(learned, support, count, false)));
    },
  };
}

function checkSteps(name: string, steps: number): void {
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ValueError(
      `${name}: no number of steps: ${String(steps)}. Give a whole number from 0.`,
    );
  }
}
