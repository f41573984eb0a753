// The few-shot methods, each as one function from a domain, a seed and an amount of arithmetic to
// scores on the test tasks; all share the net, the tasks and the judge.

import {
  add,
  type data,
  dispose,
  key,
  mapTree,
  meta,
  mul,
  optim,
  scope,
  sub,
  type Tensor,
  type Tree,
  tensor,
} from "hypergrad";
import { type Job, jobsOf, type Outcome, type Tell } from "../experiment";
import { type Domain, initNet, lossOf, type NetParams, predict } from "./domain";
import { judgeOf, outcomeOf, type Predict } from "./judge";
import { type Spent, type Stepped, type Trained, train } from "./train";

export interface Work {
  readonly domain: Domain;
  readonly seed: number;
  /** Arithmetic that training may take. */
  readonly flops: number;
  readonly tell: Tell;
}

export type Method = (work: Work) => Promise<Outcome>;

/** What the methods on a domain are, and the floating-point operations that each gets for a minute
 * of the budget, all seeds together. */
export interface Contest {
  readonly methods: readonly (readonly [string, Method])[];
  readonly rate: number;
}

/** The jobs of domains that share `budget` minutes. */
export function contestJobs(
  domains: readonly Domain[],
  contestOf: (domain: Domain) => Contest,
  seeds: readonly number[],
  budget: number,
): Job[] {
  return domains.flatMap((domain) => {
    const { methods, rate } = contestOf(domain);
    const flops = (rate * budget) / (seeds.length * domains.length);
    return jobsOf(domain.name, methods, seeds, { domain, flops });
  });
}

export type Learned = { params: NetParams; meta: Tree };
type State = { learned: Learned; outer: Tree };
export type AnyInner = meta.InnerOptimizer<Tree, Tree>;

/** Scores of what was learned on the test tasks, which is then freed. */
export async function tested<L extends Tree>(
  { domain, tell }: Work,
  learned: L,
  predicted: Predict<L>,
  trained: Spent,
  note = "",
): Promise<Outcome> {
  const columns = Array.from({ length: domain.testSteps + 1 }, (_, k) => k);
  const judge = judgeOf(domain, predicted, columns);
  const { elsewhere } = domain;
  const own = { stream: domain.test, tasks: domain.testTasks, tell };
  const scores = await judge.scores(learned, own);
  const there =
    elsewhere &&
    (await judge.scores(learned, { stream: elsewhere.test, tasks: elsewhere.testTasks, tell }));
  judge.dispose();
  dispose(learned);
  const { flops, steps, seconds } = trained;
  return {
    ...outcomeOf(domain, scores, flops, there),
    times: { train: seconds },
    note: [`${steps} meta-steps`, note].filter(Boolean).join(", "),
  };
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
  /** Inner steps in training. Default: the domain's. */
  readonly steps?: number;
  /** Default: scores on the test tasks. */
  readonly judged?: Judged;
}

/** What is made of a learner that adapts. */
export type Judged = (
  work: Work,
  learned: Learned,
  loop: Parameters<typeof adapting>[1],
  spent: Spent,
  note?: string,
) => Promise<Outcome>;

const judgedByTasks: Judged = (work, learned, loop, spent, note) =>
  tested(work, learned, adapting(work.domain, loop), spent, note);

/** MAML and its kin: whatever is an unrolled inner loop. */
export function mamlMethod(options: MamlOptions): Method {
  return async (work) => {
    const { domain, seed, flops, tell } = work;
    const { order, steps = domain.steps, judged = judgedByTasks } = options;
    const plain = meta.inner.only(
      domain.moves ?? (() => true),
      meta.inner.sgd({ lr: domain.innerLr }),
    );
    const inner = options.inner ?? (plain as unknown as AnyInner);
    const loop = meta.unroll({ loss: lossOf(domain), inner, steps, order });
    const outer = optim.adam({ lr: domain.outerLr });
    const state = scope((): State => {
      const params = initNet(domain.net, seed);
      const learned = { params, meta: loop.initMeta(params, key(seed + 1000)) };
      return { learned, outer: outer.init(learned) as Tree };
    });
    const step = (s: State, tasks: data.TaskTensors): Stepped<State> => {
      const { value, grads } = loop.metaGrad(s.learned, tasks);
      const [learned, next] = outer.update(grads, s.outer as never, s.learned);
      return { state: { learned: learned as Learned, outer: next as Tree }, value };
    };
    const stream = domain.train(seed);
    const { state: last, ...spent } = await train({ domain, stream, flops, state, step, tell });
    dispose(last.outer);
    return judged(work, last.learned, loop, spent);
  };
}

/** Whether a path is one of the head's. */
export const ofHead = (path: string): boolean => path.startsWith("head");

/** MAML whose inner loop moves the head alone (ANIL). */
export function anilMethod(lr: number): Method {
  const inner = meta.inner.only(ofHead, meta.inner.sgd({ lr }));
  return mamlMethod({ order: 2, inner: inner as unknown as AnyInner });
}

export interface ReptileOptions {
  readonly inner: AnyInner;
  readonly steps: number;
  /** Support examples of a class in training. */
  readonly shot: number;
  /** Of the outer loop at the start. */
  readonly rate: number;
}

/** Reptile: the outer rate falls in a line from `rate` to 0. */
export function reptileMethod({ inner, steps, shot, rate }: ReptileOptions): Method {
  return async (work) => {
    const { domain, seed, flops, tell } = work;
    const loss = lossOf(domain);
    const learner = meta.reptile({ loss, inner, steps, outer: optim.sgd({ lr: rate }) });
    const params = initNet(domain.net, seed);
    const state: Learned = { params, meta: learner.initMeta(params) };
    const step = (s: Learned, tasks: data.TaskTensors, progress: Tensor): Stepped<Learned> => {
      const { value, grads } = learner.metaGrad(s, tasks);
      const far = mul(sub(1, progress), rate);
      const moved = optim.sgd({ lr: far }).update(grads.params, { step: tensor(0) }, s.params);
      return { state: { ...s, params: moved[0] }, value };
    };
    const stream = domain.train(seed, shot);
    const { state: last, ...spent } = await train({ domain, stream, flops, state, step, tell });
    return tested(work, last, adapting(domain, learner), spent);
  };
}

interface ImamlMethod {
  readonly steps: number;
  readonly lr: number;
  readonly lambda: number;
}

/** iMAML: the meta-gradient at the inner optimum alone. */
export function imamlMethod({ steps, lr, lambda }: ImamlMethod): Method {
  return async (work) => {
    const { domain, seed, flops, tell } = work;
    const inner = meta.inner.sgd({ lr });
    const outer = optim.adam({ lr: domain.outerLr });
    const loss = lossOf(domain);
    const learner = meta.imaml({ loss, inner, steps, lambda, cgSteps: 3, damping: 1, outer });
    const state = scope(() => learner.init(initNet(domain.net, seed)));
    const step = (s: typeof state, tasks: data.TaskTensors) => learner.step(s, tasks);
    const stream = domain.train(seed);
    const { state: last, ...spent } = await train({ domain, stream, flops, state, step, tell });
    dispose(last.outer);
    const learned = { params: last.params, meta: last.meta as Tree };
    return tested(work, learned, adapting(domain, learner as never), spent);
  };
}

const protoOf = ({ net, way, outerLr }: Domain) =>
  meta.protoNet({
    embed: (trunk: Tree, x: Tensor) => net.trunk.apply(trunk, x),
    way,
    outer: optim.adam({ lr: outerLr }),
  });

const known = new WeakMap<Domain, Map<string, Trained<Tree>>>();

/** What several methods begin with, the same for all of one domain, seed and amount of arithmetic:
 * it is trained once, and a copy is theirs to free. */
export async function once<S extends Tree>(
  what: string,
  work: Work,
  training: (work: Work) => Promise<Trained<S>>,
): Promise<Trained<S>> {
  const { domain, seed, flops } = work;
  const own = known.get(domain) ?? new Map<string, Trained<Tree>>();
  known.set(domain, own);
  const name = `${what} ${seed} ${flops}`;
  const trained = (own.get(name) as Trained<S> | undefined) ?? (await training(work));
  own.set(name, trained);
  return { ...trained, state: scope(() => mapTree((t) => add(t, 0), trained.state) as S) };
}

/** A trunk whose features lie near those of their class: ProtoNet's. */
export const protoTrained = (work: Work): Promise<Trained<Tree>> =>
  once("ProtoNet", work, protoTraining);

async function protoTraining({ domain, seed, flops, tell }: Work): Promise<Trained<Tree>> {
  const learner = protoOf(domain);
  const state = scope(() => learner.init(initNet(domain.net, seed).trunk));
  const step = (s: typeof state, tasks: data.TaskTensors) => learner.step(s, tasks);
  const stream = domain.train(seed);
  const { state: last, ...spent } = await train({ domain, stream, flops, state, step, tell });
  dispose(last.outer);
  return { state: last.params, ...spent };
}

/** ProtoNet on the trunk: nothing is adapted. */
export const protoMethod: Method = async (work) => {
  const { state: trunk, ...spent } = await protoTrained(work);
  const { logits } = protoOf(work.domain);
  const predicted: Predict<Tree> = (p, { support, query }) => logits(p, support, query.x);
  return tested(work, trunk, predicted, spent);
};
