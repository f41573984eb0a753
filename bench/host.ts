// What WebGPU costs on the host's side: the time to encode and submit a dispatch with everything
// cached, submits a flush, and pipelines of a whole MAML run. The GPU is idle as a sample begins.

import {
  compile,
  type Device,
  dispose,
  init,
  matmul,
  meta,
  optim,
  scope,
  softmax,
  type Tensor,
  type Tree,
} from "hypergrad";
import {
  CONV,
  type ConvProtocol,
  classification,
  convNet,
  convNetInputs,
  type Loss,
  mlp,
  mlpInputs,
  type Points,
  regression,
  SINUSOID,
} from "./nets";
import type { Result } from "./results";
import { type Input, images, label, normal, tensors } from "./row";
import { type Budget, type Candidate, interleave } from "./sampling";

/** A sample is a few milliseconds: many of them, as what else runs disturbs most. */
const BUDGET: Budget = { warm: 0.05, sample: 0.001, least: 40, most: 200, total: 0.3 };

/** The group of these rows. */
export const HOST = "host side, submit included";

/** What the webgpu device tells beside other devices. */
interface WebGPU extends Device {
  stats(): { submits: number; dispatches: number; groups: number; pipelines: number };
  flush(): void;
}

const webgpu = async () => (await init({ device: "webgpu" })) as WebGPU;

const ROUNDS = 500;

/** Twice ROUNDS dispatches in a row, of two kernels in turn: the size of a meta-step. */
function rounds(x: Tensor, w: Tensor): Tensor {
  return scope(() => {
    let y = x;
    for (let i = 0; i < ROUNDS; i++) y = softmax(matmul(y, w));
    return y;
  });
}

type Call = (x: Tensor, w: Tensor) => Tensor;

function candidate(device: WebGPU, call: Call, [x, w]: readonly Tensor[]): Candidate {
  return {
    sample: async (count) => {
      let spent = 0;
      for (let i = 0; i < count; i++) {
        const start = performance.now();
        const y = call(x, w);
        device.flush();
        spent += performance.now() - start;
        await y.data();
        y.dispose();
      }
      return spent / 1000;
    },
  };
}

/** Two rows, and how many submits and bind groups a run of the program makes once it is warm. */
async function dispatchRows() {
  const device = await webgpu();
  const xs = tensors([normal(8, 8), normal(8, 8)]);
  const step = compile(rounds);
  const calls: readonly Call[] = [step, rounds];
  const timings = await interleave(
    calls.map((call) => candidate(device, call, xs)),
    BUDGET,
  );
  const run = candidate(device, step, xs);
  await run.sample(2);
  const before = device.stats();
  await run.sample(10);
  const after = device.stats();
  const dispatches = (after.dispatches - before.dispatches) / 10;
  // Reading is a copy, and a submit of its own.
  const submits = (after.submits - before.submits) / 10 - 1;
  const groups = after.groups - before.groups;
  dispose(xs);
  step.dispose();
  device.dispose();
  const names = ["a dispatch of a compiled step", "an op called eagerly"];
  const rows = names.map((name, i): Result => {
    const { p10, median, p90, first, noise, samples } = timings[i];
    const per = i === 0 ? dispatches : 2 * ROUNDS;
    const times = { p10: p10 / per, median: median / per, p90: p90 / per, first: first / per };
    return { group: HOST, device: "webgpu", threads: 1, name, ...times, noise, samples };
  });
  return { rows, dispatches, submits, groups };
}

interface Learning {
  readonly name: string;
  readonly loss: Loss;
  readonly apply: (params: readonly Tensor[], x: Tensor) => Tensor;
  readonly params: readonly Input[];
  /** Inputs and targets of a task's support, and of its query. */
  readonly batch: readonly [Input, Input];
  readonly steps: number;
  readonly tasks: number;
  readonly lr: number;
}

const points = normal(SINUSOID.points, 1);
const sinusoid: Learning = {
  name: "sinusoid MAML run",
  loss: regression,
  apply: mlp,
  params: mlpInputs(SINUSOID.sizes),
  batch: [points, points],
  ...{ steps: 1, tasks: SINUSOID.tasks, lr: SINUSOID.lr },
};

const protocol: ConvProtocol = { filters: 32, pool: "stride", by: "jax", steps: 1, tasks: 2 };
const conv: Learning = {
  name: "conv MAML run",
  loss: classification(protocol),
  apply: (params, x) => convNet(params, x, protocol),
  params: convNetInputs(protocol),
  batch: [images(CONV.way, CONV.side, CONV.side, 1), label(CONV.way, CONV.way)],
  ...{ steps: protocol.steps, tasks: protocol.tasks, lr: CONV.lr },
};

/** Pipelines that training, adapting and predicting take, on a device of their own. */
async function pipelinesOf(learning: Learning): Promise<number> {
  const { loss, apply, params, batch, steps, tasks, lr } = learning;
  const device = await webgpu();
  const learner = meta.maml({
    loss: (p: readonly Tensor[], examples: Points) => loss(p, examples),
    inner: meta.inner.sgd({ lr }),
    outer: optim.adam({ lr: 1e-3 }),
    ...{ steps, order: 2 },
  });
  let state = learner.init(tensors(params));
  const train = compile((before: typeof state, list: readonly meta.Task<Points>[]) => {
    const next = learner.step(before, list);
    return { state: next.state, value: next.value };
  });
  const adapt = compile((p: readonly Tensor[], support: Points) =>
    learner.adapt({ params: p, meta: {} }, support, { steps: 1 }),
  );
  const predict = compile((p: readonly Tensor[], x: Tensor) => apply(p, x));
  const side = (): Points => {
    const [x, y] = tensors(batch);
    return { x, y };
  };
  const list = Array.from({ length: tasks }, () => ({ support: side(), query: side() }));
  for (let i = 0; i < 2; i++) {
    const next = train(state, list);
    await next.value.item();
    dispose(state as Tree);
    state = next.state;
  }
  const adapted = adapt(state.params, list[0].support);
  await predict(adapted as readonly Tensor[], list[0].query.x).data();
  const { pipelines } = device.stats();
  device.dispose();
  return pipelines;
}

/** The rows of the host's side, and a line for each count. */
export async function hostSide(quick: boolean): Promise<{ rows: Result[]; lines: string[] }> {
  const { rows, dispatches, submits, groups } = await dispatchRows();
  const lines = [
    `a flush of ${dispatches} dispatches of a compiled step: submits ${submits}, ` +
      `bind groups made ${groups}`,
  ];
  for (const learning of quick ? [sinusoid] : [sinusoid, conv]) {
    const { name } = learning;
    lines.push(`${name} (train, adapt, predict): pipelines ${await pipelinesOf(learning)}`);
  }
  return { rows, lines };
}
