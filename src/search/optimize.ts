// Runs a study: asks, calls the objective and tells, with as many trials at a time as wanted; an
// objective that throws leaves a failed trial behind, never one that runs for ever.

import { checkWhole } from "./checks";
import type { Params, Space } from "./space";
import type { Ask, Study, Trial } from "./study";

export interface Run<S extends Space> extends Ask<S> {
  /** Tells a value at a step before the end; what it returns says whether the trial goes on. */
  report(value: number, step: number): Trial<S>;
}

/** The value of params; under a scheduler, after training from `run.step` up to `run.budget`. */
export type Objective<S extends Space> = (
  params: Params<S>,
  run: Run<S>,
) => number | Promise<number>;

export interface OptimizeOptions {
  /** Trials the study shall have in the end, those it has included, copies not. */
  readonly trials: number;
  /** Trials at a time (default 1). The order in which they end, and so the result, is then a
   * matter of timing. */
  readonly parallel?: number;
}

/**
 * Runs until the study has as many trials and none of them can be continued. Trials that are
 * running when it is called (a restored study's, after a crash) are run first, from the step last
 * told. Throws what the objective throws, once the other trials have ended;
 * the trial is then told as failed.
 */
export async function optimize<S extends Space>(
  study: Study<S>,
  objective: Objective<S>,
  { trials, parallel = 1 }: OptimizeOptions,
): Promise<Study<S>> {
  if (trials !== Infinity) checkWhole("optimize", "trials", trials, 0);
  checkWhole("optimize", "parallel", parallel, 1);
  const lost = study.trials().filter(({ state }) => state === "running");
  const queue = lost.map(({ id }) => study.asked(id));
  const running = new Set<Promise<void>>();
  const thrown: unknown[] = [];
  const next = () => {
    if (thrown.length > 0) return undefined;
    const started = study.trials().filter(({ from }) => from === undefined).length;
    return queue.shift() ?? study.ask({ start: started < trials });
  };
  for (;;) {
    const asked = running.size < parallel ? next() : undefined;
    if (asked) {
      const run = runOne(study, objective, asked, thrown);
      running.add(run);
      run.then(() => running.delete(run));
    } else if (running.size > 0) await Promise.race(running);
    else break;
  }
  if (thrown.length > 0) throw thrown[0];
  return study;
}

async function runOne<S extends Space>(
  study: Study<S>,
  objective: Objective<S>,
  asked: Ask<S>,
  thrown: unknown[],
): Promise<void> {
  let ended = false;
  const report = (value: number, step: number) => {
    const trial = study.tell(asked.id, value, step);
    ended = trial.state !== "running";
    return trial;
  };
  try {
    const value = await objective(asked.params, { ...asked, report });
    if (!ended) study.tell(asked.id, value);
  } catch (error) {
    thrown.push(error);
    if (!ended) study.tell(asked.id, NaN);
  }
}
