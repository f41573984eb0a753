// The `benchmark` package as the clock: rows one after another, as it cannot take turns and cannot
// wait for a GPU. It is there to check the clock of this bench by another's.

import Benchmark from "benchmark";
import { type Budget, breathe, type Candidate, summarize, type Timing } from "./sampling";

/** Like `interleave`, for candidates that answer at once. */
export async function packageTimer(
  candidates: readonly Candidate[],
  budget: Budget,
  stopped: () => boolean = () => false,
): Promise<Timing[]> {
  const timings: Timing[] = [];
  for (const { sample } of candidates) {
    const first = sample(1) as number;
    if (stopped()) {
      timings.push(summarize([first], first));
      continue;
    }
    const bench = new Benchmark({ fn: () => sample(1), maxTime: budget.total, minSamples: 8 });
    bench.run({ async: false });
    timings.push(summarize(bench.stats.sample, first));
    await breathe();
  }
  return timings;
}
