// A run on disk: settings, the place it has come to, and every array that its next step reads. The
// file is whole or not there: it is written beside its place and then renamed.

import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { data } from "hypergrad";
import { UsageError } from "../commandLine";
import type { Settings } from "./options";

/** One training of a run: an order and a seed, with all that its next step depends on. */
export interface Phase {
  seed: number;
  order: 1 | 2;
  /** Meta-steps done; also the cursor of the task stream. */
  done: number;
  /** Meta-loss of each meta-step done. */
  loss: number[];
  /** Score on fresh training tasks, taken at even intervals: [meta-step, mean score]. */
  score: [at: number, mean: number][];
  seconds: number;
  /** Weights and optimizer state by path; null before the first step. */
  arrays: Record<string, data.HostArray> | null;
}

export interface Checkpoint {
  settings: Settings;
  /** The device's name and sentence: other devices give other bits. */
  device: string;
  version: string;
  phases: Phase[];
}

const FORM = "hypergrad demo 1";

/** Writes a checkpoint; an earlier one stays whole until the new one is. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const arrays: Record<string, data.HostArray> = {};
  const phases = checkpoint.phases.map(({ arrays: own, loss, score, ...rest }, i) => {
    for (const [name, array] of Object.entries(own ?? {})) arrays[`${i}/${name}`] = array;
    arrays[`${i}/history.loss`] = { data: Float64Array.from(loss), shape: [loss.length] };
    arrays[`${i}/history.score`] = {
      data: Float64Array.from(score.flat()),
      shape: [score.length, 2],
    };
    return rest;
  });
  const { settings, device, version } = checkpoint;
  const run = JSON.stringify({ settings, device, version, phases });
  const bytes = data.encodeSafetensors({ arrays, metadata: { form: FORM, run } });
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(beside, bytes);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Reads a checkpoint. Throws a UsageError that names the file when it is missing or is none. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new UsageError(`--resume ${path}: ${(error as Error).message}`);
  }
  let file: data.SafetensorsFile;
  try {
    file = data.decodeSafetensors(bytes, path);
  } catch (error) {
    throw new UsageError(`--resume: ${(error as Error).message}`);
  }
  if (file.metadata.form !== FORM) {
    throw new UsageError(`--resume ${path}: not a checkpoint of this demo`);
  }
  const run = JSON.parse(file.metadata.run) as Checkpoint;
  for (const [i, phase] of run.phases.entries()) {
    const own = Object.entries(file.arrays).filter(([name]) => name.startsWith(`${i}/`));
    const arrays = Object.fromEntries(own.map(([name, a]) => [name.slice(`${i}/`.length), a]));
    phase.loss = Array.from(arrays["history.loss"].data);
    const score = Array.from(arrays["history.score"].data);
    phase.score = Array.from({ length: score.length / 2 }, (_, k) => [
      score[2 * k],
      score[2 * k + 1],
    ]);
    delete arrays["history.loss"];
    delete arrays["history.score"];
    phase.arrays = Object.keys(arrays).length > 0 ? arrays : null;
  }
  return run;
}
