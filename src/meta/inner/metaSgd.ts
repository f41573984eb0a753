// Meta-SGD: a learned rate for every single parameter.

import { optionsOf } from "../../core/options";
import { add, mul, sub } from "../../ops/arithmetic";
import { inRange } from "../../optim/optimizer";
import { zerosOf } from "../../optim/state";
import { mapTree, type Tree } from "../../tensor/tree";
import type { InnerOptimizer, Nothing } from "../innerOptimizer";

/** p ← p − a ⊙ g with a, shaped as p, learned from `lr` on (Li et al. 2017). Rates may become
 * negative: there the learner goes uphill on purpose. */
export function metaSgd(options: { readonly lr: number }): InnerOptimizer<Tree, Nothing> {
  const { lr } = optionsOf("inner.metaSgd", options, ["lr"]);
  inRange("inner.metaSgd", "lr", lr, 0);
  return {
    initMeta: (params) => mapTree((zero) => add(zero, lr), zerosOf(params)),
    init: () => ({}),
    update: (grads, state, params, { meta }) => [
      mapTree((p, g, a) => sub(p, mul(a, g)), params, grads, meta),
      state,
    ],
  };
}
