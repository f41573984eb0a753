// Runs contests: all sides get the same numbers, are checked against the float64 reference, and
// those that are right take their samples in turn. The same in Node, Deno and a page.

import { device, init } from "hypergrad";
import type { Result } from "../results";
import { numbers, type Row } from "../row";
import { type Budget, interleave, summarize } from "../sampling";
import { clockInUse } from "../time";
import { errorOf, judge, truthOf, type Values } from "../verify";
import type { Contest } from "./contest";
import type { Entry, Side } from "./side";

interface PeersOptions {
  readonly sides: readonly Side[];
  /** Chooses our own device again, after the reference was needed. */
  readonly own: () => Promise<Side>;
  readonly budget: Budget;
  readonly stopped: () => boolean;
  readonly progress: (what: string, done: number) => void;
  readonly finished: (contest: Contest, results: readonly Result[]) => void;
}

async function truths(
  contests: readonly Contest[],
  { progress, stopped }: PeersOptions,
): Promise<Map<Contest, Values>> {
  const reference = await init({ device: "reference" });
  const found = new Map<Contest, Values>();
  for (const [i, contest] of contests.entries()) {
    if (stopped()) break;
    progress(`reference: ${contest.name}`, i / contests.length);
    await new Promise((resolve) => setTimeout(resolve, 0));
    const { inputs, own, truth, within, name } = contest;
    const [{ f, prepare }] = own;
    const row: Row = { name, inputs, f, prepare, truth, within, work: {} };
    found.set(contest, await truthOf(row));
  }
  reference.dispose();
  return found;
}

const message = (error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0].slice(0, 160);
};

interface Taken {
  readonly name: string;
  readonly entry: Entry | null;
  readonly problem?: string;
  readonly error?: number;
  readonly first?: number;
}

/** Enters a side and checks its results. */
async function enter(side: Side, contest: Contest, truth: Values): Promise<Taken[]> {
  let entries: Entry[];
  const inputs = contest.inputs.map(numbers);
  try {
    entries = await side.enter(contest, inputs);
  } catch (error) {
    return [{ name: side.name, entry: null, problem: `throws: ${message(error)}` }];
  }
  const taken: Taken[] = [];
  for (const entry of entries) {
    const name = entry.label === "" ? side.name : `${side.name}, ${entry.label}`;
    try {
      const start = performance.now();
      const error = errorOf(await entry.result(), truth);
      const first = (performance.now() - start) / 1000;
      const problem = judge(error, contest.within);
      taken.push({ name, entry, error, first, ...(problem === "" ? {} : { problem }) });
    } catch (error) {
      taken.push({ name, entry, problem: `throws: ${message(error)}` });
    }
  }
  return taken;
}

async function run(contest: Contest, truth: Values, options: PeersOptions, sides: readonly Side[]) {
  const all: Taken[] = [];
  for (const side of sides) {
    all.push(...(await enter(side, contest, truth)));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  // What is wrong is timed too, and kept apart: its errors are a peer's own, its speed is compared.
  const good = all.filter((t) => t.error !== undefined);
  const timings = await interleave(
    good.map((t) => t.entry!),
    options.budget,
    options.stopped,
  );
  for (const t of all) await t.entry?.end();
  const ops = contest.ops ?? 1;
  const { flops = 0, bytes = 0 } = contest.work;
  const { simd } = device().info;
  const clock = clockInUse() === "cpu" ? ({ clock: "cpu" } as const) : {};
  return all.map((t): Result => {
    const common = {
      group: contest.name,
      name: `${contest.name} | ${t.name}`,
      device: t.name,
      ...clock,
      simd,
    };
    const timing = timings[good.indexOf(t)] ?? summarize([t.first ?? Number.NaN], t.first ?? 0);
    if (t.problem !== undefined) {
      const wrongIn = t.error === undefined ? {} : { error: t.error, wrongIn: timing.p10 / ops };
      return { ...common, threads: 1, problem: t.problem, ...wrongIn };
    }
    const { p10, median, p90, noise, samples } = timing;
    return {
      ...common,
      threads: 1,
      error: t.error,
      p10: p10 / ops,
      median: median / ops,
      p90: p90 / ops,
      noise,
      samples,
      first: t.first! / ops,
      ...(flops > 0 ? { gflops: flops / p10 / 1e9 } : {}),
      ...(flops === 0 && bytes > 0 ? { gbs: bytes / p10 / 1e9 } : {}),
    };
  });
}

/** Runs the contests one after another. */
export async function runContests(
  contests: readonly Contest[],
  options: PeersOptions,
): Promise<void> {
  const known = await truths(contests, options);
  const own = await options.own();
  const sides = [own, ...options.sides];
  for (const [i, contest] of contests.entries()) {
    const truth = known.get(contest);
    if (options.stopped() || truth === undefined) break;
    options.progress(contest.name, i / contests.length);
    const results = await run(contest, truth, options, sides);
    if (!options.stopped()) options.finished(contest, results);
  }
  for (const side of sides) await side.close?.();
}
