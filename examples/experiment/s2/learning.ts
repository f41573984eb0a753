// Ways to train the controller within an amount of arithmetic: by trying moves ahead and imitating
// the better one, and by persistent evolution strategies.

import { data } from "hypergrad";
import {
  applied,
  type Controller,
  controlled,
  DECISIONS,
  decisions,
  type Example,
  freshController,
  noiseLike,
  perturbed,
  regress,
  regressionFlops,
  run,
} from "./controller";
import { type Settings, type Shop, START } from "./training";

export interface Lesson {
  readonly shop: Shop;
  readonly seed: number;
  /** Of the training that is judged. */
  readonly examples: number;
  /** Arithmetic that learning may take. */
  readonly flops: number;
}

const SHORT = 0.3; // length of a lesson's training, of the one that is judged
const FAR = 3; // doublings that a lesson's first rate is off the first rate, at most
const SURE = 0.02; // relative difference of two losses from which a move is certain
const FULL = 1.5; // of an output: tanh is 0.9

/** Two moves of one output, and the settings that they give. */
interface Fork {
  readonly output: number;
  readonly up: Settings;
  readonly down: Settings;
}

/** The rate matters most: two forks of three are its. */
function forkOf(settings: Settings, random: data.Stream): Fork {
  const kind = random.integer(6);
  if (kind === 0)
    return { output: 2, up: { ...settings, drop: true }, down: { ...settings, drop: false } };
  const output = kind === 1 ? 1 : 0;
  const moved = (by: number) => {
    const out = [0, 0, settings.drop ? 1 : 0, 0];
    out[output] = by;
    return { ...applied(settings, out), decay: settings.decay };
  };
  return { output, up: moved(FULL), down: moved(-FULL) };
}

/**
 * At every decision the training goes on twice, with one of the settings moved up and moved down;
 * the better by validation loss is kept, and what it did is an example. Trainings are shorter than
 * the one that is judged, and begin from rates around its first one; after the first training other
 * settings are as the controller would have them.
 */
export async function byLookingAhead(lesson: Lesson): Promise<Controller> {
  const { shop, seed, examples, flops } = lesson;
  const from = shop.spent();
  const left = () => flops - (shop.spent() - from);
  const random = data.stream(seed, 5);
  const total = Math.round(SHORT * examples);
  const times = Array.from({ length: DECISIONS }, (_, k) => ((k + 1) / DECISIONS) * total);
  let controller = freshController(seed);
  const seen: Example[] = [];
  for (let runs = 0; left() > 0; runs++) {
    let training = shop.begin(seed + 50_000 + runs, total);
    if (runs > 0) {
      const off = FAR * (2 * random.uniform() - 1);
      training.settings = { ...START, rate: START.rate * 2 ** off };
    }
    for (const time of times) {
      if (left() <= 0) break;
      const metrics = training.metrics();
      const own =
        runs === 0
          ? training.settings
          : {
              ...applied(training.settings, run(controller, metrics)),
              rate: training.settings.rate,
            };
      const { output, up, down } = forkOf(own, random);
      const copy = training.copy();
      training.settings = up;
      copy.settings = down;
      const pair = [training, copy];
      const losses: number[] = [];
      for (const one of pair) {
        losses.push(
          (await one.advance(time - one.examples)) ? one.valid : Number.POSITIVE_INFINITY,
        );
      }
      const [x, y] = losses;
      if (!(Number.isFinite(x) || Number.isFinite(y))) {
        copy.dispose();
        break;
      }
      const sure = Math.max(-1, Math.min(1, x === y ? 0 : (y - x) / Math.min(x, y) / SURE));
      const target = output === 2 ? (sure + 1) / 2 : FULL * sure;
      seen.push({ metrics, targets: [0, 1, 2, 3].map((o) => (o === output ? target : null)) });
      const [next, worse] = y < x ? [copy, training] : [training, copy];
      worse.dispose();
      training = next;
    }
    training.dispose();
    const steps = runs === 0 ? 300 : 100;
    controller = regress(controller, seen, steps, 0.01);
    shop.spend(regressionFlops(steps));
  }
  return controller;
}

const WINDOW = 2; // decisions

/** Two trainings side by side, the controller moved by ±ε in every window; the sum of a pair's ε
 * weighs the difference of their losses (Vicol et al. 2021). A new pair begins when one ends. */
export async function byEvolution(lesson: Lesson): Promise<Controller> {
  const { shop, seed, examples, flops } = lesson;
  const [sigma, rate] = [0.1, 0.05];
  const ends = [...decisions(examples).filter((_, k) => k > 0 && k % WINDOW === 0), examples];
  const from = shop.spent();
  const random = data.stream(seed, 6);
  let controller = freshController(seed);
  for (let pairs = 0; shop.spent() - from < flops; pairs++) {
    const pair = [0, 1].map(() => shop.begin(seed + 60_000 + pairs, examples));
    let sum = perturbed(controller, controller, -1);
    for (const end of ends) {
      if (shop.spent() - from >= flops) break;
      const noise = noiseLike(controller, random);
      sum = perturbed(sum, noise, sigma);
      const losses: number[] = [];
      for (const [i, training] of pair.entries()) {
        const moved = perturbed(controller, noise, i === 0 ? sigma : -sigma);
        losses.push((await controlled(training, moved, end)) ? training.valid : 10);
      }
      const slope = (losses[0] - losses[1]) / (2 * sigma * sigma);
      const size = Math.abs(slope) * Math.sqrt(sum.reduce((t, { w }) => t + dot(w), 0));
      // A step of a fixed length: the estimate's own length is mostly noise.
      if (size > 0) controller = perturbed(controller, sum, (-rate * slope) / size);
      if (losses.some((loss) => loss >= 10)) break;
    }
    for (const training of pair) training.dispose();
  }
  return controller;
}

const dot = (x: Float64Array): number => x.reduce((total, v) => total + v * v, 0);
