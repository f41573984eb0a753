// Means over tasks, one by one or all at once, for learners that are no unrolled loop.

import { valueAndGrad, vmap } from "../grad/index";
import { add, div } from "../ops/arithmetic";
import { stack } from "../ops/movement";
import { mean } from "../ops/reduce";
import { zerosOf } from "../optim/state";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";
import { statsOf } from "./stats";
import { atOnce, listed, someTasks, stacked, type Task, type Tasks, type Way } from "./tasks";
import type { Learned, MetaGradient } from "./unroll";

function result<P extends Tree, M extends Tree>(
  losses: Tensor,
  params: P,
  { meta }: Learned<P, M>,
): MetaGradient<P, M> {
  return { value: mean(losses), grads: { params, meta: zerosOf(meta) }, stats: statsOf(losses) };
}

/** The mean of what `one` gives for each task: a loss and a gradient by the parameters. */
export function averageGradient<P extends Tree, M extends Tree, B>(
  name: string,
  one: (learned: Learned<P, M>, task: Task<B>) => [Tensor, P],
  way: Way,
): (learned: Learned<P, M>, tasks: Tasks<B>) => MetaGradient<P, M> {
  const each = vmap(one as unknown as (...xs: Tree[]) => [Tensor, P], { inAxes: [null, 0] });
  return (learned, tasks) => {
    someTasks(name, tasks);
    return scope(() => {
      if (atOnce(tasks, way)) {
        const [losses, grads] = each(learned, stacked(tasks) as unknown as Tree);
        const middle = (g: Tensor) => mean(g, { axis: 0 });
        return result(losses, mapTree(middle, grads), learned);
      }
      const losses: Tensor[] = [];
      let total: P | null = null;
      const list = listed(tasks);
      for (const task of list) {
        const [loss, grads] = scope(() => one(learned, task));
        losses.push(loss);
        const before: P | null = total;
        total = before === null ? grads : scope(() => mapTree(add, before, grads));
      }
      const share = (t: Tensor) => div(t, list.length);
      return result(stack(losses), mapTree(share, total!), learned);
    });
  };
}

/** The mean over tasks of a loss of each, with its gradient by the parameters. */
export function averageLoss<P extends Tree, M extends Tree, B>(
  name: string,
  one: (params: P, task: Task<B>) => Tensor,
  way: Way,
): (learned: Learned<P, M>, tasks: Tasks<B>) => MetaGradient<P, M> {
  const each = vmap(one as unknown as (...xs: Tree[]) => Tensor, { inAxes: [null, 0] });
  const batched = valueAndGrad(
    (params: P, tasks: Task<B>) => {
      const losses = each(params, tasks as unknown as Tree);
      return [mean(losses), losses];
    },
    { aux: true },
  );
  const single = valueAndGrad(one);
  const looped = averageGradient<P, M, B>(name, ({ params }, task) => single(params, task), "loop");
  return (learned, tasks) => {
    if (!atOnce(tasks, way)) return looped(learned, tasks);
    someTasks(name, tasks);
    return scope(() => {
      const [[, losses], params] = batched(learned.params, stacked(tasks));
      return result(losses, params, learned);
    });
  };
}
