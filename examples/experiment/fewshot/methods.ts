// The few-shot methods, each as one function from a domain, a seed and an amount of arithmetic to
// scores on the test tasks; all share the net, the tasks and the judge.

import {
  concat,
  type data,
  dispose,
  key,
  maximum,
  meta,
  mul,
  optim,
  reshape,
  scope,
  sub,
  type Tensor,
  type Tree,
  tensor,
} from "hypergrad";
import type { Outcome, Tell } from "../experiment";
import { type Domain, initNet, lossOf, type NetParams, predict } from "./domain";
import { judge, outcomeOf, type Predict } from "./judge";
import { type Stepped, type Trained, train } from "./train";

export interface Work {
  readonly domain: Domain;
  readonly seed: number;
  /** Arithmetic that training may take. */
  readonly flops: number;
  readonly tell: Tell;
}

export type Method = (work: Work) => Promise<Outcome>;

export type Learned = { params: NetParams; meta: Tree };
type State = { learned: Learned; outer: Tree };
export type AnyInner = meta.InnerOptimizer<Tree, Tree>;

/** Scores of what was learned on the test tasks, which is then freed. */
export async function tested<L extends Tree>(
  { domain, tell }: Work,
  learned: L,
  predicted: Predict<L>,
  trained: Pick<Trained<never>, "flops" | "steps">,
  note = "",
): Promise<Outcome> {
  const columns = Array.from({ length: domain.testSteps + 1 }, (_, k) => k);
  const { test: stream, testTasks: tasks } = domain;
  const scores = await judge(domain, learned, predicted, { stream, tasks, columns, tell });
  dispose(learned);
  const outcome = outcomeOf(domain, scores, trained.flops);
  return { ...outcome, note: [`${trained.steps} meta-steps`, note].filter(Boolean).join(", ") };
}

/** Predictions of a learner that adapts by steps. */
export function adapting(
  { net }: Domain,
  { adapt }: Pick<meta.Unrolled<NetParams, Tree, data.Examples>, "adapt">,
): Predict<Learned> {
  return (learned, { support, query }, steps) =>
    predict(net, adapt(learned, support, { steps }), query.x);
}

export interface MamlOptions {
  readonly order: 1 | 2;
  /** Default: sgd with the domain's rate. */
  readonly inner?: AnyInner;
  /** Only the head moves (ANIL). */
  readonly headOnly?: boolean;
  /** Inner steps in training. Default: the domain's. */
  readonly steps?: number;
  /** Multi-step loss, first order for a fifth of the work, falling outer rate (MAML++). */
  readonly plusPlus?: boolean;
  /** Default: scores on the test tasks. */
  readonly judged?: Judged;
}

/** What is made of a learner that adapts. */
export type Judged = (
  work: Work,
  learned: Learned,
  loop: Parameters<typeof adapting>[1],
  spent: { flops: number; steps: number },
) => Promise<Outcome>;

const judgedByTasks: Judged = (work, learned, loop, spent) =>
  tested(work, learned, adapting(work.domain, loop), spent);

/** MAML and its kin: whatever is an unrolled inner loop. */
export function mamlMethod(options: MamlOptions): Method {
  return async (work) => {
    const { domain, seed, flops, tell } = work;
    const { order, headOnly = false, plusPlus = false, steps = domain.steps } = options;
    const given = options.inner ?? (meta.inner.sgd({ lr: domain.innerLr }) as unknown as AnyInner);
    const head = (path: string) => path.startsWith("head");
    const inner = headOnly ? meta.inner.only(head, given) : given;
    const loop = meta.unroll({ loss: lossOf(domain), inner, steps, order });
    const outerAt = (rate: optim.Rate) => optim.adam({ lr: rate });
    const start = scope((): State => {
      const params = initNet(domain.net, seed);
      const learned = { params, meta: loop.initMeta(params, key(seed + 1000)) };
      return { learned, outer: outerAt(domain.outerLr).init(learned) as Tree };
    });
    const by =
      (own: 1 | 2) =>
      (s: State, tasks: data.TaskTensors, progress: Tensor): Stepped<State> => {
        const weights = plusPlus ? multiStep(steps, progress) : undefined;
        const { outerLr } = domain;
        const rate = plusPlus ? mul(sub(1.01, progress), outerLr) : outerLr;
        const { value, grads } = loop.metaGrad(s.learned, tasks, { weights, order: own });
        const moved = outerAt(rate).update(grads, s.outer as never, s.learned);
        return { state: { learned: moved[0] as Learned, outer: moved[1] as Tree }, value };
      };
    const common = { domain, stream: domain.train(seed), scalar: tensor, tell } as const;
    let [state, spent, done] = [start, 0, 0];
    if (plusPlus) {
      const first = await train({ ...common, state, flops: flops / 5, step: by(1) });
      [state, spent, done] = [first.state, first.flops, first.steps];
    }
    const last = await train({ ...common, state, flops: flops - spent, step: by(order) });
    dispose(last.state.outer);
    const total = { flops: spent + last.flops, steps: done + last.steps };
    return (options.judged ?? judgedByTasks)(work, last.state.learned, loop, total);
  };
}

/** MAML++'s weights of the losses after each step: equal at first, all on the last at the end. */
function multiStep(steps: number, progress: Tensor): Tensor {
  const early = maximum(mul(sub(1, progress), 1 / steps), 0.03 / steps);
  const last = sub(1, mul(early, steps - 1));
  const one = (t: Tensor) => reshape(t, [1]);
  return concat([...new Array(steps - 1).fill(one(early)), one(last)], 0);
}

export interface ReptileOptions {
  readonly inner: AnyInner;
  readonly steps: number;
  /** Support examples of a class in training. */
  readonly shot: number;
  /** The inner rate at test time is that of training. */
  readonly rate: number;
}

/** Reptile: the outer rate falls in a line from `rate` to 0. */
export function reptileMethod({ inner, steps, shot, rate }: ReptileOptions): Method {
  return async (work) => {
    const { domain, seed, flops, tell } = work;
    const loss = lossOf(domain);
    const learner = meta.reptile({ loss, inner, steps, outer: optim.sgd({ lr: rate }) });
    const params = initNet(domain.net, seed);
    const start: Learned = { params, meta: learner.initMeta(params) };
    const step = (s: Learned, tasks: data.TaskTensors, progress: Tensor): Stepped<Learned> => {
      const { value, grads } = learner.metaGrad(s, tasks);
      const far = mul(sub(1, progress), rate);
      const moved = optim.sgd({ lr: far }).update(grads.params, { step: tensor(0) }, s.params);
      return { state: { ...s, params: moved[0] }, value };
    };
    const stream = domain.train(seed, shot);
    const last = await train({ domain, stream, flops, state: start, step, scalar: tensor, tell });
    return tested(work, last.state, adapting(domain, learner), last);
  };
}

/** iMAML: the meta-gradient at the inner optimum alone. */
export function imamlMethod(steps: number, lr: number, lambda: number): Method {
  return async (work) => {
    const { domain, seed, flops, tell } = work;
    const inner = meta.inner.sgd({ lr });
    const outer = optim.adam({ lr: domain.outerLr });
    const loss = lossOf(domain);
    const learner = meta.imaml({ loss, inner, steps, lambda, cgSteps: 3, damping: 1, outer });
    const params = initNet(domain.net, seed);
    const start = learner.init(params);
    const step = (s: typeof start, tasks: data.TaskTensors) => learner.step(s, tasks);
    const stream = domain.train(seed);
    const last = await train({ domain, stream, flops, state: start, step, scalar: tensor, tell });
    dispose(last.state.outer);
    const learned = { params: last.state.params, meta: last.state.meta as Tree };
    return tested(work, learned, adapting(domain, learner as never), last);
  };
}

/** ProtoNet on the trunk: nothing is adapted. */
export const protoMethod: Method = async (work) => {
  const { domain, seed, flops, tell } = work;
  const { net, way } = domain;
  const embed = (trunk: Tree, x: Tensor) => net.trunk.apply(trunk, x);
  const learner = meta.protoNet({ embed, way, outer: optim.adam({ lr: domain.outerLr }) });
  const whole = initNet(net, seed);
  dispose(whole.head);
  const start = learner.init(whole.trunk);
  const step = (s: typeof start, tasks: data.TaskTensors) => learner.step(s, tasks);
  const stream = domain.train(seed);
  const last = await train({ domain, stream, flops, state: start, step, scalar: tensor, tell });
  dispose(last.state.outer);
  const trunk = last.state.params;
  return tested(work, trunk, (p, { support, query }) => learner.logits(p, support, query.x), last);
};
