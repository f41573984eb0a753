// Training with a learning rate that is a number at every step: by a schedule, or by hypergradient
// descent, whose rate moves along the product of two gradients.

import {
  add,
  compile,
  dispose,
  key,
  leaves,
  mapTree,
  mul,
  sub,
  sum,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
  zerosLike,
} from "hypergrad";
import type { Outcome, Point } from "../experiment";
import { type Bench, ids, order } from "../problems/training";

export interface Run {
  readonly bench: Bench;
  readonly steps: number;
  readonly seed: number;
}

/** Rate at a step of so many, from the rate that is tuned. */
export type Schedule = (rate: number, step: number, steps: number) => number;

export const schedules: Readonly<Record<string, Schedule>> = {
  fixed: (rate) => rate,
  step: (rate, k, n) => rate * 0.1 ** Math.floor((3 * k) / n),
  exponential: (rate, k, n) => rate * 0.01 ** (k / n),
  cosine: (rate, k, n) => (rate / 2) * (1 + Math.cos((Math.PI * k) / n)),
  "one cycle": (rate, k, n) => {
    const half = (x: number) => (1 - Math.cos(Math.PI * x)) / 2;
    const top = 0.3 * n;
    return k < top
      ? rate / 25 + (rate - rate / 25) * half(k / top)
      : rate * (1 - half((k - top) / (n - top))) + 1e-4 * rate;
  },
};

/** What one training is judged by, at even distances and at its end. */
export class Watch {
  readonly losses: Point[] = [];
  readonly rates: Point[] = [];
  #arrived = Number.NaN;
  readonly #run: Run;
  readonly #every: number;

  constructor(run: Run) {
    this.#run = run;
    this.#every = Math.max(1, Math.round(run.steps / 15));
  }

  async after(step: number, params: Tree, rate: number): Promise<void> {
    this.rates.push([step, rate]);
    if (step % this.#every !== 0) return;
    const { bench } = this.#run;
    const { loss, accuracy } = await bench.judge(params, "valid", 250);
    this.losses.push([step, loss]);
    if (Number.isNaN(this.#arrived) && accuracy >= bench.problem.threshold) this.#arrived = step;
  }

  async end(params: Tree): Promise<Outcome> {
    const { bench } = this.#run;
    const test = await bench.judge(params, "test");
    const train = await bench.judge(params, "train", 500);
    const [, , ...rest] = this.rates;
    return {
      metrics: {
        loss: test.loss,
        accuracy: test.accuracy,
        gap: test.loss - train.loss,
        arrived: this.#arrived,
      },
      curves: {
        loss: this.losses,
        rate: rest.filter((_, i) => i % Math.max(1, Math.floor(rest.length / 60)) === 0),
      },
    };
  }
}

type Made = { readonly params: Tree; readonly g: Tree; readonly next: Tensor };

/** One training by plain gradient descent. Resolves to its validation loss too, for tuning. */
export async function trainBy(
  run: Run,
  rateAt: (step: number) => number,
  hypergradient = 0,
): Promise<{ outcome: Outcome; valid: number; flops: number; seconds: number }> {
  const { bench, steps, seed } = run;
  const { batch, train } = bench.problem;
  const at = order(train.y.length, batch, seed);
  const gradient = valueAndGrad((p: Tree, own: Tensor) =>
    bench.loss(p, bench.examples("train", own)),
  );
  const step = compile((params: Tree, before: Tree, rate: Tensor, own: Tensor) => {
    const [, g] = gradient(params, own);
    const olds = leaves(before);
    const products = leaves(g).map((x, i) => sum(mul(x, olds[i])));
    const h = products.reduce((a, b) => add(a, b));
    const next = add(rate, mul(h, hypergradient));
    const params1 = mapTree((p, x) => sub(p, mul(x, next)), params, g);
    return { params: params1, g: hypergradient > 0 ? g : {}, next } as Made;
  });
  let params = bench.net.init(key(seed));
  let before: Tree = mapTree(zerosLike, params);
  let rate = rateAt(0);
  const watch = new Watch(run);
  let seconds = 0;
  for (let k = 0; k < steps; k++) {
    const [r, own] = [tensor(hypergradient > 0 ? rate : rateAt(k)), ids(at(k))];
    const from = performance.now();
    const made = step(params, before, r, own);
    seconds += (performance.now() - from) / 1000;
    dispose({ params, r, own });
    params = made.params;
    if (hypergradient > 0) {
      dispose(before);
      before = made.g;
    }
    rate = await made.next.item();
    made.next.dispose();
    await watch.after(k + 1, params, rate);
  }
  const outcome = await watch.end(params);
  const valid = (await bench.judge(params, "valid")).loss;
  const { flops } = step.stats();
  dispose({ params, before });
  step.dispose();
  return { outcome, valid, flops: flops * steps, seconds };
}
