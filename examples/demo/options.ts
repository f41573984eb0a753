// The demo's command line: every option checked before anything is loaded, and one clear line for
// each that is wrong.

import {
  argumentsOf,
  choice,
  DEVICES,
  type DeviceName,
  from,
  number,
  type Range,
  UsageError,
} from "../commandLine";

type TaskName = "sinusoid" | "characters" | "omniglot";
export type Order = 1 | 2;

/** All that decides the bits of a run; kept in checkpoints and reports. */
export interface Settings {
  task: TaskName;
  way: number;
  shot: number;
  query: number;
  /** Inner steps in training. */
  steps: number;
  /** The orders to train, in this order. */
  orders: Order[];
  seed: number;
  /** Runs with seeds seed, seed + 1, ... */
  seeds: number;
  device: DeviceName;
  iterations: number;
  /** Tasks of a meta-step. */
  metaBatch: number;
  filters: number;
  innerLr: number;
  outerLr: number;
  /** The last share of the training, over which the outer rate falls to a hundredth. */
  outerDecay: number;
  /** Fixed test tasks. */
  testTasks: number;
}

/** What a command asks for. */
export interface Command {
  settings: Settings;
  /** Folder of Omniglot. */
  data?: string;
  /** Checkpoint to go on from; the settings are then its own. */
  resume?: string;
  /** Where Ctrl-C saves. */
  save: string;
  /** The report. */
  out: string;
  /** Where to draw the program of a meta-step, if anywhere. */
  graph?: string;
}

const images = {
  ...{ way: 5, shot: 1, query: 1, steps: 1, metaBatch: 8, filters: 32 },
  ...{ innerLr: 0.4, outerLr: 2e-3, outerDecay: 0.4 },
};
/** Protocols of the three tasks. */
const defaults = {
  sinusoid: {
    ...{ way: 1, shot: 10, query: 10, steps: 1, metaBatch: 25, filters: 40 },
    ...{ innerLr: 0.01, outerLr: 1e-3, outerDecay: 0 },
    ...{ iterations: 15000, orders: [2, 1] as Order[] },
  },
  characters: { ...images, iterations: 1500, orders: [2, 1] as Order[] },
  omniglot: { ...images, iterations: 8000, orders: [2, 1] as Order[] },
};

export const help = `Learns to learn: second-order MAML beside first order and training
from scratch.

  npm run demo -- [options]

  --task NAME        sinusoid, characters or omniglot (characters)
  --data DIR         folder of omniglot.json and its .bin.gz files; for --task omniglot
  --way N            classes of a task (5)
  --shot N           support images of a class, or points of a curve (1; sinusoid 10)
  --query N          query images of a class, or points of a curve (1; sinusoid 10)
  --steps N          inner steps in training (1)
  --order 1|2        train this order only (both)
  --iterations N     meta-steps (characters ${defaults.characters.iterations}, omniglot \
${defaults.omniglot.iterations}, sinusoid ${defaults.sinusoid.iterations})
  --meta-batch N     tasks of a meta-step (8; sinusoid 25)
  --filters N        filters of a conv layer, or hidden units of the sinusoid's net (32; 40)
  --inner-lr X       learning rate of the inner steps (0.4; sinusoid 0.01)
  --outer-lr X       Adam's learning rate (0.002; sinusoid 0.001)
  --outer-decay X    last share of training, over which that rate falls to 1 % (0.4; sinusoid 0)
  --test-tasks N     fixed test tasks (600)
  --seed N           seed of weights and tasks (0)
  --seeds N          runs, with seeds from --seed on, averaged in the table (1)
  --device NAME      auto, reference, wasm or webgpu (auto)
  --out FILE         the report (report.html)
  --graph FILE       a page that shows the program of a meta-step: ops, memory, time
  --save FILE        where Ctrl-C saves (checkpoints/TASK.safetensors)
  --resume FILE      go on from there; takes all settings from the file
  --help             this text
`;

const text = { type: "string" } as const;
const options = {
  ...{ task: text, data: text, way: text, shot: text, query: text, steps: text, order: text },
  ...{ iterations: text, "meta-batch": text, filters: text, "inner-lr": text, seed: text },
  ...{ "outer-lr": text, "outer-decay": text },
  ...{ seeds: text, device: text, out: text, save: text, resume: text, "test-tasks": text },
  graph: text,
  help: { type: "boolean" },
} as const;

const RATE: Range = { what: "a number above 0", fits: (n) => n > 0 && n < Infinity };
const SHARE: Range = { what: "a number from 0 to 1", fits: (n) => n >= 0 && n <= 1 };

/** The command of these arguments, or null when they ask for help. Throws a UsageError. */
export function parseOptions(args: readonly string[]): Command | null {
  const { values } = argumentsOf(args, { options });
  if (values.help) return null;
  const given = values as Record<string, string | undefined>;
  const { data, resume, graph } = given;
  const out = given.out ?? "report.html";
  if (resume !== undefined) {
    const other = Object.keys(given).find(
      (name) => !["resume", "out", "save", "data", "graph"].includes(name),
    );
    if (other)
      throw new UsageError(`--resume takes its settings from the file: leave out --${other}`);
  }
  const task = choice("--task", given.task ?? "characters", ["sinusoid", "characters", "omniglot"]);
  if (task === "sinusoid" && given.way !== undefined) {
    throw new UsageError("--way means nothing with --task sinusoid: leave it out");
  }
  if (task === "omniglot" && data === undefined) {
    throw new UsageError("--task omniglot needs --data DIR, the folder of omniglot.json");
  }
  if (task !== "omniglot" && data !== undefined && resume === undefined) {
    throw new UsageError(`--data means nothing with --task ${task}: leave it out`);
  }
  const base = defaults[task];
  const whole = (name: string, fallback: number, least = 1) =>
    number(name, given[name], fallback, from(least));
  const rate = (name: string, fallback: number) => number(name, given[name], fallback, RATE);
  const share = (name: string, fallback: number) => number(name, given[name], fallback, SHARE);
  const settings: Settings = {
    task,
    way: whole("way", base.way, 2),
    shot: whole("shot", base.shot),
    query: whole("query", base.query),
    steps: whole("steps", base.steps),
    orders:
      given.order === undefined
        ? base.orders
        : [Number(choice("--order", given.order, ["1", "2"])) as Order],
    seed: whole("seed", 0, 0),
    seeds: whole("seeds", 1),
    device: choice("--device", given.device ?? "auto", DEVICES),
    iterations: whole("iterations", base.iterations),
    metaBatch: whole("meta-batch", base.metaBatch),
    filters: whole("filters", base.filters),
    innerLr: rate("inner-lr", base.innerLr),
    outerLr: rate("outer-lr", base.outerLr),
    outerDecay: share("outer-decay", base.outerDecay),
    testTasks: whole("test-tasks", 600, 2),
  };
  const save = given.save ?? resume ?? `checkpoints/${task}.safetensors`;
  return { settings, data, resume, save, out, graph };
}
