// Meta-gradients of the modes that have no backward pass, over tasks in any form: a list is taken
// one by one, stacked tasks at once.

import { ValueError } from "../core/errors";
import { add, div } from "../ops/arithmetic";
import { concat } from "../ops/movement";
import { type Key, split } from "../ops/random";
import { mean } from "../ops/reduce";
import { scope } from "../tensor/scope";
import { mapTree, type Tree } from "../tensor/tree";
import { type Estimate, type EvolutionOptions, evolve, type JudgeOne } from "./evolution";
import { forward, type Pushed } from "./forward";
import type { Carry, Mode } from "./loop";
import { countNonFinite } from "./stats";
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
  const asTasks = <T>(x: T) => x as unknown as Tasks<unknown>;
  const groups: Task<B>[] = atOnce
    ? [stacked(tasks)]
    : listed(tasks).map((task) => stacked([task]));
  const starts: Tree[][] = groups.map(() => []);
  if (from !== null) {
    const all = atOnce ? [stacked(asTasks(from))] : listed(asTasks(from)).map((c) => stacked([c]));
    for (const [i, start] of all.entries()) starts[i] = [start as unknown as Tree];
  }
  const one = (group: Task<B>, i: number, own: Key | undefined): Estimate<P, M> => {
    if (mode === "forward") return forward(pushed, learned, group, starts[i], by);
    if (own === undefined) {
      throw new ValueError(
        `metaGrad: no key: mode "${mode}" draws perturbations. Give { key }, another one each ` +
          "time.",
      );
    }
    const persistent = mode === "pes";
    return evolve(judge, learned, group, starts[i], { ...evolution, key: own, persistent, by });
  };
  const keys = key === undefined ? [] : split(key, groups.length);
  const found = groups.map((group, i) => scope(() => one(group, i, keys[i])));
  const losses = concat(
    found.map(({ query }) => query),
    0,
  );
  const grads = mapTree(
    (x, ...xs) =>
      div(
        xs.reduce((a, b) => add(a, b), x),
        found.length,
      ),
    ...(found.map((f) => f.grads) as unknown as [Tree, ...Tree[]]),
  ) as Learned<P, M>;
  const values = found.map(({ objective }) => objective);
  const carry = found.flatMap((f) => f.carry) as unknown as Carry<P, S>[];
  const unstacked = () =>
    carry.flatMap((c) => listed(asTasks(c)) as unknown as readonly Carry<P, S>[]);
  const shown = from !== null && !isList(asTasks(from)) && atOnce ? carry[0] : unstacked();
  return {
    value: mean(concat(values, 0)),
    grads,
    stats: { losses, nonFinite: countNonFinite(losses), norms: [], support: [] },
    carry: from === null ? [] : shown,
  };
}
