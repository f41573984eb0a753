// Tasks in a list, or stacked: one tree whose tensors have an axis of tasks in front. What is made
// of one form can be computed from the other.

import { HypergradError } from "../core/errors";
import { treeForm, treeLeaves } from "../core/tree";
import { slice, stack } from "../ops/movement";
import { reshape } from "../ops/reshape";
import { capturing } from "../tensor/op";
import { isTensor, type Tensor } from "../tensor/tensor";
import { leavesOf, mapTree, type Tree } from "../tensor/tree";

/** One task: what to adapt on, and what to be judged on. */
export type Task<B> = {
  readonly support: B;
  readonly query: B;
};

/** Tasks in a list; or one that stands for all, its tensors with an axis of tasks in front. */
export type Tasks<B> = readonly Task<B>[] | Task<B>;

export function isList<T>(some: readonly T[] | T): some is readonly T[] {
  return Array.isArray(some);
}

/** "loop": one by one; "batch": at once. Left out: at once where they are stacked, and inside
 * `compile` where they can be. */
export type Way = "loop" | "batch" | undefined;

export function atOnce<B>(tasks: Tasks<B>, way: Way): boolean {
  if (way !== undefined) return way === "batch";
  return !isList(tasks) || (capturing() && alike(tasks));
}

/** Throws unless there is at least one task. */
export function someTasks<B>(name: string, tasks: Tasks<B>): void {
  for (const [i, task] of isList(tasks) ? tasks.entries() : [["", tasks] as const]) {
    for (const side of ["support", "query"]) {
      if (typeof task === "object" && task !== null && side in task) continue;
      throw new TypeError(`${name}: task ${i} has no ${side}. Give { support, query }.`);
    }
  }
  const count = isList(tasks) ? tasks.length : countOf(name, tasks);
  if (count > 0) return;
  throw new HypergradError(`${name}: no tasks: got an empty list. Give at least one.`);
}

function countOf(name: string, stacked: unknown): number {
  const [first] = leavesOf(name, stacked);
  return first?.shape[0] ?? 0;
}

/** Whether tasks can be stacked: tensors of equal shapes and types at equal places. */
export function alike<B>(tasks: readonly Task<B>[]): boolean {
  if (!treeLeaves(tasks).every((x) => isTensor("metaGrad", x))) return false;
  const spec = (x: unknown) => `${(x as Tensor).dtype} ${(x as Tensor).shape}`;
  return new Set(tasks.map((task) => treeForm(task, spec))).size === 1;
}

/** @throws ShapeError when the tasks' tensors have different shapes */
export function stacked<T>(some: readonly T[] | T): T {
  if (!isList(some)) return some;
  const [first, ...others] = some as unknown as Tree[];
  return mapTree((x, ...rest) => stack([x, ...rest]), first, ...others) as unknown as T;
}

export function listed<T>(some: readonly T[] | T): readonly T[] {
  if (isList(some)) return some;
  const one = (t: number) => (x: Tensor) => {
    const [, ...own] = x.shape;
    return reshape(slice(x, [t], [1]), own);
  };
  return Array.from(
    { length: countOf("metaGrad", some) },
    (_, t) => mapTree(one(t), some as unknown as Tree) as unknown as T,
  );
}
