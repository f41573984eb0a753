// One step of an optimizer for several batches: gradients are added up, and taken in every so
// often. The choice is made in ops, so that a compiled step is one program.

import { needWhole } from "../core/options";
import { add, div } from "../ops/arithmetic";
import { greaterEqual, where } from "../ops/compare";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";
import type { Optimizer } from "./optimizer";
import { scalar, zerosOf } from "./state";

export type AccumulateState<S extends Tree> = {
  /** Gradients added up since the last step, a float32 scalar. */
  readonly count: Tensor;
  readonly total: Tree;
  readonly inner: S;
};

/**
 * `optimizer` on the mean of `every` gradients: every so many updates the parameters move, between
 * they stay.
 * @throws ValueError unless `every` is a whole number from 1
 */
export function accumulate<S extends Tree>(
  optimizer: Optimizer<S>,
  every: number,
): Optimizer<AccumulateState<S>> {
  needWhole("accumulate", { every }, 1);
  return {
    init: (params) => ({
      count: scalar(params, 0),
      total: zerosOf(params),
      inner: optimizer.init(params),
    }),
    update: (grads, state, params) =>
      scope(() => {
        const count = add(state.count, 1);
        const full = greaterEqual(count, every);
        const total = mapTree(add, state.total, grads) as typeof grads;
        const mean = mapTree((sum) => div(sum, every), total);
        const [moved, inner] = optimizer.update(mean, state.inner, params);
        const choose = <T extends Tree>(now: T, before: T): T =>
          mapTree((a, b) => where(full, a, b), now, before);
        return [
          choose(moved, params),
          {
            count: where(full, 0, count),
            total: mapTree((sum) => where(full, 0, sum), total),
            inner: choose(inner, state.inner),
          },
        ];
      }),
  };
}
