// Meta-gradients of the modes that have no backward pass, over tasks in any form: a list is taken
// one by one, stacked tasks at once.

import { ValueError } from "../core/errors";
import { add, div } from "../ops/arithmetic";
import { concat } from "../ops/movement";
import { type Key, split } from "../ops/random";
import { mean } from "../ops/reduce";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";
import { type Estimate, type EvolutionOptions, evolve, type JudgeOne } from "./evolution";
import { forward, type Pushed } from "./forward";
import type { Carry, Mode } from "./loop";
import { statsOf } from "./stats";
import { isList, listed, stacked, type Task, type Tasks } from "./tasks";
import type { Carries, Learned, MetaGradient } from "./unroll";

export const isEstimated = (mode: Mode): boolean => ["forward", "es", "pes"].includes(mode);

interface Estimator<P extends Tree, M extends Tree, S extends Tree, B> {
  readonly mode: Mode;
  readonly evolution: EvolutionOptions;
  readonly by: "meta" | undefined;
  readonly judge: JudgeOne<P, M, B>;
  readonly pushed: Pushed<P, M, S, B>;
}

/** The result of `metaGrad`, and where loops stand if they go on. */
export function estimate<P extends Tree, M extends Tree, S extends Tree, B>(
  estimator: Estimator<P, M, S, B>,
  learned: Learned<P, M>,
  tasks: Tasks<B>,
  from: Carries<P, S> | null,
  { key, atOnce }: { readonly key: Key | undefined; readonly atOnce: boolean },
): MetaGradient<P, M> & { readonly carry: Carries<P, S> } {
  const { mode, judge, pushed, by, evolution } = estimator;
  const grouped = <T>(some: readonly T[] | T): T[] =>
    atOnce ? [stacked(some)] : listed(some).map((one) => stacked([one]));
  const groups = grouped(tasks);
  const starts: Tree[] = from === null ? [] : grouped(from);
  const one = (group: Task<B>, i: number, own: Key | undefined): Estimate<P, M> => {
    const start = starts.slice(i, i + 1);
    if (mode === "forward") return forward(pushed, learned, group, start, by);
    if (own === undefined) {
      throw new ValueError(
        `metaGrad: no key: mode "${mode}" draws perturbations. Give { key }, another one each ` +
          "time.",
      );
    }
    const persistent = mode === "pes";
    return evolve(judge, learned, group, start, { ...evolution, key: own, persistent, by });
  };
  const keys = key === undefined ? [] : split(key, groups.length);
  const found = groups.map((group, i) => scope(() => one(group, i, keys[i])));
  const losses = concat(found.map(({ query }) => query));
  const [first, ...others] = found.map((f) => f.grads as Tree);
  const middle = (x: Tensor, ...xs: Tensor[]) => div(xs.reduce(add, x), found.length);
  const grads = mapTree(middle, first, ...others) as Learned<P, M>;
  const values = found.map(({ objective }) => objective);
  const carry = found.flatMap((f) => f.carry) as unknown as Carry<P, S>[];
  const shown = from !== null && !isList(from) && atOnce ? carry[0] : carry.flatMap(listed);
  return {
    value: mean(concat(values)),
    grads,
    stats: statsOf(losses),
    carry: from === null ? [] : shown,
  };
}
