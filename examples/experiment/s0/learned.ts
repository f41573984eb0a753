// Training by a net that predicts the rate: meta-trained over windows of K steps through which the
// gradient passes, or updated while it trains, by looking one step ahead.

import {
  compile,
  dispose,
  key,
  meta,
  optim,
  reshape,
  slice,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
} from "hypergrad";
import type { Outcome, Tell } from "../experiment";
import { type Batch, ids, order } from "../problems/training";
import { type Run, Watch } from "./schedules";

export interface LearnedOptions {
  /** Steps of a window: 1 looks one step ahead, at order 1. */
  readonly window: number;
  readonly per: "net" | "layer";
  /** The rate that the fresh net predicts. */
  readonly start: number;
  /** Arithmetic of meta-training before the training that is judged. */
  readonly flops: number;
  /** In that training, the net learns at every so many steps; 0: never. */
  readonly every: number;
  readonly metaLr: number;
  /** 1: gradients within a window count as constants, which is exact where it is one step. */
  readonly order: 1 | 2;
}

type Carry = { readonly params: Tree; readonly state: meta.LrNetState };
type Given = { readonly own: Tensor; readonly held: Tensor };
/** What meta-training changes. */
type Learner = { readonly net: meta.LrNet; readonly adam: Tree };

const VALID = 100; // examples of a look at the validation part
const TUNING = 100_000; // seeds of meta-training are those of runs, this far off

export async function trainLearned(
  run: Run,
  options: LearnedOptions,
  tell: Tell,
): Promise<{
  outcome: Outcome;
  flops: number;
  seconds: number;
  metaSteps: number;
  diverged: number;
}> {
  const { bench, steps, seed } = run;
  const { window, every } = options;
  const { metaStep, plainStep, begin, fresh } = programs(run, options);
  const { train, valid, batch } = bench.problem;
  let learner = begin();
  let [metaSteps, diverged] = [0, 0];
  const draw = (from: number) => {
    const [own, held] = [
      order(train.y.length, batch, seed + from),
      order(valid.y.length, VALID, seed + from),
    ];
    return (k: number, count: number) => {
      const rows = Array.from({ length: count }, (_, i) => [...own(k + i)]).flat();
      return { own: ids(Int32Array.from(rows), [count, batch]), held: ids(held(k)) };
    };
  };
  /** Null where the window diverged: the net then stays as it was. */
  const learn = async (carry: Carry, given: Given, share: number): Promise<Carry | null> => {
    const rate = tensor(options.metaLr * share);
    const made = metaStep(learner, carry, given.own, given.held, rate);
    dispose({ carry, given, rate } as unknown as Tree);
    const fine = Number.isFinite(await made.size.item());
    made.size.dispose();
    metaSteps++;
    if (!fine) diverged++;
    dispose((fine ? learner : { ...made.learner, carry: made.carry }) as unknown as Tree);
    if (!fine) return null;
    learner = made.learner;
    return made.carry;
  };

  // Meta-training: runs one after the other, each from weights of its own.
  const tuning = draw(TUNING);
  let carry = fresh(seed + TUNING);
  for (let [spent, at, runs] = [0, 0, 0]; spent < options.flops; ) {
    const share = 1.02 - spent / options.flops;
    const next = await learn(carry, tuning(runs * steps + at, window), share);
    spent += metaStep.stats().flops;
    at += window;
    if (next === null || at + window > steps) {
      if (next !== null) dispose(next as unknown as Tree);
      carry = fresh(seed + TUNING + ++runs);
      at = 0;
    } else carry = next;
    await tell(Math.min(spent, options.flops), 1.5 * options.flops, "meta-training");
  }
  dispose(carry as unknown as Tree);

  const watch = new Watch(run);
  const next = draw(0);
  carry = fresh(seed);
  let [seconds, flops] = [0, 0];
  for (let k = 0; k < steps; k++) {
    const given = next(k, 1);
    const from = performance.now();
    if (every > 0 && k % every === 0) {
      const next = await learn(carry, given, 1);
      if (next === null) throw new Error(`s0: the training diverged at step ${k} of ${steps}`);
      carry = next;
      flops += metaStep.stats().flops;
    } else {
      const made = plainStep(learner.net as unknown as Tree, carry as unknown as Tree, given.own);
      dispose({ carry, given } as unknown as Tree);
      carry = made as unknown as Carry;
      flops += plainStep.stats().flops;
    }
    seconds += (performance.now() - from) / 1000;
    await watch.after(k + 1, carry.params, await rateOf(carry));
  }
  const outcome = await watch.end(carry.params);
  dispose({ carry, learner } as unknown as Tree);
  metaStep.dispose();
  plainStep.dispose();
  return { outcome, flops, seconds, metaSteps, diverged };
}

/** The rate of the last step; of several, their geometric mean. */
async function rateOf({ state }: Carry): Promise<number> {
  const logs = await state.logLr.data();
  return Math.exp(Array.from(logs).reduce((a, b) => a + b, 0) / logs.length);
}

function programs({ bench, steps, seed }: Run, options: LearnedOptions) {
  const { per, start, order } = options;
  const inner = meta.inner.lrNet({ lr: start, per, horizon: steps, low: 1e-4, high: 1 });
  const loss = (params: Tree, batch: Batch) => bench.loss(params, batch);
  const at = (x: Tensor, k: number) => reshape(slice(x, [k], [1]), x.shape.slice(1));
  const loopOf = (count: number) =>
    meta.unroll({
      ...{ loss, inner, steps: count, order: count === 1 ? 1 : order },
      batch: ({ x, y }: Batch, k: number): Batch =>
        k < count ? { x: at(x, k), y: at(y, k) } : { x, y },
    });
  const outer = optim.adam({ lr: 0 });

  const metaStep = compile((...given: [Learner, Carry, Tensor, Tensor, Tensor]) => {
    const [learner, carry, own, held, rate] = given;
    const loop = loopOf(own.shape[0]);
    const learned = { params: carry.params, meta: learner.net };
    const task = { support: bench.examples("train", own), query: bench.examples("valid", held) };
    const found = loop.window(learned, [task], [carry]);
    const grads = optim.clipByNorm(found.grads.meta, 1);
    const [net, adam] = optim.adam({ lr: rate }).update(grads, learner.adam as never, learner.net);
    const [moved] = found.carry as readonly Carry[];
    const size = optim.globalNorm(found.grads.meta);
    return { learner: { net, adam: adam as Tree }, carry: moved, size };
  });

  const gradient = valueAndGrad(loss);
  const plainStep = compile((net: Tree, carry: Tree, own: Tensor) => {
    const { params, state } = carry as unknown as Carry;
    const batch = bench.examples("train", at(own, 0));
    const [value, grads] = gradient(params, batch);
    const info = { meta: net as unknown as meta.LrNet, step: 0, steps, loss: value };
    const [moved, after] = inner.update(grads, state, params, info);
    return { params: moved, state: after } as unknown as Tree;
  });

  const fresh = (own: number): Carry => {
    const params = bench.net.init(key(own));
    return { params, state: inner.init(params) };
  };
  const begin = (): Learner => {
    const { params, state } = fresh(seed);
    const net = inner.initMeta(params, key(seed + 1));
    dispose({ params, state } as unknown as Tree);
    return { net, adam: outer.init(net as unknown as Tree) as Tree };
  };
  return { metaStep, plainStep, begin, fresh };
}
