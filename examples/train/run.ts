// The trainings of a command: every seed and fold in turn, each tested once, after its last epoch:
// the test examples choose nothing.

import { readFile } from "node:fs/promises";
import {
  data,
  dispose,
  type EpochReport,
  evaluator,
  fit,
  key,
  type StepReport,
  scope,
} from "hypergrad";
import { UsageError } from "../commandLine";
import type { Command } from "./options";
import type { Loaded, Run } from "./task";

/** What one training came to. */
export interface Outcome {
  readonly seed: number;
  readonly fold: number;
  readonly accuracy: number;
  readonly loss: number;
  /** Examples that it was tested on. */
  readonly tested: number;
  readonly steps: number;
  readonly seconds: number;
  readonly epochs: readonly EpochReport[];
}

export interface Watch {
  step(seed: number, fold: number, report: StepReport, of: number): void;
  epoch(seed: number, fold: number, report: EpochReport, of: number): void;
  done(outcome: Outcome): void;
}

/** All trainings; `signal` ends the one that runs, its state saved where --save says. */
export async function runAll(
  command: Command,
  loaded: Loaded,
  watch: Watch,
  signal?: AbortSignal,
): Promise<Outcome[]> {
  await checkSaved(command);
  const outcomes: Outcome[] = [];
  for (let seed = command.seed; seed < command.seed + command.seeds; seed++) {
    for (const [fold, run] of loaded.runs(seed, command.settings).entries()) {
      const outcome = await runOne(command, run, seed, fold, watch, signal);
      if (outcome === null) return outcomes;
      outcomes.push(outcome);
      watch.done(outcome);
    }
  }
  return outcomes;
}

/** States of other settings, or of other data, must not be gone on from: the settings stand beside
 * them. */
async function checkSaved({ task, settings, save, data: folder }: Command): Promise<void> {
  if (save === undefined) return;
  const path = `${save}/${task.name}.json`;
  const own = JSON.stringify({ generated: folder === undefined, ...settings });
  const known = await readFile(path, "utf8").catch(() => own);
  if (known !== own) {
    throw new UsageError(`--save ${save} has trainings of other settings, ${known}: take another`);
  }
  await data.writeBytes(path, new TextEncoder().encode(own));
}

async function runOne(
  { task, settings, save, every }: Command,
  run: Run,
  seed: number,
  fold: number,
  watch: Watch,
  signal?: AbortSignal,
): Promise<Outcome | null> {
  const start = performance.now();
  const path = save === undefined ? null : `${save}/${task.name}-${seed}-${fold}.safetensors`;
  const { init, train, test: tested, measure, ...learning } = run;
  const params = scope(() => init(key(seed)));
  const test = evaluator(tested, measure);
  try {
    const result = await fit({
      ...learning,
      ...{ params, batches: train, epochs: settings.epochs, seed, signal },
      save: path === null ? undefined : { every, write: (bytes) => data.writeBytes(path, bytes) },
      resume: path === null ? undefined : await readFile(path).catch(() => undefined),
      onStep: (report) => watch.step(seed, fold, report, settings.epochs),
      onEpoch: (report) => watch.epoch(seed, fold, report, settings.epochs),
    });
    const { accuracy, loss } = await test(result.params);
    const { epochs, steps, ended } = result;
    dispose(result.params);
    if (ended === "signal") return null;
    const seconds = (performance.now() - start) / 1000;
    return { seed, fold, accuracy, loss, tested: tested.settings.count, steps, seconds, epochs };
  } finally {
    dispose(params);
    test.dispose();
  }
}

/** The accuracy of a seed, over all examples of its folds. */
export function accuracyOf(outcomes: readonly Outcome[], seed: number): number {
  const own = outcomes.filter((o) => o.seed === seed);
  const tested = own.reduce((sum, o) => sum + o.tested, 0);
  return own.reduce((sum, o) => sum + o.accuracy * o.tested, 0) / tested;
}
