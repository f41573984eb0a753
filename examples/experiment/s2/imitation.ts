// Trains the controller on whole plans: each is tried in a short training, to its end and so not
// short-sighted, and the controller learns to do in every state what the best plan would.

import { data } from "hypergrad";
import { type Controller, decisions, type Example, freshController, regress } from "./controller";
import type { Lesson } from "./learning";
import { BATCHES, PASSED, START, settingsSeen } from "./training";

/** The rate doubles up to its peak, stays, and falls over the last part; the rest stays. */
export interface Plan {
  readonly peak: number;
  /** Share of the training from which the rate falls, to a sixteenth. */
  readonly falls: number;
  readonly batch: number;
  readonly drop: boolean;
  readonly decay: number;
}

const SHORT = 0.3; // length of a trial, of the training that is judged
const PEAKS = [0.02, 0.08, 0.32]; // of the first trials
const LAST = 1 / 16; // of the peak
const AROUND = [-3, -1.5, 0, 1.5, 3]; // doublings off the plan's rate that are taught too
const SHAKEN = 0.3; // of metrics: losses of a longer training go further than those of trials
const CERTAIN = 0.95; // of a tanh: what is taught where a whole move is wanted
const STEPS = 1200; // of the regression
const TAUGHT = 300; // states, of all trials together

/** What the plan wants of the rate where a share of the training has passed. */
export function planned({ peak, falls }: Plan, share: number): number {
  const fallen = Math.max(0, share - falls) / (1 - falls);
  return peak * LAST ** fallen;
}

const before = (x: number) => Math.atanh(Math.max(-CERTAIN, Math.min(CERTAIN, x)));

/** What the controller should put out for a plan where its settings are these. */
export function wanted(plan: Plan, share: number, rate: number, batch: number): number[] {
  return [
    before(Math.log2(planned(plan, share) / rate)),
    before(Math.sign(plan.batch - batch)),
    plan.drop ? 1 : 0,
    before((Math.log10(plan.decay) + 4) / 2),
  ];
}

/** Near the best so far: its peak by one doubling or a half, now and then another setting. */
function near(best: Plan, random: data.Stream): Plan {
  const other = (share: number) => random.uniform() < share;
  return {
    peak: best.peak * 2 ** (2 * random.uniform() - 1),
    falls: other(0.5) ? 0.3 + 0.5 * random.uniform() : best.falls,
    batch: other(0.5) ? BATCHES[random.integer(BATCHES.length)] : best.batch,
    drop: other(0.2) ? !best.drop : best.drop,
    decay: other(0.2) ? 10 ** (-6 + 4 * random.uniform()) : best.decay,
  };
}

/**
 * Tries plans within the arithmetic of the lesson, one training each: the first at rates far apart,
 * the others near the best by validation loss at the end. Then the controller is regressed on what
 * the best plan wants in the states of all trials, and in the same states with other rates and
 * batches, so that it finds back from where its own errors lead it.
 */
export async function byImitation({ shop, seed, examples, flops }: Lesson): Promise<Controller> {
  const from = shop.spent();
  const random = data.stream(seed, 7);
  const total = Math.round(SHORT * examples);
  const times = [...decisions(total), total];
  const states: { readonly metrics: readonly number[]; readonly share: number }[] = [];
  const { batch, drop, decay } = START;
  let best: { plan: Plan; valid: number } | null = null;
  let dearest = 0; // arithmetic of a trial
  for (let k = 0; flops - (shop.spent() - from) >= dearest; k++) {
    const first: Plan = { peak: PEAKS[k] ?? PEAKS[1], falls: 0.5, batch, drop, decay };
    const plan: Plan = k < PEAKS.length || best === null ? first : near(best.plan, random);
    const training = shop.begin(seed + 50_000 + k, total);
    const before = shop.spent();
    let fine = true;
    for (const time of times.slice(1)) {
      const share = training.examples / total;
      states.push({ metrics: training.metrics(), share });
      const { settings } = training;
      const rate = Math.min(planned(plan, share), 2 * settings.rate);
      training.settings = { rate, batch: plan.batch, drop: plan.drop, decay: plan.decay };
      if (time > training.examples) fine = await training.advance(time - training.examples);
      if (!fine) break;
    }
    const valid = fine ? training.valid : Number.POSITIVE_INFINITY;
    if (best === null || valid < best.valid) best = { plan, valid };
    training.dispose();
    dearest = Math.max(dearest, shop.spent() - before);
  }
  // A longer training wants a lower rate: by the root of the lengths, as in bounds on regret.
  const plan = { ...best!.plan, peak: best!.plan.peak * Math.sqrt(SHORT) };
  const shaken = (metrics: readonly number[]) =>
    metrics.map((x, i) => (i === PASSED ? x : x + SHAKEN * random.normal()));
  const taught = random.shuffle(states).flatMap(({ metrics, share }) =>
    AROUND.map((off): Example => {
      const rate = planned(plan, share) * 2 ** off;
      const own = BATCHES[random.integer(BATCHES.length)];
      return {
        metrics: settingsSeen(shaken(metrics), { rate, batch: own }),
        targets: wanted(plan, share, rate, own),
      };
    }),
  );
  return regress(freshController(seed), taught.slice(0, TAUGHT), STEPS, 3e-3);
}
