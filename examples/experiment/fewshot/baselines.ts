// What meta-learning must beat: fresh weights, and weights trained on all training classes or tasks
// at once, both fine-tuned with the best of several rates, chosen on tasks of neither training nor
// test.

import {
  concat,
  crossEntropy,
  type data,
  dispose,
  key,
  mapTree,
  meta,
  mse,
  optim,
  reshape,
  scope,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
  zerosLike,
} from "hypergrad";
import type { Tell } from "../experiment";
import { type Domain, initNet, lossOf, type NetParams, predict } from "./domain";
import { judge, meanOf } from "./judge";
import { adapting, type Learned, type Method, tested, type Work } from "./methods";
import { train } from "./train";

const RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const VALID_TASKS = 20;

/** The rate that serves these weights best on the validation tasks after all test steps. */
export async function bestRate(domain: Domain, learned: Learned, tell: Tell): Promise<number> {
  const { testSteps: steps, valid: stream } = domain;
  const sign = domain.kind === "images" ? 1 : -1;
  let best = { rate: RATES[0], score: Number.NEGATIVE_INFINITY };
  for (const rate of RATES) {
    const loop = tuning(domain, rate);
    const options = { stream, tasks: VALID_TASKS, columns: [steps], tell };
    const { score } = await judge(domain, learned, adapting(domain, loop), options);
    const found = sign * meanOf(domain, score[0]);
    if (found > best.score) best = { rate, score: found };
  }
  return best.rate;
}

export function tuning(domain: Domain, rate: number) {
  const inner = meta.inner.sgd({ lr: rate });
  return meta.unroll({ loss: lossOf(domain), inner, steps: domain.testSteps, order: 1 });
}

/** Fine-tuning of weights, by the best rate. */
export async function fineTuned(
  work: Work,
  params: NetParams,
  spent: { flops: number; steps: number },
) {
  const learned: Learned = { params, meta: {} };
  const rate = await bestRate(work.domain, learned, work.tell);
  const predicted = adapting(work.domain, tuning(work.domain, rate));
  return tested(work, learned, predicted, spent, `rate ${rate}`);
}

export const scratchMethod: Method = (work) =>
  fineTuned(work, initNet(work.domain.net, work.seed), { flops: 0, steps: 0 });

export const jointMethod: Method = async (work) => {
  const { params, ...spent } = await pretrained(work);
  return fineTuned(work, params, spent);
};

/** Weights trained on all classes at once, with a head of zeros in the place of theirs; of points,
 * on all tasks at once. */
export async function pretrained(
  work: Work,
): Promise<{ params: NetParams; flops: number; steps: number }> {
  const { domain, seed, flops, tell } = work;
  const { joint, net } = domain;
  const many = joint === undefined ? net.head : net.headOf(joint.classes);
  const whole = { ...net, head: many };
  const outer = optim.adam({ lr: domain.outerLr });
  const state = scope(() => {
    const params = initNet(whole, seed);
    return { params, outer: outer.init(params) as Tree };
  });
  type State = typeof state;
  const loss = (params: NetParams, { x, y }: data.Examples): Tensor => {
    const out = predict(whole, params, x);
    return domain.kind === "points" ? mse(out, y) : crossEntropy(out, y);
  };
  const step = (s: State, tasks: data.TaskTensors) => {
    const [value, grads] = valueAndGrad(loss)(s.params, flat(tasks));
    const [params, next] = outer.update(grads, s.outer as never, s.params);
    return { state: { params, outer: next as Tree }, value };
  };
  const stream = joint === undefined ? domain.train(seed) : joint.stream(seed);
  const last = await train({ domain, stream, flops, state, step, scalar: tensor, tell });
  const { params } = last.state;
  const head = joint === undefined ? params.head : mapTree(zerosLike, net.head.init(key(seed)));
  if (joint !== undefined) dispose(params.head);
  dispose(last.state.outer);
  return { params: { trunk: params.trunk, head }, flops: last.flops, steps: last.steps };
}

/** Support and query of all tasks as one batch. */
function flat({ support, query }: data.TaskTensors): data.Examples {
  const rows = (t: Tensor) => reshape(t, [t.shape[0] * t.shape[1], ...t.shape.slice(2)]);
  return {
    x: concat([rows(support.x), rows(query.x)], 0),
    y: concat([rows(support.y), rows(query.y)], 0),
  };
}
