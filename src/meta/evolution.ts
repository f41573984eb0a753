// Antithetic evolution strategies: meta-gradients from losses alone, for discrete choices and for
// loops too wild for a backward pass. All tasks of a group are one batch.

import { ValueError } from "../core/errors";
import { needPositive, needWhole, optionsOf } from "../core/options";
import { vmap } from "../grad/index";
import { add, div, mul, sub } from "../ops/arithmetic";
import { type Key, normal, split } from "../ops/random";
import { mean } from "../ops/reduce";
import { reshape } from "../ops/reshape";
import { zerosOf } from "../optim/state";
import type { Tensor } from "../tensor/tensor";
import { leaves, mapTree, type Tree } from "../tensor/tree";
import type { Mode } from "./loop";
import type { Task } from "./tasks";
import type { Learned } from "./unroll";

/** What one task gives: its objective, its last query loss, and where its loop ended. */
export type Judgement = {
  readonly objective: Tensor;
  readonly query: Tensor;
  readonly carry: readonly Tree[];
};

/** Of a group of tasks, all stacked. */
export type Estimate<P extends Tree, M extends Tree> = {
  /** [tasks] */
  readonly objective: Tensor;
  readonly query: Tensor;
  /** Mean over the tasks. */
  readonly grads: Learned<P, M>;
  readonly carry: readonly Tree[];
};

export type JudgeOne<P extends Tree, M extends Tree, B> = (
  learned: Learned<P, M>,
  task: Task<B>,
  from: readonly Tree[],
) => Judgement;

export interface EvolutionOptions {
  /** Standard deviation of the perturbations, of every number that is learned: far below the size
   * of the smallest that matters, such as a rate. Default 0.01. */
  readonly sigma?: number;
  /** Pairs of perturbations, + and −, of each task. Default 1. */
  readonly pairs?: number;
}

/** @throws ValueError for options out of range */
export function checkEvolution(options: EvolutionOptions, mode: Mode | undefined): void {
  const { sigma = 0.01, pairs = 1 } = optionsOf("evolution", options, ["sigma", "pairs"]);
  needPositive("unroll", { sigma });
  needWhole("unroll", { pairs }, 1);
  if (mode === "pes" && pairs > 1) {
    throw new ValueError(
      `unroll: pairs do not fit: ${pairs} of each task in mode "pes", where a task is one pair. ` +
        "Give more tasks instead.",
    );
  }
}

/** Where a particle of persistent evolution strategies stands: both loops, and the sum of its
 * perturbations so far. */
type Particle = { readonly plus: Tree; readonly minus: Tree; readonly sum: Tree };

/**
 * Antithetic evolution strategies: mean of (L⁺ − L⁻) ε / 2σ², ε ~ N(0, σ²) drawn for every task. A
 * loop that goes on from `from` moves `meta` alone, as its parameters are its own. With
 * `persistent` each task then keeps both loops, and the sum of its ε stands in for ε: unbiased
 * over windows (Vicol et al. 2021).
 */
export function evolve<P extends Tree, M extends Tree, B>(
  judge: JudgeOne<P, M, B>,
  learned: Learned<P, M>,
  tasks: Task<B>,
  from: readonly Tree[],
  options: EvolutionOptions & {
    readonly key: Key;
    readonly persistent: boolean;
    readonly by?: "meta";
  },
): Estimate<P, M> {
  const { sigma = 0.01, pairs = 1, key, persistent } = options;
  const going = from.length > 0;
  const count = leaves(tasks as unknown as Tree)[0].shape[0];
  const part = going || options.by === "meta";
  const moved: Tree = part ? { meta: learned.meta } : learned;
  const one = (some: Tree, params: Tree, task: Tree, at: Tree) => {
    const whole = { ...(part ? { params } : {}), ...(some as object) } as Learned<P, M>;
    return judge(whole, task as unknown as Task<B>, at as readonly Tree[]);
  };
  const each = vmap(one as (...xs: Tree[]) => Judgement, { inAxes: [0, null, 0, 0] });
  const particle =
    persistent && going && "sum" in (from[0] as object) ? (from[0] as Particle) : null;

  const rounds = split(key, pairs).map((k): Estimate<P, M> => {
    const keys = split(k, Math.max(1, leaves(moved).length));
    let next = 0;
    const eps = mapTree((x) => normal(keys[next++], [count, ...x.shape], { std: sigma }), moved);
    const side = (name: "plus" | "minus") => {
      const sign = name === "plus" ? 1 : -1;
      const at = mapTree((x, e) => add(x, mul(e, sign)), moved, eps);
      const begun = particle === null ? from : [particle[name]];
      return each(at, learned.params, tasks as unknown as Tree, begun as unknown as Tree);
    };
    const [plus, minus] = [side("plus"), side("minus")];
    const gone = particle === null ? eps : mapTree(add, particle.sum, eps);
    const slope = mul(sub(plus.objective, minus.objective), 1 / (2 * sigma * sigma));
    const grads = mapTree((e) => {
      const weight = reshape(slope, [count, ...e.shape.slice(1).map(() => 1)]);
      return mean(mul(e, weight), { axis: 0 });
    }, gone);
    const halves = (a: Tensor, b: Tensor) => mul(add(a, b), 0.5);
    const kept = { plus: plus.carry[0], minus: minus.carry[0], sum: gone };
    return {
      objective: halves(plus.objective, minus.objective),
      query: halves(plus.query, minus.query),
      grads: grads as Learned<P, M>,
      carry: going && persistent ? [kept] : plus.carry,
    };
  });
  const average = (...list: Tensor[]) => div(list.reduce(add), pairs);
  const [first, ...others] = rounds.map((round) => round.grads as Tree);
  const grads = mapTree(average, first, ...others) as Learned<P, M>;
  return {
    objective: average(...rounds.map(({ objective }) => objective)),
    query: average(...rounds.map(({ query }) => query)),
    grads: part ? { params: zerosOf(learned.params), meta: grads.meta } : grads,
    carry: rounds[0].carry,
  };
}
