// The experiments' command line: every option is checked before anything is loaded, and each that
// is wrong gives one clear line.

import {
  argumentsOf,
  choice,
  DEVICES,
  type DeviceName,
  from,
  number,
  UsageError,
} from "../commandLine";

export const NAMES = ["s0", "s1", "s2", "s3", "s4"] as const;
export type Name = (typeof NAMES)[number];

/** All that decides the bits of a run; kept in its results. */
export interface Settings {
  readonly experiment: Name;
  /** The first seed. */
  readonly seed: number;
  /** Repetitions, each with a seed of its own, which share the budget. */
  readonly seeds: number;
  /** Minutes that the work is scaled to on two CPU cores. Work, not time, is fixed: a slower
   * machine takes longer and gives the same bits. */
  readonly budget: number;
  readonly device: DeviceName;
  /** Whether tasks are of real data. */
  readonly real: boolean;
}

export interface Command {
  readonly settings: Settings;
  /** Folder of the data sets. */
  readonly data?: string;
  /** Of the rows those that have this in their `table: method`, or one of several between `|`. */
  readonly only?: string;
  /** Threads that run jobs; the numbers are the same for any number of them. */
  readonly workers: number;
  /** Go on from the results in the folder. */
  readonly resume: boolean;
  /** Folder of results.json and report.html. */
  readonly out: string;
}

export const help = `Runs one of the five meta-learning systems beside its baselines, all under the
same budget.

  npm run experiment -- s0|s1|s2|s3|s4 [options]

  s0   a net that predicts the learning rate at every step, and schedules
  s1   hyperparameter search that learns across data sets
  s2   a controller of learning rate and batch size during training
  s3   initialisations that adapt in few steps
  s4   a network that writes updates of a pre-trained model

  --data DIR       folder of the data sets; without it, tasks that are built in
  --seeds N        repetitions, which share the budget (3)
  --seed N         the first seed (0)
  --budget MIN     minutes that the work is scaled to on two CPU cores (2)
  --device NAME    auto, reference, wasm or webgpu (auto)
  --only TEXT      of the rows only those that have TEXT in "table: method", or one of several
                   texts between |, with the work they have in a whole run
  --workers N      threads that run the rows' seeds, each with a device of its own (1, for s1
                   2): the numbers are the same, what seeds share is made in every thread
  --out DIR        folder of results.json and report.html (experiments/NAME)
  --resume         go on with what is in that folder, of the same settings
  --help           this text
`;

const text = { type: "string" } as const;
const options = {
  ...{ data: text, seeds: text, seed: text, budget: text, device: text, out: text },
  ...{ only: text, workers: text },
  resume: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** The command of these arguments, or null when they ask for help. Throws a UsageError. */
export function parseOptions(args: readonly string[]): Command | null {
  const { values: given, positionals } = argumentsOf(args, { options, allowPositionals: true });
  if (given.help === true) return null;
  if (positionals.length !== 1) {
    const got = positionals.join(" ") || "none";
    throw new UsageError(`name one experiment, ${NAMES.join(", ")}; got ${got}`);
  }
  const experiment = choice("the experiment", positionals[0], NAMES);
  const settings: Settings = {
    experiment,
    seed: number("seed", given.seed, 0, from(0)),
    seeds: number("seeds", given.seeds, 3, from(1)),
    budget: number("budget", given.budget, 2, {
      what: "a number of minutes above 0",
      fits: (n) => n > 0 && n < Infinity,
    }),
    device: choice("--device", given.device ?? "auto", DEVICES),
    real: given.data !== undefined,
  };
  const out = given.out ?? `experiments/${experiment}`;
  const { data, only, resume = false } = given;
  // S1 compares costs that are counted, and most of it is thinking: two threads falsify nothing.
  const workers = number("workers", given.workers, experiment === "s1" ? 2 : 1, from(1));
  return { settings, data, only, workers, resume, out };
}
