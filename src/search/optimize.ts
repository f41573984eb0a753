// Runs a study: asks, runs and tells, several trials at a time, told in the order asked: which run
// ends first changes nothing, so the same seed and objective give the same study.

import { needWhole, optionsOf } from "../core/options";
import type { Params, Space } from "./space";
import { needed, type States, stateName } from "./states";
import type { Ask, Study, Trial } from "./study";

export interface Run<S extends Space> extends Ask<S> {
  /** What this trial's last run returned as its state, or for a copy that of the trial it is
   * copied from; undefined for a new one, or where no state was returned. */
  readonly state?: unknown;
  /** Tells a value at a step before the end; false when the run ends with it. */
  report(value: number, step: number): boolean;
}

/** A value, and what a later run of the trial, or of a copy, begins with. */
export interface Trained {
  readonly value: number;
  readonly state: unknown;
}

/** The value of params; under a scheduler, after training from `run.step` up to `run.budget`. To
 * have the same study again, it must be a function of the params and the run. */
export type Objective<S extends Space> = (
  params: Params<S>,
  run: Run<S>,
) => number | Trained | Promise<number | Trained>;

export interface OptimizeOptions<S extends Space = Space> {
  /** Trials the study shall have in the end, those it has included, copies not. */
  readonly trials: number;
  /** Trials at a time (default 1). They are told in the order asked: with more of them than there
   * are workers, a worker need not wait for a slow trial of another. */
  readonly parallel?: number;
  /** Where states of paused trials are: a Map when left out, gone with the process. */
  readonly states?: States;
  /** Called after each tell, and awaited: the place to save the study. */
  readonly told?: (trial: Trial<S>) => void | Promise<void>;
}

/** Whether a run goes on after a report: neither failed nor at its budget. */
export function goesOn(run: { readonly budget?: number }, value: number, step: number): boolean {
  return Number.isFinite(value) && step !== run.budget;
}

/** How a run ended: what is to be told of it. */
interface End {
  readonly value: number;
  readonly step?: number;
  readonly state?: unknown;
  readonly thrown?: { readonly error: unknown };
}

/**
 * Runs until the study has as many trials and none of them can be continued. Trials that are
 * running when it is called (a restored study's, after a crash) are run first, from where their
 * run began: a study saved after each tell, with its states, ends as if it had never stopped.
 * Throws what the objective throws, once the other trials have ended; the trial is then told as
 * failed.
 */
export async function optimize<S extends Space>(
  study: Study<S>,
  objective: Objective<S>,
  options: OptimizeOptions<S>,
): Promise<Study<S>> {
  optionsOf("optimize", options, ["trials", "parallel", "states", "told"]);
  const { trials, parallel = 1, states = new Map(), told } = options;
  if (trials !== Infinity) needWhole("optimize", { trials }, 0);
  needWhole("optimize", { parallel }, 1);
  const lost = study.lost();
  const held = new Set(needed(study));
  const running: { readonly id: number; readonly end: Promise<End> }[] = [];
  let thrown: End["thrown"];
  const next = () => {
    if (thrown !== undefined) return undefined;
    const started = study.trials().filter(({ from }) => from === undefined).length;
    return lost.shift() ?? study.ask({ start: started < trials });
  };
  for (;;) {
    const asked = running.length < parallel ? next() : undefined;
    if (asked !== undefined) {
      // Here, not when it is run: what follows may replace it.
      const state = asked.step ? await states.get(stateName(asked)) : undefined;
      running.push({ id: asked.id, end: runOne(study, objective, { ...asked, state }) });
      continue;
    }
    const first = running.shift();
    if (first === undefined) break;
    const end = await first.end;
    const [trial, error] = tellEnd(study, first.id, end);
    thrown ??= error;
    if (end.state !== undefined) {
      const name = stateName({ id: trial.id, step: trial.step });
      await states.set(name, end.state);
      held.add(name);
    }
    await told?.(trial);
    const still = new Set(needed(study));
    for (const old of held) {
      if (still.has(old)) continue;
      await states.delete(old);
      held.delete(old);
    }
  }
  if (thrown !== undefined) throw thrown.error;
  return study;
}

/** Tells how a run ended; as failed, if what the objective gave cannot be told. */
function tellEnd<S extends Space>(
  study: Study<S>,
  id: number,
  { value, step, thrown }: End,
): [trial: Trial<S>, thrown: End["thrown"]] {
  try {
    return [study.tell(id, value, step), thrown];
  } catch (error) {
    return [study.tell(id, NaN), thrown ?? { error }];
  }
}

/** Never rejects: what the objective throws is an end as any other. */
async function runOne<S extends Space>(
  study: Study<S>,
  objective: Objective<S>,
  run: Ask<S> & { readonly state?: unknown },
): Promise<End> {
  // What ends the run is told in its turn, the reports before it at once.
  let last: { readonly value: number; readonly step: number } | undefined;
  const report = (value: number, step: number): boolean => {
    if (last !== undefined) return false;
    if (goesOn(run, value, step)) study.tell(run.id, value, step);
    else last = { value, step };
    return last === undefined;
  };
  try {
    const found = await objective(run.params, { ...run, report });
    const { value, state } = typeof found === "object" ? found : { value: found, state: undefined };
    return { value, ...last, state };
  } catch (error) {
    return { value: NaN, ...last, thrown: { error } };
  }
}
