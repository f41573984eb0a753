// One training step as a compiled program: loss, gradient, update, and the keys of the next step.

import type { BatchTensors } from "../data/batches";
import { valueAndGrad } from "../grad/grad";
import { type Key, split } from "../ops/random";
import { compile } from "../program/compile";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import type { FitOptions, LossContext } from "./options";

/** What a step reads and makes anew. */
export type StepTensors<P extends Tree, S extends Tree> = {
  readonly params: P;
  readonly optimizer: Tree;
  readonly state: S;
  readonly key: Key;
};

export interface Step<P extends Tree, S extends Tree> {
  run(
    now: StepTensors<P, S>,
    batch: BatchTensors,
  ): { readonly next: StepTensors<P, S>; readonly loss: Tensor };
  /** The gradient that such a step takes, op by op. */
  gradient(now: StepTensors<P, S>, batch: BatchTensors): P;
  dispose(): void;
}

export function stepOf<P extends Tree, S extends Tree>(options: FitOptions<P, S>): Step<P, S> {
  const { optimizer, gradients = (grads: P) => grads } = options;
  const both = valueAndGrad(
    (params: P, batch: BatchTensors, context: LossContext<S>) => {
      const made = options.loss(params, batch, context);
      return (Array.isArray(made) ? made : [made, context.state]) as [Tensor, S];
    },
    { aux: true },
  );
  const run = compile((now: StepTensors<P, S>, batch: BatchTensors) => {
    const [own, later] = split(now.key, 2);
    const [[loss, state], grads] = both(now.params, batch, { key: own, state: now.state });
    const [params, next] = optimizer.update(gradients(grads), now.optimizer, now.params);
    return { next: { params, optimizer: next as Tree, state, key: later }, loss };
  });
  return {
    run,
    gradient: ({ params, state, key }, batch) =>
      scope(() => both(params, batch, { key: split(key, 2)[0], state })[1]),
    dispose: () => run.dispose(),
  };
}
