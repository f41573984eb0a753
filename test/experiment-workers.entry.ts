// Jobs of an experiment here and in threads, whose module this one is, too; prints what they found
// as JSON.

import { isMainThread } from "node:worker_threads";
import type { Outcome } from "../examples/experiment/experiment";
import { planOf } from "../examples/experiment/load";
import { parseOptions } from "../examples/experiment/options";
import { handFor } from "../examples/experiment/workers";
import { init } from "../src/device/init";

export interface Result {
  /** Outcomes of the first jobs, in this thread and in two others, times left out. */
  readonly here: readonly Outcome[];
  readonly there: readonly Outcome[];
  /** How often threads told of their progress. */
  readonly told: number;
  readonly errors: readonly string[];
}

async function run(): Promise<Result> {
  const given = ["s1", "--budget", "0.06", "--device", "wasm", "--only", "MLP: "];
  const command = parseOptions(given)!;
  await init({ device: "wasm" });
  const { jobs } = (await planOf(command)).plan;
  const timeless = ({ times, ...outcome }: Outcome): Outcome => outcome;
  const places = [0, 1, 9].map((i) => 3 * i); // of the first seed: random, grid and a warm start
  const here: Outcome[] = [];
  for (const i of places) here.push(timeless(await jobs[i].run(async () => {})));

  let told = 0;
  const hands = [handFor(command), handFor(command)];
  const tell = async () => {
    told++;
  };
  const [first, ...others] = places;
  const [last, early] = await Promise.all([
    hands[0].run(others[1], tell),
    hands[1].run(first, tell),
  ]);
  const middle = await hands[1].run(others[0], tell);
  const there = [early, middle, last].map(timeless);

  const errors: string[] = [];
  const fails = (work: Promise<unknown>) => work.catch((e: Error) => errors.push(e.message));
  await fails(hands[0].run(jobs.length, tell));
  const cut = fails(hands[0].run(first, tell));
  hands[0].end();
  await cut;
  hands[1].end();
  const none = handFor({ ...command, only: "no such row" });
  await fails(none.run(0, tell));
  none.end();
  return { here, there, told, errors };
}

if (isMainThread) console.log(JSON.stringify(await run()));
