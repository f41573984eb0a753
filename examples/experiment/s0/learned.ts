// Training by a net that predicts the rate: meta-trained over windows of K steps through which the
// gradient passes, or updated while it trains, by looking one step ahead.

import {
  add,
  compile,
  dispose,
  key,
  log,
  mapTree,
  meta,
  optim,
  reshape,
  scope,
  slice,
  stopGradient,
  sub,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
} from "hypergrad";
import type { Outcome, Tell } from "../experiment";
import { type Batch, type Bench, ids, order } from "../problems/training";
import { Watch } from "./schedules";

export interface LearnedOptions {
  /** Steps of a window: 1 looks one step ahead, at order 1. */
  readonly window: number;
  /** Steps after a window until it is judged, through which the gradient passes unchanged: a short
   * window alone favours small rates, which quiet the noise of the moment (Wu et al. 2018). */
  readonly later: number;
  readonly per: "net" | "layer";
  /** The rate that the fresh net predicts. */
  readonly start: number;
  /** In the training that is judged, the net learns at every so many steps; 0: never. */
  readonly every: number;
  /** Of Adam. */
  readonly metaLr: number;
  /** In its place in meta-training: the sum of Adam's rates over all windows, which fall to 0. A
   * step of Adam has the length of its rate, so a net goes as far whatever number of windows the
   * arithmetic is enough for. */
  readonly travel?: number;
  /** Validation examples that judge a window. */
  readonly held: number;
  /** Steps of a training. */
  readonly steps: number;
  /** Whole trainings at the end of meta-training that find how far the net's rates are to move as
   * one, as a schedule's rate is found. Default 0: they stay. */
  readonly trials?: number;
  /** Of the loss that judges a window its logarithm, so that late windows, of small losses, count
   * as much as early ones. Default false. */
  readonly logarithm?: boolean;
}

/** What meta-training gives: the net with the state of its optimizer. */
export type Learner = { readonly net: meta.LrNet; readonly adam: Tree };

export interface Learnt {
  readonly learner: Learner;
  readonly metaSteps: number;
  /** Windows whose gradient was not finite: the net stayed as it was. */
  readonly diverged: number;
  /** How far the trials moved the last bias of the net. */
  readonly moved: number;
}

export interface RateNet {
  /** A net that predicts the first rate in all states. */
  fresh(seed: number): Learner;
  /** Meta-training within an amount of arithmetic. Takes `learner` over. */
  learn(learner: Learner, flops: number, seed: number, tell: Tell): Promise<Learnt>;
  /** The training that is judged. Its learner is a copy: the one given stays as it is. */
  train(learner: Learner, seed: number): Promise<{ outcome: Outcome; flops: number; ms: number }>;
  dispose(): void;
}

type Carry = { readonly params: Tree; readonly state: meta.LrNetState };
type Held = Batch & { readonly later?: Tree };

const [LOW, HIGH] = [1e-4, 1];
const KEEP = 0.8; // of the log rate of the step before
const STRIDE = 1.5; // windows from the start of one to the next
const STARTS = 3; // places of a training's first window, in turn
const MOVE = 0.1; // of the last bias: a rate of 0.3 becomes 0.6 or 0.07
const TRIED_ON = 500; // from the seed of the first training to that of the trials

export function rateNet(bench: Bench, options: LearnedOptions): RateNet {
  const { window, later, every, steps, trials = 0 } = options;
  const { train, valid, batch } = bench.problem;
  const { metaStep, plainStep, begin, fresh } = programs(bench, options);

  /** Batches of a training: of steps k and on, and of the look at the validation part. */
  const draw = (seed: number) => {
    const own = order(train.y.length, batch, seed);
    const held = order(valid.y.length, options.held, seed);
    return {
      own: (k: number, count: number) => {
        const rows = Array.from({ length: count }, (_, i) => [...own(k + i)]).flat();
        return ids(Int32Array.from(rows), [count, batch]);
      },
      held: (k: number) => ids(held(k)),
    };
  };
  type Draw = ReturnType<typeof draw>;

  /** `count` steps from `carry`, which is freed. */
  const advance = (net: meta.LrNet, carry: Carry, at: number, count: number, from: Draw): Carry => {
    let now = carry;
    for (let k = at; k < at + count; k++) {
      const own = from.own(k, 1);
      const next = plainStep(net, now, own);
      dispose({ now, own } as unknown as Tree);
      now = next;
    }
    return now;
  };

  /** A step of the net on the window that begins at `start`, judged where `end` stands. */
  const improve = async (
    learner: Learner,
    [start, end]: readonly [Carry, Carry],
    [at, from]: readonly [number, Draw],
    metaLr: number,
  ): Promise<Learner | null> => {
    const given = { own: from.own(at, window), held: from.held(at), rate: tensor(metaLr) };
    const made = metaStep(learner, start, end.params, given.own, given.held, given.rate);
    const fine = Number.isFinite(await made.size.item());
    dispose({ given, size: made.size, gone: fine ? learner : made.learner } as unknown as Tree);
    return fine ? made.learner : null;
  };

  // One training after the other: windows begin at even distances, each is judged when the training
  // stands `later` steps past it, or has ended.
  async function learn(first: Learner, flops: number, seed: number, tell: Tell): Promise<Learnt> {
    let learner = first;
    let [metaSteps, diverged, spent, reserve, gone] = [0, 0, 0, 0, 0];
    /** Adam's rate at the next window. */
    const metaLr = () => {
      const [before, { travel }] = [gone, options];
      gone = Math.min(1, spent / (flops - reserve));
      if (travel === undefined) return options.metaLr * (1.02 - gone);
      return 2 * travel * (gone - before) * (1.02 - gone);
    };
    const stride = Math.round(STRIDE * window);
    for (let runs = 0; spent + reserve < flops; runs++) {
      const from = draw(seed + runs);
      const waiting: { readonly start: Carry; readonly begun: number }[] = [];
      let at = 0;
      let carry = fresh(seed + runs);
      let fine = true;
      const forward = (count: number) => {
        carry = advance(learner.net, carry, at, count, from);
        at += count;
        if (count === 0) return;
        const { flops: step } = plainStep.stats();
        spent += count * step;
        reserve = trials * steps * step;
      };
      forward(Math.round(((runs % STARTS) * stride) / STARTS));
      while (fine && spent + reserve < flops && (at < steps || waiting.length > 0)) {
        if (at + window <= steps) waiting.push({ start: copyOf(carry), begun: at });
        forward(Math.min(stride, steps - at));
        while (fine && waiting.length > 0) {
          const { start, begun } = waiting[0];
          if (at < Math.min(steps, begun + window + later)) break;
          const next = await improve(learner, [start, carry], [begun, from], metaLr());
          waiting.shift();
          dispose(start as unknown as Tree);
          spent += metaStep.stats().flops;
          metaSteps++;
          fine = next !== null;
          if (next === null) diverged++;
          else learner = next;
        }
        await tell(Math.min(spent, flops), flops, "meta-training");
      }
      dispose({ carry, starts: waiting.map(({ start }) => start) } as unknown as Tree);
    }
    const { net, moved } = await movedAsOne(learner.net, seed + TRIED_ON, tell);
    return { learner: { ...learner, net }, metaSteps, diverged, moved };
  }

  // Short windows favour small rates, and their gradients are noisy: whole trainings tell whether
  // all rates should be higher or lower. Takes `net` over.
  async function movedAsOne(net: meta.LrNet, seed: number, tell: Tell) {
    const last = net.layers.length - 1;
    const by = (move: number): meta.LrNet => {
      const { w, b } = net.layers[last];
      return { ...net, layers: [...net.layers.slice(0, last), { w, b: add(b, move) }] };
    };
    const lossOf = async (move: number): Promise<number> => {
      const tried = by(move);
      const carry = advance(tried, fresh(seed), 0, steps, draw(seed));
      const { loss } = await bench.judge(carry.params, "valid");
      dispose({ carry, b: tried.layers[last].b } as unknown as Tree);
      return Number.isFinite(loss) ? loss : Number.POSITIVE_INFINITY;
    };
    let best = { moved: 0, loss: Number.POSITIVE_INFINITY };
    let [next, step] = [0, MOVE];
    for (let k = 0; k < trials; k++) {
      const loss = await lossOf(next);
      await tell(k + 1, trials, "trials");
      if (loss < best.loss) best = { moved: next, loss };
      else if (next === MOVE) step = -MOVE;
      else if (k > 0) break;
      next = best.moved + step;
    }
    const { moved } = best;
    if (moved === 0) return { net, moved };
    const found = by(moved);
    net.layers[last].b.dispose();
    return { net: found, moved };
  }

  return {
    fresh: begin,
    learn,
    async train(given, seed) {
      let learner = copyOf(given);
      const watch = new Watch({ bench, steps, seed });
      const from = draw(seed);
      let carry = fresh(seed);
      let [ms, flops] = [0, 0];
      for (let k = 0; k < steps; k++) {
        const own = from.own(k, 1);
        const begun = performance.now();
        const next = plainStep(learner.net, carry, own);
        flops += plainStep.stats().flops;
        if (every > 0 && k % every === 0) {
          const better = await improve(learner, [carry, next], [k, from], options.metaLr);
          if (better === null)
            throw new Error(`s0: the training diverged at step ${k} of ${steps}`);
          learner = better;
          flops += metaStep.stats().flops;
        }
        ms += performance.now() - begun;
        dispose({ carry, own } as unknown as Tree);
        carry = next;
        await watch.after(k + 1, carry.params, await rateOf(carry));
      }
      const outcome = await watch.end(carry.params);
      dispose({ carry, learner } as unknown as Tree);
      return { outcome, flops, ms: ms / steps };
    },
    dispose: () => {
      metaStep.dispose();
      plainStep.dispose();
    },
  };
}

const copyOf = <T>(tree: T): T =>
  mapTree((x) => add(x, 0), tree as unknown as Tree) as unknown as T;

/** The rate of the last step; of several, their geometric mean. */
async function rateOf({ state }: Carry): Promise<number> {
  const logs = await state.logLr.data();
  return Math.exp(Array.from(logs).reduce((a, b) => a + b, 0) / logs.length);
}

function programs(bench: Bench, options: LearnedOptions) {
  const { window, per, start, steps, logarithm = false } = options;
  const range = { lr: start, low: LOW, high: HIGH };
  const inner = meta.inner.lrNet({ ...range, per, horizon: steps, keep: KEEP });
  // The loss where the training stands later, as a function of the parameters at the window's end.
  const loss = (params: Tree, { later, ...batch }: Held) => {
    if (later === undefined) return bench.loss(params, batch);
    const found = bench.loss(mapTree(through, params, later), batch);
    return logarithm ? log(found) : found;
  };
  const at = (x: Tensor, k: number) => reshape(slice(x, [k], [1]), x.shape.slice(1));
  const loop = meta.unroll({
    ...{ loss, inner, steps: window, order: window === 1 ? 1 : 2 },
    batch: ({ x, y }: Held, k: number): Held => ({ x: at(x, k), y: at(y, k) }),
  });
  const outer = optim.adam({ lr: 0 });

  const metaStep = compile((...given: [Learner, Carry, Tree, Tensor, Tensor, Tensor]) => {
    const [learner, carry, later, own, held, rate] = given;
    const learned = { params: carry.params, meta: learner.net };
    const query = { ...bench.examples("valid", held), later };
    const task = { support: bench.examples("train", own), query };
    const found = loop.window(learned, [task], [carry]).grads.meta;
    const grads = optim.clipByNorm(found, 1);
    const [net, adam] = optim.adam({ lr: rate }).update(grads, learner.adam as never, learner.net);
    return { learner: { net, adam: adam as Tree } as Learner, size: optim.globalNorm(found) };
  });

  const gradient = valueAndGrad((p: Tree, batch: Batch) => bench.loss(p, batch));
  const plainStep = compile((net: meta.LrNet, { params, state }: Carry, own: Tensor): Carry => {
    const [value, grads] = gradient(params, bench.examples("train", at(own, 0)));
    const info = { meta: net, step: 0, steps, loss: value };
    const [moved, after] = inner.update(grads, state, params, info);
    return { params: moved, state: after };
  });

  const fresh = (seed: number): Carry => {
    const params = bench.begin(seed);
    return { params, state: inner.init(params) };
  };
  const begin = (seed: number): Learner => {
    const params = bench.begin(seed);
    const net = scope(() => inner.initMeta(params, key(seed + 1)) as unknown as Tree);
    dispose(params);
    return { net, adam: outer.init(net) } as unknown as Learner;
  };
  return { metaStep, plainStep, begin, fresh };
}

/** The value of `y`, the gradient of `x`. */
const through = (x: Tensor, y: Tensor): Tensor => add(x, stopGradient(sub(y, x)));
