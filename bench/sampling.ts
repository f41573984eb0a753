// Timing: candidates take short samples in turn, so that what disturbs one disturbs all, and their
// ratios hold. The method of the `benchmark` package (calls repeated until the clock is fine
// enough, many samples), but interleaved.

/** Runs `count` calls and gives the seconds that they took, readback excluded. */
export interface Candidate {
  readonly sample: (count: number) => number | Promise<number>;
}

export interface Budget {
  /** Seconds of calls before the first sample counts: V8's first tier is slow. */
  readonly warm: number;
  /** Seconds that a sample takes at least. */
  readonly sample: number;
  /** Samples of each candidate: as many as `total` seconds hold, between these. */
  readonly least: number;
  readonly most: number;
  readonly total: number;
}

export const FULL: Budget = { warm: 0.12, sample: 0.002, least: 12, most: 200, total: 0.6 };
export const QUICK: Budget = { warm: 0.05, sample: 0.002, least: 5, most: 60, total: 0.2 };

/** A thread's CPU time is told in steps of some milliseconds: longer samples, and fewer. */
export function budgetFor(clock: "wall" | "cpu", quick: boolean): Budget {
  const budget = quick ? QUICK : FULL;
  if (clock === "wall") return budget;
  return { ...budget, sample: 0.08, least: quick ? 4 : 8, total: quick ? 0.4 : 0.8 };
}

/** Calls so slow that `least` samples take this many times `total` get fewer. */
const SLOW = 5;

export interface Timing {
  /** Seconds of one call. */
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
  /** How far the p10 of a quarter of the samples lies from that of another, as a share. */
  readonly noise: number;
  readonly samples: number;
  /** Seconds of the very first call. */
  readonly first: number;
}

/** The value below which a share `q` of the sorted values lies. */
export function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

export function summarize(samples: readonly number[], first: number): Timing {
  const sorted = [...samples].sort((a, b) => a - b);
  const quarter = (k: number) =>
    quantile(
      samples.filter((_, i) => i % 4 === k).sort((a, b) => a - b),
      0.1,
    );
  const parts = samples.length < 8 ? sorted : [0, 1, 2, 3].map(quarter);
  const p10 = quantile(sorted, 0.1);
  return {
    p10,
    median: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    noise: (Math.max(...parts) - Math.min(...parts)) / p10,
    samples: samples.length,
    first,
  };
}

/** Lets signals and timers in. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

interface Running {
  readonly candidate: Candidate;
  readonly first: number;
  count: number;
  seconds: number;
  readonly samples: number[];
}

/** Warms up one candidate and finds how many calls make a sample. */
async function warmUp(candidate: Candidate, budget: Budget): Promise<Running> {
  const first = await candidate.sample(1);
  let spent = first;
  let count = 1;
  let last = first;
  while (spent < budget.warm || last < budget.sample) {
    last = await candidate.sample(count);
    spent += last;
    // Grow by what one call took, but never tenfold at once: early calls are slow.
    const want = Math.ceil((1.1 * budget.sample * count) / Math.max(last, 1e-9));
    if (last < budget.sample) count = Math.min(Math.max(want, count + 1), 10 * count);
    else if (count > 1 && last > 2 * budget.sample) count = Math.max(1, want);
  }
  return { candidate, first, count, seconds: 0, samples: [] };
}

/**
 * Times the candidates in turn, in an order that moves on each round.
 * @param stopped asked between rounds: true ends the timing with what there is
 */
export async function interleave(
  candidates: readonly Candidate[],
  budget: Budget,
  stopped: () => boolean = () => false,
): Promise<Timing[]> {
  const running: Running[] = [];
  for (const candidate of candidates) {
    running.push(await warmUp(candidate, budget));
    await breathe();
  }
  const wanted = ({ samples, seconds }: Running) => {
    const { least, most, total } = budget;
    const limit = samples.length < least ? SLOW * total : total;
    return samples.length === 0 || (samples.length < most && seconds < limit);
  };
  for (let round = 0; running.some(wanted) && !stopped(); round++) {
    for (let i = 0; i < running.length; i++) {
      const r = running[(i + round) % running.length];
      if (!wanted(r)) continue;
      const seconds = await r.candidate.sample(r.count);
      r.samples.push(seconds / r.count);
      r.seconds += seconds;
    }
    await breathe();
  }
  return running.map((r) => summarize(r.samples.length > 0 ? r.samples : [r.first], r.first));
}
