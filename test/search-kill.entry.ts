// A search as a process of its own, with two workers, for tests that kill it: goes on from the
// study and the states in the folder at its first argument, where it writes the final study.

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { isMainThread, Worker } from "node:worker_threads";
import { stream } from "../src/core/random";
import { writeBytes } from "../src/data/write";
import {
  asha,
  float,
  type Objective,
  optimize,
  type States,
  serveTrials,
  study,
  tpe,
  trialWorkers,
} from "../src/search/index";

const space = { rate: float(0.01, 0.5), pull: float(-1, 1) };

/** A weight that is moved step by step, in as many ms. */
const objective: Objective<typeof space> = async ({ rate, pull }, run) => {
  let w = (run.state ?? 1) as number;
  for (let step = run.step!; step < run.budget!; step++) {
    w -= rate * (w - pull + stream(5, step).normal());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { value: (w - 0.3) ** 2, state: w };
};

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

async function main(folder: string): Promise<void> {
  const file = (name: string) => join(folder, `${name}.json`);
  const read = async (name: string) => JSON.parse(await readFile(file(name), "utf8"));
  const states: States = {
    get: (name) => read(`state-${name}`),
    set: (name, state) => writeBytes(file(`state-${name}`), bytes(state)),
    delete: (name) => rm(file(`state-${name}`), { force: true }),
  };
  const made = study(space, { sampler: tpe({ start: 4 }), scheduler: asha({ max: 9 }), seed: 6 });
  const saved = await read("study").catch(() => undefined);
  if (saved !== undefined) made.fromJSON(saved);
  const workers = trialWorkers<typeof space>({
    start: () => new Worker(new URL(import.meta.url)),
    count: 2,
  });
  await optimize(made, workers.objective, {
    ...{ trials: 24, parallel: 4, states },
    told: async () => {
      process.stdout.write("saving\n");
      await writeBytes(file("study"), bytes(made.toJSON()));
      process.stdout.write("saved\n");
    },
  });
  workers.close();
  await writeBytes(file("final"), bytes(made.toJSON()));
}

if (isMainThread) await main(process.argv[2]);
else await serveTrials(objective);
