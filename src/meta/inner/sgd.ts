// Gradient descent with a rate that is not learned: the inner loop of MAML.

import { optionsOf } from "../../core/options";
import { mul, sub } from "../../ops/arithmetic";
import { inRange } from "../../optim/optimizer";
import type { Like } from "../../tensor/create";
import { mapTree } from "../../tensor/tree";
import type { InnerOptimizer, Nothing } from "../innerOptimizer";

/** p ← p − lr · g. */
export function sgd(options: { readonly lr: Like }): InnerOptimizer<Nothing, Nothing> {
  const { lr } = optionsOf("inner.sgd", options, ["lr"]);
  inRange("inner.sgd", "lr", lr, 0);
  return {
    initMeta: () => ({}),
    init: () => ({}),
    update: (grads, state, params) => [mapTree((p, g) => sub(p, mul(g, lr)), params, grads), state],
  };
}
