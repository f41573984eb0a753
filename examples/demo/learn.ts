// The learner: MAML on a small net, as the library gives it. All that the demo asks of the engine
// is in this file.

import {
  compile,
  crossEntropy,
  data,
  dispose,
  div,
  type GraphView,
  key,
  mean,
  meta,
  minimum,
  mse,
  mul,
  nn,
  optim,
  relu,
  scope,
  sub,
  type Tensor,
  type Tree,
} from "hypergrad";
import type { Order, Settings } from "./options";
import type { HostTask } from "./tasks";

/** What a learner makes of one task after each asked number of inner steps. */
export interface Outcome {
  /** Accuracy or mean squared error on the query side; NaN when an output is no finite number. */
  scores: number[];
  /** Labels, or values, of the query side: [column][example]. */
  predictions: number[][];
}

export interface Learner {
  /** One meta-step; the meta-loss before it. */
  step(tasks: readonly HostTask[]): Promise<number>;
  /** Adapts a copy and judges it; the learner does not change. `columns` rise. */
  test(task: HostTask, columns: readonly number[]): Promise<Outcome>;
  /** The program of a meta-step on these tasks, each kernel timed; the learner does not change. */
  graph(tasks: readonly HostTask[]): GraphView;
  /** All that the next step depends on, by path. */
  arrays(): Promise<Record<string, data.HostArray>>;
  dispose(): void;
}

/** One input, two hidden layers. He et al. 2015: weights have variance 2 / fan-in behind a relu,
 * and 1 / fan-in at the input, which no relu has halved. */
function pointNet(hidden: number): nn.Layer {
  return nn.sequential(
    nn.linear(1, hidden, { gain: 1 }),
    relu,
    nn.linear(hidden, hidden),
    relu,
    nn.linear(hidden, 1),
  );
}

/** Conv-4 as in meta-learning papers but with strides for pooling; its norm uses the statistics of
 * the very batch, so query predictions are transductive. */
function convNet(way: number, filters: number): nn.Layer {
  const block = (inputs: number) => [
    nn.conv(inputs, filters, { size: 3, stride: 2, padding: 1, bias: false }),
    nn.norm(filters, { eps: 1e-3 }),
    relu,
  ];
  return nn.sequential(
    ...block(1),
    ...block(filters),
    ...block(filters),
    ...block(filters),
    (x: Tensor) => mean(x, { axis: [1, 2] }),
    nn.linear(filters, way),
  );
}

/** Constant, then straight down to a hundredth over the last share `outerDecay` of the training. */
function outerRate({ outerLr, outerDecay, iterations }: Settings): optim.Rate {
  if (outerDecay === 0) return outerLr;
  return (step) => {
    const left = sub(1.01, div(step, iterations)); // share of the training, and 1 % more
    return mul(minimum(div(left, outerDecay), 1), outerLr);
  };
}

/** A learner with fresh weights by seed, or, with `arrays`, the one that they were taken from. */
export function createLearner(
  settings: Settings,
  order: Order,
  seed: number,
  arrays: Record<string, data.HostArray> | null,
): Learner {
  const { task, way, filters, steps, innerLr } = settings;
  const points = task === "sinusoid";
  const net = points ? pointNet(filters) : convNet(way, filters);
  const learner = meta.maml({
    loss: (params: Tree, { x, y }: data.Examples) => {
      const out = net.apply(params, x);
      return points ? mse(out, y) : crossEntropy(out, y);
    },
    inner: meta.inner.sgd({ lr: innerLr }),
    steps,
    order,
    outer: optim.adam({ lr: outerRate(settings) }),
  });
  const fresh = scope(() => learner.init(net.init(key(seed))));
  let state = fresh;
  if (arrays) {
    state = data.refillTree(fresh, arrays);
    dispose(fresh);
  }

  // Each is captured at its first call and one program from then on.
  const stepOnce = (before: typeof state, tasks: data.TaskTensors[]) => {
    const { state, value } = learner.step(before, tasks);
    return { state, value };
  };
  const metaStep = compile(stepOnce);
  const oneStep = compile((params: Tree, support: data.Examples) =>
    learner.adapt({ params, meta: {} }, support, { steps: 1 }),
  );
  const predict = compile((params: Tree, x: Tensor) => net.apply(params, x));

  return {
    async step(hostTasks) {
      const tasks = hostTasks.map(data.taskTensors);
      const next = metaStep(state, tasks);
      dispose(state);
      state = next.state;
      const loss = await next.value.item();
      dispose({ tasks, value: next.value });
      return loss;
    },

    async test(hostTask, columns) {
      const { support, query } = data.taskTensors(hostTask);
      const outcome: Outcome = { scores: [], predictions: [] };
      let params: Tree = state.params;
      let done = 0;
      for (const k of columns) {
        for (; done < k; done++) {
          const next = oneStep(params, support);
          if (done > 0) dispose(params);
          params = next;
        }
        const out = predict(params, query.x);
        const values = await out.data();
        out.dispose();
        const predictions = points ? Array.from(values) : labels(values, way);
        outcome.predictions.push(predictions);
        outcome.scores.push(score(values, predictions, hostTask.query.y, points));
      }
      if (done > 0) dispose(params);
      dispose({ support, query });
      return outcome;
    },

    graph(hostTasks) {
      const tasks = hostTasks.map(data.taskTensors);
      const timed = compile(stepOnce, { profile: true });
      for (let run = 0; run < 20; run++) dispose(timed(state, tasks));
      const view = timed.graph();
      timed.dispose();
      dispose(tasks);
      return view;
    },

    arrays: () => data.treeArrays(state),
    dispose: () => {
      dispose(state);
      for (const program of [metaStep, oneStep, predict]) program.dispose();
    },
  };
}

/** The class of the largest logit in each row. */
function labels(logits: ArrayLike<number>, way: number): number[] {
  return Array.from({ length: logits.length / way }, (_, i) => {
    let best = 0;
    for (let c = 1; c < way; c++) if (logits[i * way + c] > logits[i * way + best]) best = c;
    return best;
  });
}

function score(
  values: ArrayLike<number>,
  predictions: readonly number[],
  truth: ArrayLike<number>,
  points: boolean,
): number {
  if (!Array.from(values).every(Number.isFinite)) return Number.NaN;
  const each = predictions.map((p, i) => (points ? (p - truth[i]) ** 2 : Number(p === truth[i])));
  return each.reduce((sum, v) => sum + v, 0) / each.length;
}
