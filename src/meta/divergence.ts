// Which tasks of a meta-step diverged, and where: read from its stats, for a person to look at. No
// task is taken out of anything.

import { ValueError } from "../core/errors";
import type { MetaStats } from "./unroll";

export interface Divergence {
  /** Number of the task in the meta-step. */
  readonly task: number;
  /** The first inner step before which the support loss was not finite; the number of steps where
   * it was the query loss after them. */
  readonly step: number;
  /** The query loss: NaN or infinite. */
  readonly loss: number;
  /** |v_k| for k from 0: the meta-gradient's norm at each step. */
  readonly norms: readonly number[];
}

/**
 * The tasks whose query loss is NaN or infinite, with the step at which their inner loop left the
 * numbers and the norms of their meta-gradient. One line of `text` says it all.
 * @throws ValueError for stats without a trace: give `unroll` `trace: true`
 */
export async function divergences(
  stats: MetaStats,
): Promise<{ readonly tasks: readonly Divergence[]; readonly text: string }> {
  const losses = Array.from(await stats.losses.data());
  if (stats.support.length === 0) {
    throw new ValueError("divergences: the stats have no trace. Give unroll trace: true.");
  }
  const support = await Promise.all(stats.support.map((t) => t.data()));
  const norms = await Promise.all(stats.norms.map((t) => t.data()));
  const tasks = losses.flatMap((loss, task): Divergence[] => {
    if (Number.isFinite(loss)) return [];
    const first = support.findIndex((values) => !Number.isFinite(values[task]));
    const own = norms.map((values) => values[task]);
    return [{ task, step: first < 0 ? support.length : first, loss, norms: own }];
  });
  const shown = tasks.map(({ task, step, loss, norms: own }) => {
    const sizes = own.map((v) => v.toPrecision(2)).join(", ");
    return `task ${task} diverged at inner step ${step}: loss ${loss}, |v| by step ${sizes}`;
  });
  const text = shown.length === 0 ? "all tasks are finite" : shown.join("; ");
  return { tasks, text };
}
