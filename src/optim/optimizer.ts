// What an optimizer is: two pure functions of trees. Learning rates may be tensors, and every
// update is differentiable, so gradients reach them.

import { ValueError } from "../core/errors";
import type { Like } from "../tensor/create";
import { isTensor, type Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";

/** A learning rate: a number, a scalar tensor, or a schedule of the step, a float32 scalar from
 * 0. */
export type Rate = Like | ((step: Tensor) => Like);

/** Two pure functions. A variable for one of several is an `Optimizer`, whatever their states are:
 * `const optimizer: optim.Optimizer = fast ? optim.adam({ lr }) : optim.sgd({ lr })`. */
export interface Optimizer<S extends Tree = Tree> {
  /** The state before the first step. */
  init(params: Tree): S;
  /** New parameters and state; the old ones are not changed. */
  update<P extends Tree>(grads: P, state: S, params: P): [P, S];
}

/** An optimizer whatever its state is. */
// biome-ignore lint/suspicious/noExplicitAny: the state is handed back as it came
export type AnyOptimizer = Optimizer<any>;

/** Throws for a number that is not finite and in [low, high), and for what is neither a number nor
 * a tensor nor a schedule. */
export function inRange(
  name: string,
  what: string,
  x: unknown,
  low: number,
  high = Number.POSITIVE_INFINITY,
): void {
  if (typeof x === "number" ? x >= low && x < high : typeof x === "function" || isTensor(name, x)) {
    return;
  }
  const range = high === Number.POSITIVE_INFINITY ? `from ${low}` : `in [${low}, ${high})`;
  throw new ValueError(`${name}: ${what} out of range: ${String(x)}. Use a number ${range}.`);
}

export function rateAt(rate: Rate, step: Tensor): Like {
  return typeof rate === "function" ? rate(step) : rate;
}

/** mapTree over several trees that gives several trees. */
export function mapTrees<P extends Tree>(
  count: number,
  f: (leaf: Tensor, ...others: Tensor[]) => Tensor[],
  tree: P,
  ...others: Tree[]
): P[] {
  const made: Tensor[][] = [];
  const first = mapTree(
    (leaf, ...rest) => {
      const results = f(leaf, ...rest);
      made.push(results);
      return results[0];
    },
    tree,
    ...others,
  );
  const rest = Array.from({ length: count - 1 }, (_, k) => {
    let next = 0;
    return mapTree(() => made[next++][k + 1], tree);
  });
  return [first, ...rest];
}
