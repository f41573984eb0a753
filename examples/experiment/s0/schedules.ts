// Training with a learning rate that is a number at every step: by a schedule, or by hypergradient
// descent, whose rate moves along the product of two gradients. One program runs all of a net's.

import {
  add,
  compile,
  dispose,
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
    const apart = Math.max(1, Math.floor(this.rates.length / 60));
    return {
      metrics: {
        loss: test.loss,
        accuracy: test.accuracy,
        gap: test.loss - train.loss,
        arrived: this.#arrived,
      },
      curves: { loss: this.losses, rate: this.rates.filter((_, i) => i % apart === 0) },
    };
  }
}

/** A training that has ended, not judged yet; the caller frees `params`. */
export interface Trained {
  readonly params: Tree;
  /** Of its steps alone. */
  readonly seconds: number;
}

export interface Trainer {
  /** Arithmetic of one step. Known once a step has run. */
  flops(): number;
  /** One training by plain gradient descent; `watch` is told after every step. */
  train(run: Run, rateAt: (step: number) => number, watch?: Watch): Promise<Trained>;
  /** By hypergradient descent with step `beta` for the rate (Baydin et al. 2018). */
  descend(run: Run, rate: number, beta: number, watch?: Watch): Promise<Trained>;
  dispose(): void;
}

type Moved = { readonly params: Tree; readonly g: Tree; readonly rate: Tensor };

export function trainerOf(bench: Bench): Trainer {
  const { batch, train } = bench.problem;
  const gradient = valueAndGrad((p: Tree, own: Tensor) =>
    bench.loss(p, bench.examples("train", own)),
  );
  const moved = (params: Tree, g: Tree, rate: Tensor) =>
    mapTree((p, x) => sub(p, mul(x, rate)), params, g);
  const plain = compile((params: Tree, rate: Tensor, own: Tensor) => {
    const [, g] = gradient(params, own);
    return { params: moved(params, g, rate) };
  });
  const descent = compile((...given: [Tree, Tree, Tensor, Tensor, Tensor]): Moved => {
    const [params, before, rate, beta, own] = given;
    const [, g] = gradient(params, own);
    const olds = leaves(before);
    const products = leaves(g).map((x, i) => sum(mul(x, olds[i])));
    const h = products.reduce((a, b) => add(a, b));
    const next = add(rate, mul(h, beta));
    return { params: moved(params, g, next), g, rate: next };
  });

  return {
    flops: () => plain.stats().flops,
    async train({ steps, seed }, rateAt, watch) {
      const at = order(train.y.length, batch, seed);
      let params = bench.begin(seed);
      let seconds = 0;
      for (let k = 0; k < steps; k++) {
        const [rate, own] = [tensor(rateAt(k)), ids(at(k))];
        const from = performance.now();
        const made = plain(params, rate, own);
        seconds += (performance.now() - from) / 1000;
        dispose({ params, rate, own });
        params = made.params;
        await watch?.after(k + 1, params, rateAt(k));
      }
      return { params, seconds };
    },
    async descend({ steps, seed }, first, beta, watch) {
      const at = order(train.y.length, batch, seed);
      let params = bench.begin(seed);
      let before: Tree = mapTree(zerosLike, params);
      let rate = tensor(first);
      const change = tensor(beta);
      let seconds = 0;
      for (let k = 0; k < steps; k++) {
        const own = ids(at(k));
        const from = performance.now();
        const made = descent(params, before, rate, change, own);
        seconds += (performance.now() - from) / 1000;
        dispose({ params, before, rate, own });
        ({ params, rate, g: before } = made);
        if (watch !== undefined) await watch.after(k + 1, params, await rate.item());
      }
      dispose({ before, rate, change });
      return { params, seconds };
    },
    dispose: () => {
      plain.dispose();
      descent.dispose();
    },
  };
}
