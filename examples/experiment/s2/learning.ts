// Ways to train the controller within an amount of arithmetic: by trying moves ahead and imitating
// the better one, and by persistent evolution strategies.

import { data } from "hypergrad";
import {
  applied,
  type Controller,
  controlled,
  type Example,
  freshController,
  noiseLike,
  perturbed,
  regress,
  run,
} from "./controller";
import { BATCHES, type Settings, type Shop } from "./training";

export interface Lesson {
  readonly shop: Shop;
  readonly seed: number;
  readonly examples: number;
  readonly interval: number;
  /** Arithmetic that learning may take. */
  readonly flops: number;
}

const TRIED = 0.6; // of an interval, before the better of two moves is known

/** A move: what the outputs should be, and the settings that they give. */
interface Move {
  readonly target: readonly number[];
  readonly settings: Settings;
}

function moveFrom(settings: Settings, kind: number): Move {
  const { batch, drop } = settings;
  const at = BATCHES.indexOf(batch as 16);
  const base = [0, 0, drop ? 1 : 0, 0];
  const target =
    kind === 0
      ? [1.5, 0, base[2], 0]
      : kind === 1
        ? [-1.5, 0, base[2], 0]
        : kind === 2
          ? [0, at === 0 ? 1.5 : -1.5, base[2], 0]
          : [0, 0, drop ? 0 : 1, 0];
  return { target, settings: applied(settings, target) };
}

/**
 * At every interval the training goes on twice, with the settings as they are and with one of them
 * moved; the better by validation loss is kept, and what it did is an example. Later trainings
 * begin from what the controller would do.
 */
export async function byLookingAhead(lesson: Lesson): Promise<Controller> {
  const { shop, seed, examples, interval, flops } = lesson;
  const from = shop.spent();
  const left = () => flops - (shop.spent() - from);
  const random = data.stream(seed, 5);
  let controller = freshController(seed);
  const seen: Example[] = [];
  for (let runs = 0; left() > 0; runs++) {
    let training = shop.begin(seed + 50_000 + runs);
    while (training.examples < examples && left() > 0) {
      const metrics = training.metrics();
      const own =
        runs === 0 ? training.settings : applied(training.settings, run(controller, metrics));
      const kept = run(controller, metrics);
      const stay: Move = {
        target: runs === 0 ? [0, 0, own.drop ? 1 : 0, 0] : kept,
        settings: own,
      };
      // The rate matters most: two moves of three are its.
      const other = moveFrom(
        own,
        random.integer(6) < 4 ? random.integer(2) : 2 + random.integer(2),
      );
      const copy = training.copy();
      training.settings = stay.settings;
      copy.settings = other.settings;
      const first = Math.round(TRIED * interval);
      const [a, b] = [await training.advance(first), await copy.advance(first)];
      const [x, y] = [a ? await training.look() : Infinity, b ? await copy.look() : Infinity];
      const better = y < x;
      seen.push({ metrics, target: (better ? other : stay).target });
      const [next, worse] = better ? [copy, training] : [training, copy];
      worse.dispose();
      training = next;
      if (!(a || b) || !(await training.advance(interval - first))) break;
    }
    training.dispose();
    controller = regress(controller, seen, runs === 0 ? 200 : 50, 3e-3);
  }
  return controller;
}

/** Two trainings side by side, the controller moved by ±ε in every window; the sum of a pair's ε
 * weighs the difference of their losses (Vicol et al. 2021). A new pair begins when one ends. */
export async function byEvolution(lesson: Lesson): Promise<Controller> {
  const { shop, seed, examples, interval, flops } = lesson;
  const [sigma, rate, window] = [0.1, 0.05, 2 * interval];
  const from = shop.spent();
  const random = data.stream(seed, 6);
  let controller = freshController(seed);
  for (let pairs = 0; shop.spent() - from < flops; pairs++) {
    const pair = [shop.begin(seed + 60_000 + pairs), shop.begin(seed + 60_000 + pairs)];
    let sum = perturbed(controller, controller, -1);
    while (pair[0].examples < examples && shop.spent() - from < flops) {
      const noise = noiseLike(controller, random);
      sum = perturbed(sum, noise, sigma);
      const losses: number[] = [];
      for (const [i, training] of pair.entries()) {
        const moved = perturbed(controller, noise, i === 0 ? sigma : -sigma);
        const fine = await controlled(training, moved, {
          examples: Math.min(examples, training.examples + window),
          interval,
        });
        losses.push(fine ? await training.look() : 10);
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
