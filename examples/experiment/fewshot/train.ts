// Meta-training of any learner for a given amount of arithmetic, one compiled program a step: equal
// arithmetic, not equal time, so that every run has the same bits.

import { compile, type data, dispose, type Tensor, type Tree, tensor } from "hypergrad";
import type { Tell } from "../experiment";
import { type Domain, type Stream, stackTasks } from "./domain";

export type Stepped<S extends Tree> = { state: S; value: Tensor };

interface TrainOptions<S extends Tree> {
  readonly domain: Domain;
  readonly stream: Stream;
  /** Floating-point operations that all steps together may take. */
  readonly flops: number;
  readonly state: S;
  /** `progress` runs from 0 to 1 over the training, a float32 scalar. */
  readonly step: (state: S, tasks: data.TaskTensors, progress: Tensor) => Stepped<S>;
  readonly tell: Tell;
}

/** What a training took. */
export interface Spent {
  readonly flops: number;
  readonly steps: number;
  readonly seconds: number;
}

export interface Trained<S extends Tree> extends Spent {
  readonly state: S;
}

/** Trains until the next step would take more than `flops`; at least one step. */
export async function train<S extends Tree>(options: TrainOptions<S>): Promise<Trained<S>> {
  const { domain, stream, flops, step, tell } = options;
  const { metaBatch } = domain;
  const program = compile((s: S, tasks: data.TaskTensors, progress: Tensor): Stepped<S> => {
    const { state, value } = step(s, tasks, progress); // whatever else a learner tells
    return { state, value };
  });
  const from = performance.now();
  let { state } = options;
  let [steps, count] = [1, 1];
  for (let i = 0; i < steps; i++) {
    const list = Array.from({ length: metaBatch }, (_, k) => stream(i * metaBatch + k));
    const tasks = stackTasks(list);
    const progress = tensor(i / steps);
    const next = program(state, tasks, progress);
    dispose({ state, tasks, progress } as unknown as Tree);
    state = next.state;
    if (i === 0) {
      count = program.stats().flops;
      steps = Math.max(1, Math.floor(flops / count));
    }
    const loss = await next.value.item();
    next.value.dispose();
    if (i % 5 === 0) await tell(i, steps, `loss ${loss.toFixed(3)}`);
  }
  program.dispose();
  return { state, flops: steps * count, steps, seconds: (performance.now() - from) / 1000 };
}

/** What two trainings took together. */
export const together = (a: Spent, b: Spent): Spent => ({
  flops: a.flops + b.flops,
  steps: a.steps + b.steps,
  seconds: a.seconds + b.seconds,
});
