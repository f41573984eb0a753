// What an experiment is: a list of jobs, each one method on one task with one seed, whose numbers
// are a function of the settings and the seed alone. Times are kept apart from them.

import type { Settings } from "./options";

/** A point of a curve: [x, y]. */
export type Point = readonly [number, number];

/** What a job found. All but `times` has the same bits in every run. */
export interface Outcome {
  /** By the metric's name; NaN where the method has none. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Half the 95 % interval over test tasks, where a metric is a mean over such. */
  readonly halves?: Readonly<Record<string, number>>;
  readonly curves?: Readonly<Record<string, readonly Point[]>>;
  /** Seconds and other measured times. */
  readonly times?: Readonly<Record<string, number>>;
  /** What a reader must know, such as the rate that tuning chose. */
  readonly note?: string;
}

/** Says how far a job is; resolves when others have had their turn. */
export type Tell = (done: number, total: number, note?: string) => Promise<void>;

export interface Job {
  /** What is compared within one table, such as the task. */
  readonly group: string;
  readonly method: string;
  readonly seed: number;
  run(tell: Tell): Promise<Outcome>;
}

export interface Metric {
  readonly name: string;
  readonly label: string;
  readonly better: "higher" | "lower" | "neither";
  readonly form: "percent" | "number" | "whole";
  /** Taken from `times`. */
  readonly measured?: boolean;
}

export interface Chart {
  /** The name of the curves it shows, one a method. */
  readonly curve: string;
  readonly x: string;
  readonly y: string;
  readonly log?: boolean;
  readonly percent?: boolean;
}

/** Everything of a run that is known before it. */
export interface Plan {
  /** Sentences on tasks, protocol and budget. */
  readonly about: readonly string[];
  readonly jobs: readonly Job[];
  /** By group; those of "" where a group has none of its own. */
  readonly metrics: Readonly<Record<string, readonly Metric[]>>;
  readonly charts: readonly Chart[];
  /** What the results say, in sentences that hold whichever method is ahead. */
  verdict(results: readonly Result[]): readonly string[];
}

/** An outcome with the job that it is of. */
export interface Result {
  readonly group: string;
  readonly method: string;
  readonly seed: number;
  readonly seconds: number;
  readonly outcome: Outcome;
}

export interface Experiment {
  readonly title: string;
  plan(settings: Settings, seeds: readonly number[], data?: string): Promise<Plan>;
}

/** What a method is given beside the work that all methods of a group share. */
interface Own {
  readonly seed: number;
  readonly tell: Tell;
}

/** A job for each method and seed of a group. */
export function jobsOf<W extends Own>(
  group: string,
  methods: Iterable<readonly [string, (work: W) => Promise<Outcome>]>,
  seeds: readonly number[],
  work: Omit<W, keyof Own>,
): Job[] {
  return [...methods].flatMap(([method, run]) =>
    seeds.map((seed) => ({
      ...{ group, method, seed },
      run: (tell: Tell) => run({ ...work, seed, tell } as W),
    })),
  );
}
