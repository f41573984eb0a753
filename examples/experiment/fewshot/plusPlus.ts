// MAML++ (Antoniou et al. 2019): a rate for each layer and step, losses after every step, first
// order at first, a falling outer rate, and batch norm with numbers of each inner step, which only
// the outer loop learns.

import {
  add,
  compile,
  concat,
  conv2d,
  crossEntropy,
  type data,
  dispose,
  key,
  maximum,
  mean,
  meta,
  mul,
  nn,
  optim,
  relu,
  reshape,
  scope,
  split,
  sub,
  type Tensor,
  type Tree,
} from "hypergrad";
import { type ConvNetOptions, stackTasks } from "./domain";
import { judgeOf, meanOf, type Predict } from "./judge";
import { type Method, tested, type Work } from "./methods";
import { type Spent, type Stepped, together, train } from "./train";

const LAYERS = 4;
const FIRST_ORDER = 0.2; // share of the work
const STATISTICS_TASKS = 60;

type Params = {
  readonly kernels: readonly Tensor[];
  readonly norms: readonly nn.NormParams[];
  readonly head: nn.LinearParams;
};
type Statistics = readonly nn.NormState[];

/** The domains' convolutional net with norms of each inner step. */
export function steppedNet({ channels, filters, way }: ConvNetOptions, steps: number) {
  const norm = nn.statefulNorm(filters, { perStep: steps + 1, momentum: 0.05, eps: 1e-3 });
  const head = nn.linear(filters, way);
  const layers = Array.from({ length: LAYERS }, (_, i) => i);
  return {
    init(seed: number): Params {
      return scope(() => {
        const [last, ...keys] = split(key(2 * seed), 1 + LAYERS);
        const kernel = (i: number) =>
          nn.conv(i === 0 ? channels : filters, filters).init(keys[i]).w;
        const norms = layers.map((i) => norm.init(keys[i]).params);
        return { kernels: layers.map(kernel), norms, head: head.init(last) };
      });
    },
    statistics: (): Statistics => scope(() => layers.map(() => norm.init(key(0)).state)),
    /** Logits and next statistics. */
    apply(params: Params, seen: Statistics, x: Tensor, run: nn.NormRun): [Tensor, Statistics] {
      const next: nn.NormState[] = [];
      let h = x;
      for (const i of layers) {
        const inside = conv2d(h, params.kernels[i], { stride: 2, padding: 1 });
        const [y, moved] = norm.apply(params.norms[i], seen[i], inside, run);
        next.push(moved);
        h = relu(y);
      }
      return [head.apply(params.head, mean(h, { axis: [1, 2] })), next];
    },
  };
}

type SteppedNet = ReturnType<typeof steppedNet>;
type Learned = { readonly params: Params; readonly meta: readonly Tree[] };
type Loop = meta.Unrolled<Params, readonly Tree[], data.Examples>;
type State = { readonly learned: Learned; readonly outer: Tree };

interface PlusPlusOptions {
  /** The domain's. */
  readonly conv: ConvNetOptions;
  /** Inner steps in training. */
  readonly steps: number;
  /** Where every inner rate begins. */
  readonly lr: number;
}

export function plusPlusMethod({ conv, steps, lr }: PlusPlusOptions): Method {
  const net = steppedNet(conv, steps);
  const loss = (params: Params, { x, y }: data.Examples, step: number): Tensor =>
    crossEntropy(net.apply(params, net.statistics(), x, { train: true, step })[0], y);
  const inner = meta.inner.only((path) => !path.startsWith("norms"), meta.inner.perStep({ lr }));
  const loop: Loop = meta.unroll({ loss, inner, steps, order: 2 });
  return async (work) => {
    const { domain } = work;
    const { learned, ...spent } = await trained(work, { net, loop, steps });
    const seen = await statisticsOf(work, learned, { net, loop, steps });
    type Whole = { readonly learned: Learned; readonly seen: Statistics };
    const by =
      (train: boolean): Predict<Whole> =>
      (l, { support, query }, step) => {
        const params = loop.adapt(l.learned, support, { steps: step });
        return net.apply(params, l.seen, query.x, { train, step })[0];
      };
    const whole: Whole = { learned, seen };
    const alone = judgeOf(domain, by(false), [steps]);
    const { test: stream, testTasks: tasks } = domain;
    const { score } = await alone.scores(whole, { stream, tasks });
    alone.dispose();
    const note =
      `with the statistics of training in the place of the query batch's, ${steps} steps: ` +
      `${(100 * meanOf(domain, score[0])).toFixed(1)} %`;
    return tested(work, whole, by(true), spent, note);
  };
}

interface Parts {
  readonly net: SteppedNet;
  readonly loop: Loop;
  readonly steps: number;
}

/** First order for a fifth of the work, then second; the weights of the losses after each step
 * move to the last, and the outer rate falls. */
async function trained(
  { domain, seed, flops, tell }: Work,
  { net, loop, steps }: Parts,
): Promise<Spent & { readonly learned: Learned }> {
  const outerAt = (rate: optim.Rate) => optim.adam({ lr: rate });
  const start = scope((): State => {
    const params = net.init(seed);
    const learned = { params, meta: loop.initMeta(params) };
    return { learned, outer: outerAt(domain.outerLr).init(learned as Tree) as Tree };
  });
  const by =
    (order: 1 | 2, from: number, to: number) =>
    (s: State, tasks: data.TaskTensors, part: Tensor): Stepped<State> => {
      const progress = add(mul(part, to - from), from);
      const weights = multiStep(steps, progress);
      const rate = mul(sub(1.01, progress), domain.outerLr);
      const { value, grads } = loop.metaGrad(s.learned, tasks, { weights, order });
      const [learned, outer] = outerAt(rate).update(grads, s.outer as never, s.learned);
      return { state: { learned, outer: outer as Tree }, value };
    };
  const stream = domain.train(seed);
  const early = { flops: flops * FIRST_ORDER, step: by(1, 0, FIRST_ORDER) };
  const first = await train({ domain, tell, stream, state: start, ...early });
  const done = first.steps * domain.metaBatch;
  const rest = { flops: flops - first.flops, step: by(2, FIRST_ORDER, 1) };
  const further = (index: number) => stream(done + index);
  const last = await train({ domain, tell, stream: further, state: first.state, ...rest });
  dispose(last.state.outer);
  return { learned: last.state.learned, ...together(first, last) };
}

/** The weights of the losses after each step: equal at first, nearly all on the last at the end. */
function multiStep(steps: number, progress: Tensor): Tensor {
  const early = maximum(mul(sub(1, progress), 1 / steps), 0.03 / steps);
  const last = sub(1, mul(early, steps - 1));
  const one = (t: Tensor) => reshape(t, [1]);
  return concat([...new Array(steps - 1).fill(one(early)), one(last)], 0);
}

/** Statistics of each inner step over support and query of training tasks. */
async function statisticsOf(
  { domain, seed }: Work,
  learned: Learned,
  { net, loop, steps }: Parts,
): Promise<Statistics> {
  const take = compile((l: Learned, before: Statistics, tasks: data.TaskTensors) => {
    const [support, query] = [tasks.support, tasks.query].map(({ x, y }) => {
      const only = (t: Tensor) => reshape(t, t.shape.slice(1));
      return { x: only(x), y: only(y) };
    });
    let seen = before;
    for (let step = 0; step <= steps; step++) {
      const params = loop.adapt(l, support, { steps: step });
      for (const { x } of [support, query]) {
        seen = net.apply(params, seen, x, { train: true, step })[1];
      }
    }
    return seen;
  });
  const stream = domain.train(seed);
  let seen = net.statistics();
  for (let i = 0; i < STATISTICS_TASKS; i++) {
    const tasks = stackTasks([stream(i)]);
    const next = take(learned, seen, tasks);
    dispose({ seen, tasks } as unknown as Tree);
    seen = next;
  }
  take.dispose();
  return seen;
}
