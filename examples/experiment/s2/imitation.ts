// Trains the controller on whole plans: each is tried in a short training, to its end and so not
// short-sighted, and the controller learns to do in every state what the best plan would.

import { data } from "hypergrad";
import {
  type Controller,
  decisions,
  type Example,
  freshController,
  regress,
  regressionFlops,
  TOGETHER,
} from "./controller";
import type { Lesson } from "./learning";
import { BATCHES, PASSED, START, settingsSeen, type Training } from "./training";

/** The rate doubles up to its peak, stays, and falls over the last part; the rest stays. */
export interface Plan {
  readonly peak: number;
  /** Share of the training from which the rate falls, to a sixteenth. */
  readonly falls: number;
  readonly batch: number;
  readonly drop: boolean;
  readonly decay: number;
}

const SHORT = 0.2; // length of a trial, of the training that is judged
const PEAKS = [0.04, 0.16]; // of the first trials
const APART = 4; // times: peaks that nothing lies between
const LAST = 1 / 16; // of the peak
const LOWER = 3 / 8; // power of a length's share by which its peak is lower
const AROUND = 2.5; // doublings off the plan's rate, at most, that are taught too
const SHAKEN = 0.3; // of metrics: losses of a longer training go further than those of trials
const STEPS = 250; // of the regression
const RATE = 0.03; // of its Adam, at first
const CERTAIN = 0.95; // of a tanh: what is taught where a whole move is wanted

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

/** A plan that was tried, and its validation loss. */
interface Trial {
  readonly plan: Plan;
  readonly valid: number;
}

const bestOf = (trials: readonly Trial[]) => trials.reduce((a, b) => (b.valid < a.valid ? b : a));

/** A higher peak than all while that is best, or a lower one; then one towards the better of the
 * best's neighbours; then peaks by half a doubling about the best, and now and then another
 * setting. */
export function nextPlan(trials: readonly Trial[], random: data.Stream): Plan {
  const { batch, drop, decay } = { ...START, batch: BATCHES[0] };
  const first = PEAKS[trials.length];
  if (first !== undefined) return { peak: first, falls: 0.3, batch, drop, decay };
  const best = bestOf(trials);
  const { plan } = best;
  const sorted = [...trials].sort((a, b) => a.plan.peak - b.plan.peak);
  const at = sorted.indexOf(best);
  const [below, above] = [sorted[at - 1], sorted[at + 1]];
  if (below === undefined) return { ...plan, peak: plan.peak / APART };
  if (above === undefined) return { ...plan, peak: plan.peak * APART };
  const apart = Math.max(above.plan.peak / plan.peak, plan.peak / below.plan.peak);
  if (apart > 0.99 * APART) {
    const better = above.valid < below.valid ? above : below;
    return { ...plan, peak: Math.sqrt(plan.peak * better.plan.peak) };
  }
  const other = (share: number) => random.uniform() < share;
  return {
    peak: plan.peak * 2 ** (random.uniform() - 0.5),
    falls: other(0.3) ? 0.3 + 0.5 * random.uniform() : plan.falls,
    batch: other(0.3) ? BATCHES[random.integer(BATCHES.length)] : plan.batch,
    drop: other(0.2) ? !plan.drop : plan.drop,
    decay: other(0.2) ? 10 ** (-6 + 4 * random.uniform()) : plan.decay,
  };
}

/** Where a trial was, and the share of it that had passed. */
interface State {
  readonly metrics: readonly number[];
  readonly share: number;
}

/**
 * Tries plans within the arithmetic of the lesson, one short training each, by validation loss at
 * its end. Then the controller is regressed on what the best plan wants in the states of all
 * trials, at rates and batches drawn anew, so that it finds back from where its own errors lead it.
 */
export async function byImitation({ shop, seed, examples, flops }: Lesson): Promise<Controller> {
  const most = shop.spent() + flops - regressionFlops(STEPS);
  const random = data.stream(seed, 7);
  const states: State[] = [];
  const trials: Trial[] = [];
  let dearest = 0; // arithmetic of a trial
  while (trials.length === 0 || shop.spent() + dearest <= most) {
    const plan = nextPlan(trials, random);
    const from = shop.spent();
    const training = shop.begin(seed + 50_000, Math.round(SHORT * examples));
    const valid = await followed(plan, training, states);
    training.dispose();
    trials.push({ plan, valid });
    dearest = Math.max(dearest, shop.spent() - from);
  }
  // A longer training wants a lower rate.
  const { plan: best } = bestOf(trials);
  const plan = { ...best, peak: best.peak * SHORT ** LOWER };
  const taught = Array.from({ length: STEPS * TOGETHER }, () => lessonOf(plan, states, random));
  shop.spend(regressionFlops(STEPS));
  return regress(freshController(seed), taught, STEPS, RATE);
}

/** Trains by a plan and resolves to its validation loss; adds the states it was decided in. */
async function followed(plan: Plan, training: Training, states: State[]): Promise<number> {
  const { total } = training;
  const { batch, drop, decay } = plan;
  for (const time of [...decisions(total), total].slice(1)) {
    const share = training.examples / total;
    states.push({ metrics: training.metrics(), share });
    const rate = Math.min(planned(plan, share), 2 * training.settings.rate);
    training.settings = { rate, batch, drop, decay };
    if (time <= training.examples) continue;
    if (!(await training.advance(time - training.examples))) return Number.POSITIVE_INFINITY;
  }
  return training.validate();
}

/** What the plan wants in one of the states, with another rate and batch and shaken metrics. */
function lessonOf(plan: Plan, states: readonly State[], random: data.Stream): Example {
  const { metrics, share } = states[random.integer(states.length)];
  const rate = planned(plan, share) * 2 ** (AROUND * (2 * random.uniform() - 1));
  const batch = BATCHES[random.integer(BATCHES.length)];
  const shaken = metrics.map((x, i) => (i === PASSED ? x : x + SHAKEN * random.normal()));
  return {
    metrics: settingsSeen(shaken, { rate, batch }),
    targets: wanted(plan, share, rate, batch),
  };
}
