// The methods of S0: schedules and hypergradient descent, each tuned, and nets that predict the
// rate, meta-trained with as much arithmetic; all tuning is done once, on seeds of its own.

import { dispose, type Tree } from "hypergrad";
import type { Outcome, Tell } from "../experiment";
import type { Problem } from "../problems/problem";
import { type Bench, benchOf } from "../problems/training";
import { type LearnedOptions, type Learnt, type RateNet, rateNet } from "./learned";
import {
  type Run,
  type Schedule,
  schedules,
  type Trained,
  type Trainer,
  trainerOf,
  Watch,
} from "./schedules";

export const RATES = [0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1];
const HYPERGRADIENTS = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1]; // β of the rate's own steps
const BETA = 1e-3; // where the rate is tuned
export const TUNED_ON = 2; // trainings of each of them, with seeds that no judged training has
const TUNING = RATES.length * TUNED_ON; // trainings
export const WRONG = 100; // the wrong start is this many times too low
export const START = 0.3 / WRONG;
const UNSEEN = 100_000; // first seed of tuning
const HELD = 200; // validation examples that judge a window
export const TRIALS = 5; // trainings, of those that meta-training may cost, that move a net's rates

export interface Work {
  readonly problem: Problem;
  readonly steps: number;
  readonly seed: number;
  readonly tell: Tell;
}
export type Method = (work: Work) => Promise<Outcome>;

/** One value at a time, which goes when one of another key or problem comes. */
class Latest<K, V extends { dispose(): void }> {
  #held: { readonly key: K; readonly problem: Problem; readonly value: Promise<V> } | null = null;

  async of(key: K, problem: Problem, make: () => Promise<V>): Promise<V> {
    if (this.#held?.key === key && this.#held.problem === problem) return this.#held.value;
    const before = this.#held;
    const next = async () => {
      (await before?.value)?.dispose();
      return make();
    };
    const value = next();
    this.#held = { key, problem, value };
    return value;
  }
}

interface Lab {
  readonly bench: Bench;
  readonly trainer: Trainer;
  /** Arithmetic of a step. */
  readonly flops: number;
  dispose(): void;
}

const labs = new Latest<"lab", Lab>();
const labOf = ({ problem }: Work): Promise<Lab> =>
  labs.of("lab", problem, async () => {
    const bench = benchOf(problem);
    const trainer = trainerOf(bench);
    dispose((await trainer.train({ bench, steps: 1, seed: 0 }, () => 0)).params);
    const free = () => {
      trainer.dispose();
      bench.dispose();
    };
    return { bench, trainer, flops: trainer.flops(), dispose: free };
  });

/** The choice, by mean validation loss after trainings of each. */
async function chosen(
  choices: readonly number[],
  train: (choice: number, seed: number) => Promise<Tree>,
  { bench }: Lab,
  tell: Tell,
): Promise<number> {
  let best = { choice: choices[0], loss: Number.POSITIVE_INFINITY };
  for (const [i, choice] of choices.entries()) {
    let loss = 0;
    for (let k = 0; k < TUNED_ON; k++) {
      const params = await train(choice, UNSEEN + k);
      loss += (await bench.judge(params, "valid")).loss / TUNED_ON;
      dispose(params);
    }
    if (loss < best.loss) best = { choice, loss };
    await tell(i + 1, choices.length + 1, `tried ${choice}`);
  }
  return best.choice;
}

/** A number that is tuned once for all seeds of a problem, and trainings with it. */
function tuned(
  choices: readonly number[],
  name: string,
  train: (choice: number, run: Run, trainer: Trainer, watch?: Watch) => Promise<Trained>,
): Method {
  let known: { readonly problem: Problem; readonly choice: number } | null = null;
  return async (work) => {
    const { problem, steps, seed, tell } = work;
    const lab = await labOf(work);
    const { bench, trainer } = lab;
    if (known?.problem !== problem) {
      const one = async (choice: number, own: number) =>
        (await train(choice, { bench, steps, seed: own }, trainer)).params;
      const only = choices.length === 1;
      known = { problem, choice: only ? choices[0] : await chosen(choices, one, lab, tell) };
    }
    const { choice } = known;
    const run = { bench, steps, seed };
    const watch = new Watch(run);
    const { params, seconds } = await train(choice, run, trainer, watch);
    const outcome = await watch.end(params);
    dispose(params);
    const tuning = choices.length === 1 ? 0 : choices.length * TUNED_ON;
    const metrics = { ...outcome.metrics, tuning, overhead: 0 };
    const times = { step: (1000 * seconds) / steps };
    return { ...outcome, metrics, times, note: `${name} ${choice}` };
  };
}

const scheduled = (schedule: Schedule, rates = RATES): Method =>
  tuned(rates, "rate", (rate, run, trainer, watch) =>
    trainer.train(run, (k) => schedule(rate, k, run.steps), watch),
  );

interface NetOptions
  extends Pick<LearnedOptions, "window" | "per" | "every" | "metaLr" | "travel"> {
  readonly tuned: boolean;
  /** Share of a training that passes after a window until it is judged. */
  readonly later: number;
}

interface Net {
  readonly rates: RateNet;
  readonly learnt: Learnt;
  dispose(): void;
}
const nets = new Latest<NetOptions, Net>();

/** The net begins at the wrong rate; it is meta-trained once, within as much arithmetic as the
 * schedules' tuning. */
const net =
  (options: NetOptions): Method =>
  async (work) => {
    const { problem, steps, seed, tell } = work;
    const { bench, flops: step } = await labOf(work);
    const { tuned, later, ...rest } = options;
    const { rates, learnt } = await nets.of(options, problem, async () => {
      const rates = rateNet(bench, {
        ...{ ...rest, steps, start: START, later: Math.round(later * steps) },
        ...(tuned ? { held: HELD, trials: TRIALS, logarithm: true } : { held: problem.batch }),
      });
      const budget = tuned ? TUNING * steps * step : 0;
      const learnt = await rates.learn(rates.fresh(UNSEEN), budget, UNSEEN, tell);
      const free = () => {
        dispose(learnt.learner as unknown as Tree);
        rates.dispose();
      };
      return { rates, learnt, dispose: free };
    });
    const { outcome, flops, ms } = await rates.train(learnt.learner, seed);
    const tuning = tuned ? TUNING : 0;
    const metrics = { ...outcome.metrics, tuning, overhead: flops / (steps * step) - 1 };
    const { metaSteps, diverged, moved } = learnt;
    const note = `${metaSteps} meta-steps, ${diverged} diverged, bias moved by ${moved.toFixed(1)}`;
    return { ...outcome, metrics, times: { step: ms }, note };
  };

const windows = { per: "net", tuned: true, every: 0, metaLr: 1e-3, later: 0 } as const;
const far = { ...windows, travel: 0.25 } as const;

export const methods: Readonly<Record<string, Method>> = {
  ...Object.fromEntries(Object.entries(schedules).map(([name, s]) => [name, scheduled(s)])),
  "hypergradient descent": tuned(RATES, "rate", (rate, run, trainer, watch) =>
    trainer.descend(run, rate, BETA, watch),
  ),
  "fixed, wrong start": scheduled(schedules.fixed, [START]),
  "hypergradient descent, wrong start": tuned(HYPERGRADIENTS, "β", (beta, run, trainer, watch) =>
    trainer.descend(run, START, beta, watch),
  ),
  "net, wrong start, one step ahead": net({
    ...{ window: 1, per: "net", tuned: false, every: 2, metaLr: 0.005, later: 0 },
  }),
  "net, wrong start, K = 5": net({ ...far, window: 5 }),
  "net, wrong start, K = 20": net({ ...far, window: 20 }),
  "net, wrong start, K = 20, Adam at 0.001": net({ ...windows, window: 20 }),
  "net, wrong start, K = 10, judged later": net({ ...far, window: 10, later: 0.2 }),
  "net by layer, wrong start, K = 10, judged later": net({
    ...{ ...far, window: 10, later: 0.2, per: "layer" },
  }),
};
