// What a scheduler is: a value that decides from the trials so far which to start, continue or copy
// next; it remembers nothing, so a restored study goes on where it was.

import type { Stream } from "../core/random";
import type { Code, Layout } from "./layout";

export type TrialState = "running" | "paused" | "done" | "failed" | "stopped";

/** A trial as schedulers see it. Costs: smaller is better; Infinity once the trial failed. */
export interface Progress {
  readonly id: number;
  readonly code: Code;
  readonly state: TrialState;
  /** Steps up to which it was last asked to train. */
  readonly budget: number;
  /** Steps it has trained for, as told. */
  readonly step: number;
  /** The trial whose weights it began with. */
  readonly from?: number;
  /** Cost at the last budget reached; undefined before the first. */
  readonly cost: number | undefined;
  /** Cost when it reached that budget; undefined when it did not (yet). */
  at(budget: number): number | undefined;
}

export interface SchedulerContext {
  readonly trials: readonly Progress[];
  /** False when no new trial may be started. */
  readonly canStart: boolean;
  readonly layout: Layout;
  /** The stream of (study's seed, number of trials). */
  readonly random: Stream;
  allowed(code: Code): boolean;
}

/** Budgets are totals: a resumed trial trains from where it is up to its new budget. */
export type Decision =
  | { readonly kind: "start"; readonly budget: number }
  | { readonly kind: "resume"; readonly id: number; readonly budget: number }
  | {
      readonly kind: "copy";
      /** Whose weights the new trial begins with. */
      readonly from: number;
      readonly code: Code;
      readonly budget: number;
      /** The trial that the copy replaces. */
      readonly stop?: number;
    };

export interface Scheduler {
  readonly name: string;
  /** Its options, as JSON: a study is restored only with the scheduler it was saved with. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The largest budget: a trial that reached it is done. */
  readonly most: number;
  /** Undefined when nothing can be done before a running trial is told. */
  next(context: SchedulerContext): Decision | undefined;
}

/** The lower cost first; of equals, the one asked first. */
export function byCost(budget: number): (a: Progress, b: Progress) => number {
  return (a, b) => {
    const [x, y] = [a.at(budget)!, b.at(budget)!];
    return x === y ? a.id - b.id : x - y;
  };
}
