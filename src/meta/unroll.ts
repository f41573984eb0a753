// The inner loop of every meta-learner, and the gradient through it. Meta-learners differ only in
// the inner optimizer that they give it.

import { needWhole } from "../core/options";
import { checkpoint, stopGradient, valueAndGrad, vmap } from "../grad/index";
import { add, div, mul } from "../ops/arithmetic";
import { expand } from "../ops/expand";
import { sqrt } from "../ops/math";
import { slice, stack } from "../ops/movement";
import type { Key } from "../ops/random";
import { mean } from "../ops/reduce";
import { reshape } from "../ops/reshape";
import { constant, type Like } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { leaves, mapTree, type Tree } from "../tensor/tree";
import { checkInner, checkNames, checkOrder, checkUnroll, checkWeights } from "./checks";
import { estimate, isEstimated } from "./estimate";
import { checkEvolution, type EvolutionOptions, type JudgeOne } from "./evolution";
import type { InnerOptimizer } from "./innerOptimizer";
import { type Carry, innerLoop, innerStep, type Mode, type Run } from "./loop";
import { countNonFinite, weighted } from "./stats";
import { atOnce, isList, listed, someTasks, stacked, type Task, type Tasks } from "./tasks";

/** What is meta-learned: the starting point, and what the inner optimizer learns. */
export type Learned<P extends Tree, M extends Tree> = {
  readonly params: P;
  readonly meta: M;
};

export interface UnrollOptions<P extends Tree, M extends Tree, S extends Tree, B> {
  /** The loss of parameters on a batch: one number. `step` is how many inner steps made the
   * parameters, for norms with statistics of each step. */
  readonly loss: (params: P, batch: B, step: number) => Tensor;
  readonly inner: InnerOptimizer<M, S>;
  /** Inner steps while meta-training. */
  readonly steps: number;
  /** 2: the exact meta-gradient. 1: inner gradients count as constants (first-order MAML). */
  readonly order: 1 | 2;
  /** What is kept of the inner steps for the backward pass; the gradient is the same.
   * "store": the graph of all steps. "checkpoint": parameters and state of each step, which is run
   * again. "sqrt": those of every √steps-th step, from which the others are run again. "mixed":
   * as sqrt (from 16 steps; below, those of each step, and its gradient), with Hessian products by
   * forward mode, which cost less than running a step again; as store for an optimizer that reads
   * factors of gradients. Where every step is looked at, by `weights` or `trace`, sqrt and mixed
   * keep those of each step too. "finiteDifference": as mixed, but Hessian products are differences
   * of gradients, an approximation by kernels of first order. "forward": nothing; derivatives are
   * pushed forward, one for each number that is learned. "es", "pes": nothing; antithetic evolution
   * strategies, in `window` persistent ones. The last three know no `trace`. Default "store". */
  readonly mode?: Mode;
  /** What the gradient is by in the modes "forward", "es" and "pes", whose cost or noise grows with
   * it: "meta" is what the inner optimizer learns. Default: that and the parameters. */
  readonly by?: "meta";
  /** Of the modes "es" and "pes". */
  readonly evolution?: EvolutionOptions;
  /** "batch" runs every op once for all tasks, whose shapes must be equal: one graph for all of
   * them. "loop" takes them one by one and frees each one's graph before the next: less memory,
   * more calls. Same result, to rounding. Default "loop"; "batch" for stacked tasks, and inside
   * `compile` where shapes are equal. */
  readonly tasks?: "loop" | "batch";
  /** Weights of the query losses after each step, whose sum is the objective (multi-step loss,
   * Antoniou et al. 2019). Default: the last one alone. */
  readonly weights?: readonly number[];
  /** After so many steps the gradient of parameters and optimizer state is cut; values carry on.
   * Default: never. */
  readonly truncate?: number;
  /** What of the support set a step sees. Default: all of it. */
  readonly batch?: (support: B, step: number) => B;
  /** Whether `stats` has the norms of the meta-gradient and the support losses at every step.
   * Default false. */
  readonly trace?: boolean;
}

export type MetaStats = {
  /** The query loss of each task after the last step, [tasks]: infinite and NaN ones are here and
   * in the mean. */
  readonly losses: Tensor;
  /** How many of them are infinite or NaN. */
  readonly nonFinite: Tensor;
  /** With `trace`: |v_k| for k from 0 to steps, each [tasks]; v_k is the gradient of a task's
   * objective by its parameters after k steps. Else empty. */
  readonly norms: readonly Tensor[];
  /** With `trace`: the support loss before each step, each [tasks]. Else empty. */
  readonly support: readonly Tensor[];
};

/** A tree, as compiled functions return. */
export type MetaGradient<P extends Tree, M extends Tree> = {
  /** Mean over the tasks of the objective; in the modes "es" and "pes" over the perturbed ones. */
  readonly value: Tensor;
  readonly grads: Learned<P, M>;
  readonly stats: MetaStats;
};

export type Evaluation = {
  /** Mean query loss. */
  readonly value: Tensor;
  /** Of each task, [tasks]. */
  readonly losses: Tensor;
  readonly nonFinite: Tensor;
  /** Steps taken beyond those of meta-training, for which nothing was learned; 0 if none. */
  readonly beyond: Tensor;
};

export interface MetaGradOptions {
  /** In the place of the options': a tensor [steps], so that weights can change from one run of a
   * compiled step to the next. */
  readonly weights?: Tensor;
  /** In the place of the options'. */
  readonly order?: 1 | 2;
  /** For the modes "es" and "pes": another one each time. */
  readonly key?: Key;
}

/** Where the inner loop of each task stands: as tasks, in a list or stacked. */
export type Carries<P extends Tree, S extends Tree> = readonly Carry<P, S>[] | Carry<P, S>;

export interface Unrolled<P extends Tree, M extends Tree, B, S extends Tree = Tree> {
  readonly order: 1 | 2;
  /** What the inner optimizer learns, before any meta-step. */
  initMeta(params: P, key?: Key): M;
  /** Mean over the tasks of the query loss after the inner steps, and its gradient. Tasks come in a
   * list, or stacked: { support, query } with an axis of tasks in front of every tensor. */
  metaGrad(learned: Learned<P, M>, tasks: Tasks<B>, options?: MetaGradOptions): MetaGradient<P, M>;
  /** The value of `metaGrad` alone. */
  objective(learned: Learned<P, M>, tasks: Tasks<B>, options?: MetaGradOptions): Tensor;
  /** An inner loop that begins at these parameters: one task's. */
  start(params: P): Carry<P, S>;
  /** `metaGrad` of inner loops that go on from where they stand, and where they then stand. No
   * gradient passes from one window to the next. */
  window(
    learned: Learned<P, M>,
    tasks: Tasks<B>,
    from: Carries<P, S>,
    options?: MetaGradOptions,
  ): MetaGradient<P, M> & { readonly carry: Carries<P, S> };
  /** Parameters after inner steps on a support set. Records nothing. */
  adapt(learned: Learned<P, M>, support: B, options?: { readonly steps?: number }): P;
  /** Query losses after inner steps, and whether these are more than were trained. Records
   * nothing. */
  evaluate(
    learned: Learned<P, M>,
    tasks: Tasks<B>,
    options?: { readonly steps?: number },
  ): Evaluation;
}

/** How tasks are judged in one call. */
type Ask = Run & { readonly weights?: readonly Like[] };

type Judged<P extends Tree, S extends Tree> = {
  readonly objective: Tensor;
  readonly query: Tensor;
  readonly support: readonly Tensor[];
  /** Where the loop ended, if it is to go on. */
  readonly carry: readonly Carry<P, S>[];
};

/**
 * An inner loop of `steps` updates of `params` by `inner` on the support loss.
 * @throws ValueError when `steps` or `order` is left out or out of range
 */
export function unroll<P extends Tree, M extends Tree, S extends Tree, B>(
  options: UnrollOptions<P, M, S, B>,
): Unrolled<P, M, B, S> {
  checkNames(options);
  checkUnroll(options);
  checkInner("unroll", options.inner);
  checkEvolution(options.evolution ?? {}, options.mode);
  const { loss, inner, steps, order, mode = "store", trace = false, tasks: way } = options;
  const { truncate = Number.POSITIVE_INFINITY, batch = (support: B) => support } = options;
  const common = { loss, inner, steps, mode, truncate, batch };
  const loop = innerLoop(common);
  const onQuery =
    mode === "store" || isEstimated(mode)
      ? loss
      : (p: P, b: B, k: number) => checkpoint((q: P) => loss(q, b, k))(p);

  function judge(
    { params, meta }: Learned<P, M>,
    { support, query }: Task<B>,
    from: Carry<P, S> | null,
    ask: Ask,
  ): Judged<P, S> {
    const seen: Tensor[] = [];
    const { weights } = ask;
    const note = (p: P, k: number) => seen.push(onQuery(p, query, k));
    const look = weights === undefined ? undefined : note;
    const end = loop(from ?? begin(params), meta, support, ask, look);
    const last = seen[seen.length - 1] ?? loss(end.params, query, ask.steps);
    // Kept only where the next window needs it: it is as large as the parameters of every task.
    const carry =
      from === null ? null : stopGradient({ params: end.params, state: end.state } as Carry<P, S>);
    const objective = weights === undefined ? last : weighted(seen, weights);
    return {
      objective,
      query: stopGradient(last),
      support: trace ? end.losses : [],
      carry: carry === null ? [] : [carry],
    };
  }

  const begin = (params: P): Carry<P, S> => ({ params, state: inner.init(params) });

  /** Every task judged, one after the other or at once; `taps` and `from` have one for each. */
  function each(
    learned: Learned<P, M>,
    tasks: Task<B>,
    taps: readonly Tensor[],
    from: Carry<P, S> | null,
    ask: Ask,
  ): Judged<P, S> {
    const one = (l: Learned<P, M>, t: readonly Tensor[], task: Task<B>, at: readonly Tree[]) =>
      judge(l, task, (at[0] as Carry<P, S>) ?? null, {
        ...ask,
        taps: t.length > 0 ? t : undefined,
      });
    const all = vmap(one as unknown as (...xs: Tree[]) => Judged<P, S>, {
      inAxes: [null, 0, 0, 0],
    });
    return all(learned, taps, tasks as unknown as Tree, from === null ? [] : [from]);
  }

  const tapsOf = (learned: Tree, shape: readonly number[]): Tensor[] => {
    if (!trace) return [];
    const { device } = leaves(learned)[0];
    return Array.from({ length: steps + 1 }, () => expand(constant(device, 0, "float32"), shape));
  };

  type Point = { readonly learned: Learned<P, M>; readonly taps: readonly Tensor[] };
  type Result = MetaGradient<P, M> & { readonly carry: Carries<P, S> };

  function inTurn(
    learned: Learned<P, M>,
    tasks: readonly Task<B>[],
    from: readonly Carry<P, S>[] | null,
    ask: Ask,
  ): Result {
    const judged: Judged<P, S>[] = [];
    const norms: (readonly Tensor[])[] = [];
    let total: Learned<P, M> | null = null;
    for (const [i, task] of tasks.entries()) {
      const f = (x: Point) => {
        const taps = trace ? x.taps : undefined;
        const result = judge(x.learned, task, from?.[i] ?? null, { ...ask, taps });
        return [result.objective, result] as const;
      };
      const point = { learned, taps: tapsOf(learned, []) };
      const [[, result], grads] = valueAndGrad(f, { aux: true })(point);
      judged.push(result);
      norms.push(grads.taps);
      const before: Learned<P, M> | null = total;
      total = before === null ? grads.learned : scope(() => mapTree(add, before, grads.learned));
    }
    const share = (t: Tensor) => div(t, tasks.length);
    const across = (list: readonly (readonly Tensor[])[]) =>
      list[0].map((_, k) => stack(list.map((one) => one[k])));
    const losses = stack(judged.map(({ query }) => query));
    return {
      value: share(judged.map(({ objective }) => objective).reduce((a, b) => add(a, b))),
      grads: mapTree(share, total!),
      stats: {
        losses,
        nonFinite: countNonFinite(losses),
        norms: across(norms).map((t) => sqrt(t)),
        support: across(judged.map(({ support }) => support)),
      },
      carry: judged.flatMap(({ carry }) => carry),
    };
  }

  function together(
    learned: Learned<P, M>,
    tasks: Task<B>,
    from: Carry<P, S> | null,
    ask: Ask,
  ): Result {
    const count = leaves(tasks as unknown as Tree)[0].shape[0];
    const f = (x: Point) => {
      const result = each(x.learned, tasks, x.taps, from, ask);
      return [mean(result.objective), result] as const;
    };
    const point = { learned, taps: tapsOf(learned, [count]) };
    const [[value, { query, support, carry }], grads] = valueAndGrad(f, { aux: true })(point);
    // The gradient is that of the mean over the tasks.
    const norms = grads.taps.map((t) => mul(sqrt(t), count));
    const stats = { losses: query, nonFinite: countNonFinite(query), norms, support };
    return { value, grads: grads.learned, stats, carry: carry[0] ?? [] };
  }

  function asked({ weights = undefined, order: own = order }: MetaGradOptions): Ask {
    checkOrder("metaGrad", own);
    if (weights !== undefined) checkWeights("metaGrad", weights.shape, steps);
    const list =
      weights === undefined
        ? options.weights
        : Array.from({ length: steps }, (_, k) => reshape(slice(weights, [k], [1]), []));
    return { steps, order: own, differentiated: true, weights: list };
  }

  function judgeAll(learned: Learned<P, M>, tasks: Tasks<B>, ask: Ask): Judged<P, S>[] {
    if (atOnce(tasks, way)) return [each(learned, stacked(tasks), [], null, ask)];
    return listed(tasks).map((task) => scope(() => judge(learned, task, null, ask)));
  }

  function window(
    learned: Learned<P, M>,
    tasks: Tasks<B>,
    from: Carries<P, S> | null,
    given: MetaGradOptions,
  ): Result {
    const ask = asked(given);
    if (isEstimated(mode)) return guessed(learned, tasks, from, ask, given.key);
    if (!atOnce(tasks, way)) return inTurn(learned, listed(tasks), from && listed(from), ask);
    const result = together(learned, stacked(tasks), from && stacked(from), ask);
    return from !== null && isList(from) ? { ...result, carry: listed(result.carry) } : result;
  }

  function guessed(
    learned: Learned<P, M>,
    tasks: Tasks<B>,
    from: Carries<P, S> | null,
    ask: Ask,
    key: Key | undefined,
  ): Result {
    const own: Ask = { ...ask, differentiated: false };
    const one: JudgeOne<P, M, B> = (l, task, at) =>
      judge(l, task, (at[0] as Carry<P, S>) ?? null, own);
    const advance = innerStep(common);
    const pushed = {
      ...{ steps, begin, weights: ask.weights },
      step: (at: Carry<P, S>, meta: M, { support }: Task<B>, k: number): Carry<P, S> => {
        const [params, state] = advance(at, meta, support, k, own);
        return { params, state };
      },
      query: (p: P, { query }: Task<B>, k: number) => loss(p, query, k),
    };
    const { by, evolution = {} } = options;
    const estimator = { mode, evolution, by, judge: one, pushed };
    return estimate(estimator, learned, tasks, from, { key, atOnce: atOnce(tasks, way) });
  }

  return {
    order,
    initMeta: (params, key) => scope(() => inner.initMeta(params, key, steps)),
    start: (params) => begin(params),
    metaGrad: (learned, tasks, given = {}) => {
      someTasks("metaGrad", tasks);
      return scope(() => {
        const { value, grads, stats } = window(learned, tasks, null, given);
        return { value, grads, stats };
      });
    },
    window: (learned, tasks, from, given = {}) => {
      someTasks("window", tasks);
      return scope(() => window(learned, tasks, from, given));
    },
    objective: (learned, tasks, given = {}) => {
      someTasks("objective", tasks);
      return scope(() => {
        const ask = { ...asked(given), differentiated: false };
        const all = judgeAll(learned, tasks, ask).map(({ objective }) => objective);
        return mean(all.length === 1 ? all[0] : stack(all));
      });
    },
    adapt: (learned, support, { steps: count = steps } = {}) => {
      needWhole("adapt", { steps: count }, 0);
      const run = { steps: count, order, differentiated: false } as const;
      return scope(() =>
        stopGradient(loop(begin(learned.params), learned.meta, support, run).params),
      );
    },
    evaluate: (learned, tasks, { steps: count = steps } = {}) => {
      needWhole("evaluate", { steps: count }, 0);
      someTasks("evaluate", tasks);
      return scope(() => {
        const ask = { steps: count, order, differentiated: false } as const;
        const all = judgeAll(learned, tasks, ask).map(({ query }) => query);
        const losses = all[0].shape.length > 0 ? all[0] : stack(all);
        const { device } = losses;
        return {
          value: mean(losses),
          losses,
          nonFinite: countNonFinite(losses),
          beyond: expand(constant(device, Math.max(0, count - steps), "float32"), []),
        };
      });
    },
  };
}
