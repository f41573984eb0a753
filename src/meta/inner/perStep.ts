// A learned rate for every parameter tensor and inner step (MAML++).

import { needWhole, optionsOf } from "../../core/options";
import { mul, sub } from "../../ops/arithmetic";
import { inRange } from "../../optim/optimizer";
import { scalar } from "../../optim/state";
import { mapTree, type Tree } from "../../tensor/tree";
import type { InnerOptimizer, Nothing } from "../innerOptimizer";

interface PerStepOptions {
  /** Where every rate begins. */
  readonly lr: number;
  /** Steps that have rates of their own; later ones take the last. Default: those of the unroll,
   * or 5 where `initMeta` is called without them. */
  readonly steps?: number;
}

/** p ← p − a_{tensor, step} · g (Antoniou et al. 2019). What is learned is a list by step of trees
 * of scalars. */
export function perStep(options: PerStepOptions): InnerOptimizer<readonly Tree[], Nothing> {
  optionsOf("inner.perStep", options, ["lr", "steps"]);
  const { lr, steps } = options;
  inRange("inner.perStep", "lr", lr, 0);
  if (steps !== undefined) needWhole("inner.perStep", { steps }, 1);
  return {
    initMeta: (params, _, known = 5) =>
      Array.from({ length: steps ?? Math.max(1, known) }, () =>
        mapTree((p) => scalar(p, lr), params),
      ),
    init: () => ({}),
    update: (grads, state, params, { meta, step }) => [
      mapTree((p, g, a) => sub(p, mul(a, g)), params, grads, meta[Math.min(step, meta.length - 1)]),
      state,
    ],
  };
}
