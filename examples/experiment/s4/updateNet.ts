// The update net on a pre-trained model: half of the arithmetic trains the model's trunk, half
// meta-trains the net that writes the updates of its head.

import {
  compile,
  type data,
  dispose,
  type Key,
  key,
  leaves,
  meta,
  optim,
  reshape,
  scope,
  type Tensor,
  type Tree,
  valueAndGrad,
  vmap,
} from "hypergrad";
import { jointlyTrained, tuned, tuning, zeroHead } from "../fewshot/baselines";
import { type Domain, lossOf, type NetParams, outputLoss, stackTasks } from "../fewshot/domain";
import {
  type AnyInner,
  adapting,
  type Judged,
  type Learned,
  type Method,
  ofHead,
  once,
  protoTrained,
  tested,
  type Work,
} from "../fewshot/methods";
import { type Spent, together, train } from "../fewshot/train";

/** Numbers of a tree. */
const sizeOf = (tree: Tree): number => leaves(tree).reduce((n, x) => n + x.size, 0);

/** A model to adapt: ProtoNet's trunk, and a head of zeros; where there are no classes, what all
 * training tasks have in common. */
async function pretrained(work: Work): Promise<Spent & { readonly params: NetParams }> {
  if (work.domain.kind === "spans") {
    const { state: params, ...spent } = await once("joint", work, jointlyTrained);
    return { params, ...spent };
  }
  const { state: trunk, ...spent } = await protoTrained(work);
  return { params: { trunk, head: zeroHead(work.domain) }, ...spent };
}

/** Plain descent of the pre-trained model, of all of it or of parts. */
export function fineTuning(moves?: (path: string) => boolean): Method {
  return async (work) => {
    const { params, ...spent } = await pretrained(work);
    const { learned, rate } = await tuned(work.domain, params, work.tell, moves);
    const loop = tuning(work.domain, moves) as never;
    return measured(work, learned, loop, spent, `rate ${rate}`);
  };
}

/** Meta-learning where a task moves the head alone: its features are found once, not in every
 * step, and one backward pass of the trunk serves all steps. The same gradient. */
export function headLearner(
  { net, kind, steps }: Pick<Domain, "net" | "kind" | "steps">,
  inner: AnyInner,
) {
  const loss = (head: Tree, { x, y }: data.Examples) =>
    outputLoss[kind](net.head.apply(head, x), y);
  const loop = meta.unroll({ loss, inner, steps, order: 2 });
  const seen = (trunk: Tree, { x, y }: data.Examples) => ({ x: net.trunk.apply(trunk, x), y });
  const ofTask = (trunk: Tree, { support, query }: data.TaskTensors): data.TaskTensors => ({
    support: seen(trunk, support),
    query: seen(trunk, query),
  });
  const ofTasks = vmap(ofTask, { inAxes: [null, 0] });
  const objective = ({ params: { trunk, head }, meta }: Learned, tasks: data.TaskTensors) =>
    loop.objective({ params: head, meta }, ofTasks(trunk, tasks));
  return {
    initMeta: ({ head }: NetParams, from: Key): Tree => loop.initMeta(head, from),
    metaGrad: (learned: Learned, tasks: data.TaskTensors) =>
      valueAndGrad((l: Learned) => objective(l, tasks))(learned),
    adapt: (
      { params: { trunk, head }, meta }: Learned,
      support: data.Examples,
      options?: { readonly steps?: number },
    ): NetParams =>
      scope(() => ({
        trunk,
        head: loop.adapt({ params: head, meta }, seen(trunk, support), options),
      })),
  };
}

export interface UpdateNetMethod {
  /** The model is meta-trained too, not only the net. */
  readonly base: boolean;
  /** Rank of the net: such that it stays small beside the model. */
  readonly hidden: number;
  /** Adam's rate in meta-training. Default: the domain's, with which the model is pre-trained. */
  readonly outerLr?: number;
}

export function updateNetMethod({ base, hidden, outerLr }: UpdateNetMethod): Method {
  return async (work) => {
    const { domain, seed, flops, tell } = work;
    const { params, ...before } = await pretrained({ ...work, flops: flops / 2 });
    // It begins as fine-tuning with the rate that fine-tuning would take.
    const { learned: from, rate } = await tuned(domain, params, tell, ofHead);
    dispose(from.meta);
    const inner = meta.inner.updateNet({ lr: rate, hidden }) as unknown as AnyInner;
    const learner = headLearner(domain, inner);
    const outer = optim.adam({ lr: outerLr ?? domain.outerLr });
    const moving = ({ params, meta }: Learned): Tree => (base ? { params, meta } : { meta });
    const state = scope(() => {
      const learned: Learned = { params, meta: learner.initMeta(params, key(seed)) };
      return { learned, outer: outer.init(moving(learned)) as Tree };
    });
    const step = (s: typeof state, tasks: data.TaskTensors) => {
      const [value, grads] = learner.metaGrad(s.learned, tasks);
      const clipped = optim.clipByNorm(moving(grads), 10);
      const [moved, next] = outer.update(clipped, s.outer as never, moving(s.learned));
      const learned: Learned = { ...s.learned, ...(moved as object) };
      return { state: { learned, outer: next as Tree }, value };
    };
    // Other tasks than those of the pre-training.
    const draw = domain.train(seed);
    const stream = (index: number) => draw(before.steps * domain.metaBatch + index);
    const rest = flops - before.flops;
    const { state: last, ...spent } = await train({
      domain,
      stream,
      flops: rest,
      state,
      step,
      tell,
    });
    dispose(last.outer);
    const { learned } = last;
    const extra = sizeOf(learned.meta) / sizeOf(learned.params);
    const note = `begins at rate ${rate}`;
    const outcome = await measured(work, learned, learner, together(before, spent), note);
    return { ...outcome, metrics: { ...outcome.metrics, extra } };
  };
}

/** Scores, the fall of the query loss, and the time that one task takes. */
export const measured: Judged = async (work, learned, loop, spent, note = "") => {
  const { domain } = work;
  const { fall, ms } = await adaptation(work, learned, loop);
  const outcome = await tested(work, learned, adapting(domain, loop), spent, note);
  return {
    ...outcome,
    metrics: { ...outcome.metrics, extra: 0, fall },
    times: { ...outcome.times, adapt: ms },
  };
};
const FALL_TASKS = 40;
const REPEATS = 10;

async function adaptation({ domain }: Work, learned: Learned, loop: Parameters<Judged>[2]) {
  const loss = lossOf(domain);
  const { steps } = domain;
  const adapt = compile((l: Learned, support: data.Examples) => loop.adapt(l, support, { steps }));
  const losses = compile((p: NetParams, batch: data.Examples) => loss(p, batch));
  const single = (index: number) =>
    scope(() => {
      const { support, query } = stackTasks([domain.test(index)]);
      const one = ({ x, y }: data.Examples): data.Examples => ({ x: row(x), y: row(y) });
      return { support: one(support), query: one(query) };
    });
  let fall = 0;
  for (let i = 0; i < FALL_TASKS; i++) {
    const { support, query } = single(i);
    const fast = adapt(learned, support);
    const [before, after] = [losses(learned.params, query), losses(fast, query)];
    fall += ((await before.item()) - (await after.item())) / FALL_TASKS;
    dispose({ support, query, fast, before, after } as unknown as Tree);
  }
  const { support, query } = single(0);
  const from = performance.now();
  for (let i = 0; i < REPEATS; i++) {
    const fast = adapt(learned, support);
    await leaves(fast as unknown as Tree)[0].data();
    dispose(fast as unknown as Tree);
  }
  const ms = (performance.now() - from) / REPEATS;
  dispose({ support, query } as unknown as Tree);
  adapt.dispose();
  losses.dispose();
  return { fall, ms };
}

const row = (x: Tensor): Tensor => reshape(x, x.shape.slice(1));
