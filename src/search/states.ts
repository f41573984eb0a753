// What trials leave for their later runs and for copies of them, named by trial and step: the name
// of a state never changes what it means, so a study that is restored finds the right ones.

import type { Space } from "./space";
import type { Study } from "./study";

/** A Map of states, or what keeps them elsewhere, such as in files; promises are awaited. A state
 * that no trial may need any more is deleted, all but those of trials that are done. */
export interface States {
  get(name: string): unknown;
  set(name: string, state: unknown): unknown;
  delete(name: string): unknown;
}

/** Of the state that a trial, or the one it is copied from, had after so many steps. */
export function stateName(asked: {
  readonly id: number;
  readonly from?: number;
  readonly step?: number;
}): string {
  return `${asked.from ?? asked.id}-${asked.step ?? 0}`;
}

/** Names of the states that trials may begin with, and of the last ones of trials that are done. */
export function needed<S extends Space>(study: Study<S>): string[] {
  const alive = study.trials().filter(({ state }) => state !== "failed" && state !== "stopped");
  return alive.map(({ id, step, from, reports }) => {
    const own = reports.some((report) => report.step <= step);
    return stateName(own ? { id, step } : { id, step, from });
  });
}
