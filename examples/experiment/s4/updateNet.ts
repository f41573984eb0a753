// The update net on a pre-trained model: half of the arithmetic trains the model on all classes,
// half meta-trains the net that writes its updates.

import {
  compile,
  type data,
  dispose,
  key,
  leaves,
  meta,
  optim,
  reshape,
  scope,
  type Tensor,
  type Tree,
  tensor,
} from "hypergrad";
import type { Outcome } from "../experiment";
import { bestRate, pretrained } from "../fewshot/baselines";
import { lossOf, type NetParams, stackTasks } from "../fewshot/domain";
import { adapting, type Learned, type Method, tested, type Work } from "../fewshot/methods";
import { train } from "../fewshot/train";

export interface UpdateNetMethod {
  /** Whose gradients are edited. */
  readonly edits: (path: string) => boolean;
  /** The model is meta-trained too, not only the net. */
  readonly base?: boolean;
  readonly hidden?: number;
}

/** Numbers of a tree. */
export const sizeOf = (tree: Tree): number => leaves(tree).reduce((n, x) => n + x.size, 0);

export function updateNetMethod({ edits, base = false, hidden = 16 }: UpdateNetMethod): Method {
  return async (work) => {
    const { domain, seed, flops, tell } = work;
    const given = await pretrained({ ...work, flops: base ? flops / 4 : flops / 2 });
    // It begins as fine-tuning with the rate that fine-tuning would take.
    const from = { params: given.params, meta: {} };
    const lr = await bestRate(domain, from, tell);
    const inner = meta.inner.updateNet({ lr, hidden, edits });
    const steps = domain.steps;
    const loop = meta.unroll({ loss: lossOf(domain), inner, steps, order: 2 });
    const outer = optim.adam({ lr: domain.outerLr });
    const start = scope(() => {
      const learned = { params: given.params, meta: loop.initMeta(given.params, key(seed)) };
      const moving = base ? learned : { meta: learned.meta };
      return { learned, outer: outer.init(moving as Tree) as Tree };
    });
    type State = typeof start;
    const step = (s: State, tasks: data.TaskTensors) => {
      const { value, grads } = loop.metaGrad(s.learned, tasks);
      const both = optim.clipByNorm(base ? grads : { meta: grads.meta }, 10);
      const own = base ? s.learned : { meta: s.learned.meta };
      const [moved, next] = outer.update(both as Tree, s.outer as never, own as Tree);
      const learned = { params: s.learned.params, ...(moved as object) } as typeof s.learned;
      return { state: { learned, outer: next as Tree }, value };
    };
    const stream = domain.train(seed);
    const rest = flops - given.flops;
    const last = await train({
      domain,
      stream,
      flops: rest,
      state: start,
      step,
      scalar: tensor,
      tell,
    });
    dispose(last.state.outer);
    const { learned } = last.state;
    const [own, extra] = [sizeOf(learned.params), sizeOf(learned.meta as unknown as Tree)];
    const spent = { flops: given.flops + last.flops, steps: last.steps };
    const whole = learned as unknown as Learned;
    const note = `begins at rate ${lr}`;
    const outcome = await measured(work, whole, loop as never, spent, note);
    return { ...outcome, metrics: { ...outcome.metrics, extra: extra / own } };
  };
}

type Adapter = Parameters<typeof adapting>[1];

/** Scores, the fall of the query loss, and the time that one task takes. */
export async function measured(
  work: Work,
  learned: Learned,
  loop: Adapter,
  spent: { flops: number; steps: number },
  note = "",
): Promise<Outcome> {
  const { domain } = work;
  const { fall, ms } = await adaptation(work, learned, loop);
  const outcome = await tested(work, learned, adapting(domain, loop), spent, note);
  return {
    ...outcome,
    metrics: { ...outcome.metrics, extra: 0, fall },
    times: { adapt: ms },
  };
}

const FALL_TASKS = 40;
const REPEATS = 10;

async function adaptation({ domain }: Work, learned: Learned, loop: Adapter) {
  const loss = lossOf(domain);
  const { steps } = domain;
  const adapt = compile((l: Learned, support: data.Examples) => loop.adapt(l, support, { steps }));
  const losses = compile((p: NetParams, batch: data.Examples) => loss(p, batch));
  const single = (index: number) => {
    const { support, query } = stackTasks([domain.test(index)]);
    const one = ({ x, y }: data.Examples): data.Examples => ({ x: row(x), y: row(y) });
    return { support: one(support), query: one(query) };
  };
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
