// Characters: a start is learned from which a net tells five characters it has seen once apart.
// Test characters are none of the training's.

import {
  compile,
  crossEntropy,
  data,
  dispose,
  key,
  meta,
  nn,
  optim,
  relu,
  reshape,
  scope,
  softmax,
  type Tensor,
  type Tree,
  tensor,
} from "hypergrad";
import { type Learner, type Problem, problem, type State } from "./problem";
import type { Drawings } from "./settings";

const WAY = 5;
const TASKS = 4;
const TESTS = 8;
const QUERY = 2;
const SIDE = 28;
/** Inner steps on the visitor's own characters. */
export const STEPS = 5;

type Images = { readonly x: Tensor; readonly y: Tensor };

const CHANNELS = 24;
const net: nn.Layer = nn.sequential(
  nn.conv(1, CHANNELS, { size: 3, stride: 2, padding: 1, bias: false }),
  nn.norm(CHANNELS, { eps: 1e-3 }),
  relu,
  nn.conv(CHANNELS, CHANNELS, { size: 3, stride: 2, padding: 1, bias: false }),
  nn.norm(CHANNELS, { eps: 1e-3 }),
  relu,
  nn.conv(CHANNELS, CHANNELS, { size: 3, stride: 2, padding: 1, bias: false }),
  nn.norm(CHANNELS, { eps: 1e-3 }),
  relu,
  (x: Tensor) => reshape(x, [x.shape[0], 4 * 4 * CHANNELS]),
  nn.linear(4 * 4 * CHANNELS, WAY),
);

/** Tasks with an axis of tasks in front. */
function batch(draw: data.Episodes, from: number, count: number) {
  const list = Array.from({ length: count }, (_, i) => draw(from + i));
  const side = (name: "support" | "query") => {
    const n = list[0][name].y.length;
    const x = new Float32Array(list.flatMap((task) => Array.from(task[name].x)));
    const y = Int32Array.from(list.flatMap((task) => Array.from(task[name].y)));
    return { x: tensor(x, [count, n, SIDE, SIDE, 1]), y: tensor(y, [count, n], "int32") };
  };
  return { support: side("support"), query: side("query") };
}

/** Share of rows of logits [n, WAY] whose largest is the label. */
function shareRight(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    let best = 0;
    for (let c = 1; c < WAY; c++) if (logits[i * WAY + c] > logits[i * WAY + best]) best = c;
    if (best === labels[i]) right++;
  }
  return right / labels.length;
}

const predict = compile((params: Tree, x: Tensor) => net.apply(params, x));

export function characters(): Problem {
  const [train, test] = data.splitClasses(data.characters({ seed: 0, classes: 160 }), {
    first: 130,
    seed: 0,
  });
  const options = { way: WAY, shot: 1, query: QUERY };
  const turned = data.rotations(train);
  const draw = (seed: number) => data.episodes({ ...options, classes: turned, key: seed });
  const tests = data.episodes({ ...options, query: 5, classes: test, key: 2 ** 40 });
  const loss = (params: Tree, { x, y }: Images) => crossEntropy(net.apply(params, x), y);

  return problem({
    about:
      "Each task is five characters, drawn once each: which of the five is a new drawing? Draw " +
      "five of your own below; the net learns them in five steps.",
    steps: 1,
    inner: meta.inner.sgd({ lr: 0.4 }),
    loss: loss as Problem["loss"],
    outer: optim.adam({ lr: 2e-3 }),
    learns: "start",
    start: (seed) => net.init(key(seed)),
    tasks: (seed, index) => scope(() => batch(draw(seed), index * TASKS, TASKS)),
    picture: async () => null,
    async accuracy(learner, { params, meta }) {
      const right = [0, 0];
      for (let i = 0; i < TESTS; i++) {
        const task = data.taskTensors(tests(i));
        const adapted = learner.adapt({ params, meta }, task.support, { steps: STEPS });
        const labels = await task.query.y.data();
        for (const [k, own] of [params, adapted].entries()) {
          const logits = predict(own, task.query.x);
          right[k] += shareRight(await logits.data(), labels) / TESTS;
          logits.dispose();
        }
        dispose({ task, adapted });
      }
      return [right[0], right[1]];
    },
  });
}

/** Probabilities of the five for the visitor's new drawing, after 0 to STEPS inner steps. The norm
 * layers see the batch: the new drawing is told beside the five, as in training. */
export async function tell(learner: Learner, { params, meta }: State, drawings: Drawings) {
  const support = {
    x: tensor(drawings.support, [WAY, SIDE, SIDE, 1]),
    y: tensor([0, 1, 2, 3, 4], [WAY], "int32"),
  };
  const all = new Float32Array([...drawings.query, ...drawings.support]);
  const x = tensor(all, [WAY + 1, SIDE, SIDE, 1]);
  const told: number[][] = [];
  for (let steps = 0; steps <= STEPS; steps++) {
    const adapted = learner.adapt({ params, meta }, support, { steps });
    const shares = scope(() => softmax(net.apply(adapted, x)));
    told.push(Array.from(await shares.data()).slice(0, WAY));
    dispose({ adapted, shares });
  }
  dispose({ support, x });
  return told;
}
