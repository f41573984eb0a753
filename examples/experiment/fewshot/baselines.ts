// What meta-learning must beat: fresh weights, and weights trained on all training classes or tasks
// at once, both fine-tuned with the best of several rates, chosen on tasks of neither training nor
// test.

import {
  concat,
  type data,
  dispose,
  key,
  mapTree,
  meta,
  mul,
  optim,
  reshape,
  scope,
  sub,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
  zerosLike,
} from "hypergrad";
import type { Tell } from "../experiment";
import { type Domain, initNet, lossOf, type NetParams, outputLoss, predict } from "./domain";
import { judgeOf, meanOf } from "./judge";
import { adapting, type Learned, type Method, tested, type Work } from "./methods";
import { type Spent, type Trained, train } from "./train";

const RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const VALID_TASKS = 20;

/** Plain descent whose rate is an input: one program serves every rate. */
const rated: meta.InnerOptimizer<{ readonly rate: Tensor }, Record<string, never>> = {
  initMeta: () => ({ rate: tensor(0) }),
  init: () => ({}),
  update: (grads, state, params, { meta: { rate } }) => [
    mapTree((p, g) => sub(p, mul(g, rate)), params, grads),
    state,
  ],
};

/** Fine-tuning with the rate in `meta`, of the parameters whose path `moves` accepts. Default:
 * those that the domain's tasks move. */
export function tuning(domain: Domain, moves = domain.moves ?? (() => true)) {
  const inner = meta.inner.only(moves, rated);
  return meta.unroll({ loss: lossOf(domain), inner, steps: domain.testSteps, order: 1 });
}

/** Weights with the rate that serves them best on the validation tasks after all test steps. */
export async function tuned(
  domain: Domain,
  params: NetParams,
  tell: Tell,
  moves?: (path: string) => boolean,
): Promise<{ readonly learned: Learned; readonly rate: number }> {
  const { testSteps, valid: stream, validTasks = VALID_TASKS } = domain;
  const sign = domain.kind === "points" ? -1 : 1;
  const loop = tuning(domain, moves);
  const judge = judgeOf(domain, adapting(domain, loop as never), [testSteps]);
  const withRate = (rate: number): Learned => ({ params, meta: { rate: tensor(rate) } });
  let best = { rate: RATES[0], score: Number.NEGATIVE_INFINITY };
  for (const rate of RATES) {
    const learned = withRate(rate);
    const { score } = await judge.scores(learned, { stream, tasks: validTasks, tell });
    dispose(learned.meta);
    const found = sign * meanOf(domain, score[0]);
    if (found > best.score) best = { rate, score: found };
  }
  judge.dispose();
  return { learned: withRate(best.rate), rate: best.rate };
}

/** Fine-tuning of weights, by the best rate. */
async function fineTuned(work: Work, params: NetParams, spent: Spent) {
  const { learned, rate } = await tuned(work.domain, params, work.tell);
  const predicted = adapting(work.domain, tuning(work.domain) as never);
  return tested(work, learned, predicted, spent, `rate ${rate}`);
}

export const scratchMethod: Method = (work) =>
  fineTuned(work, initNet(work.domain.net, work.seed), { flops: 0, steps: 0, seconds: 0 });

export const jointMethod: Method = async (work) => {
  const { state: params, ...spent } = await jointlyTrained(work);
  return fineTuned(work, params, spent);
};

/** Weights trained on all classes at once, with a head of zeros in the place of theirs; where there
 * are none, on all tasks at once. */
export async function jointlyTrained(work: Work): Promise<Trained<NetParams>> {
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
    return outputLoss[domain.kind](out, y);
  };
  const step = (s: State, tasks: data.TaskTensors) => {
    const [value, grads] = valueAndGrad(loss)(s.params, flat(tasks));
    const [params, next] = outer.update(grads, s.outer as never, s.params);
    return { state: { params, outer: next as Tree }, value };
  };
  const stream = joint === undefined ? domain.train(seed) : joint.stream(seed);
  const { state: last, ...spent } = await train({ domain, stream, flops, state, step, tell });
  dispose(last.outer);
  if (joint === undefined) return { state: last.params, ...spent };
  dispose(last.params.head);
  return { state: { trunk: last.params.trunk, head: zeroHead(domain) }, ...spent };
}

/** A head that says nothing, for classes that are not known yet. */
export function zeroHead({ net }: Domain): Tree {
  return scope(() => mapTree(zerosLike, net.head.init(key(0))));
}

/** Support and query of all tasks as one batch. */
function flat({ support, query }: data.TaskTensors): data.Examples {
  const rows = (t: Tensor) => reshape(t, [t.shape[0] * t.shape[1], ...t.shape.slice(2)]);
  return {
    x: concat([rows(support.x), rows(query.x)], 0),
    y: concat([rows(support.y), rows(query.y)], 0),
  };
}
