// The command line of the training example: every option checked before anything is loaded, and one
// clear line for each that is wrong.

import { availableParallelism } from "node:os";
import {
  argumentsOf,
  choice,
  DEVICES,
  type DeviceName,
  from,
  number,
  UsageError,
} from "../commandLine";
import type { Settings, Task } from "./task";
import { tasks } from "./tasks";

export interface Command {
  readonly task: Task;
  /** The folder of all data sets; undefined for generated data. */
  readonly data?: string;
  readonly settings: Settings;
  readonly seed: number;
  readonly seeds: number;
  readonly device: DeviceName;
  readonly threads: number;
  /** The report. */
  readonly out?: string;
  /** The folder of training states: a run goes on from what is there. */
  readonly save?: string;
  /** Steps between two states. */
  readonly every?: number;
}

const text = { type: "string" } as const;
const options = {
  ...{ task: text, data: text, seed: text, seeds: text, device: text, threads: text },
  ...{ epochs: text, batch: text, lr: text, out: text, save: text, every: text },
  set: { type: "string", multiple: true },
  help: { type: "boolean" },
} as const;

export function help(): string {
  const list = tasks.map((t) => `  ${t.name.padEnd(18)} ${t.title}`).join("\n");
  return `Trains one of the base networks and prints its test accuracy.

  npm run train -- --task NAME [options]

${list}

  --data DIR         folder of the data sets; without it, small generated data
  --seeds N          trainings, with seeds from --seed on (1)
  --seed N           first seed (0)
  --epochs N, --batch N, --lr X, --set NAME=X
                     settings other than the task's own
  --device NAME      auto, reference, wasm or webgpu (auto)
  --threads N        threads of the wasm device (as many as there are cores)
  --out FILE         the report, JSON
  --save DIR         keep the state of each training there after every epoch, and go on from it
  --every N          and after every N steps
  --help             this text
`;
}

/** The command of these arguments, or null when they ask for help. Throws a UsageError. */
export function parseOptions(args: readonly string[]): Command | null {
  const { values: given } = argumentsOf(args, { options });
  if (given.help) return null;
  const values = given as Record<string, string | undefined>;
  const names = tasks.map(({ name }) => name).join(", ");
  const task = tasks.find(({ name }) => name === values.task);
  if (task === undefined) {
    throw new UsageError(
      values.task === undefined ? `give --task, one of ${names}` : `--task is one of ${names}`,
    );
  }
  const whole = (name: string, fallback: number, least: number) =>
    number(name, values[name], fallback, from(least));
  if (values.every !== undefined && values.save === undefined) {
    throw new UsageError("--every needs --save DIR");
  }
  return {
    task,
    data: values.data,
    settings: settingsOf(task, values, (given.set ?? []) as string[]),
    seed: whole("seed", 0, 0),
    seeds: whole("seeds", 1, 1),
    device: choice("--device", values.device ?? "auto", DEVICES),
    threads: whole("threads", availableParallelism(), 1),
    out: values.out,
    save: values.save,
    every: values.every === undefined ? undefined : whole("every", 1, 1),
  };
}

function settingsOf(
  task: Task,
  values: Record<string, string | undefined>,
  set: readonly string[],
): Settings {
  const base = values.data === undefined ? { ...task.settings, ...task.small } : task.settings;
  const made: Record<string, number> = { ...base } as Settings;
  const pairs = ["epochs", "batch", "lr"].flatMap((name) =>
    values[name] === undefined ? [] : [`${name}=${values[name]}`],
  );
  for (const pair of [...pairs, ...set]) {
    const [name, value = ""] = pair.split("=");
    if (!(name in made)) {
      throw new UsageError(`${task.name} has no setting ${name}: ${Object.keys(made).join(", ")}`);
    }
    if (value.trim() === "" || !Number.isFinite(Number(value))) {
      throw new UsageError(`the setting ${name} is a number, not "${value}"`);
    }
    made[name] = Number(value);
  }
  for (const name of ["epochs", "batch"]) number(name, String(made[name]), 1, from(1));
  return made as Settings;
}
