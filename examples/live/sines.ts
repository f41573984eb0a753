// Sine curves: a start is learned from which a few steps on ten points find the curve.

import {
  compile,
  data,
  dispose,
  key,
  meta,
  mse,
  nn,
  optim,
  relu,
  scope,
  stack,
  type Tensor,
  type Tree,
  tensor,
} from "hypergrad";
import { type Problem, problem } from "./problem";
import type { Picture } from "./settings";

const TASKS = 10;
const SHOWN = [0, 1, 5];
/** Where a test task's curve is drawn. */
const GRID = Float32Array.from({ length: 101 }, (_, i) => -5 + i / 10);
/** The test task: far from any seed. */
const TEST = { key: 2 ** 40, index: 4 };

type Points = { readonly x: Tensor; readonly y: Tensor };

export function sines(): Problem {
  const net: nn.Layer = nn.sequential(
    nn.linear(1, 40, { gain: 1 }),
    relu,
    nn.linear(40, 40),
    relu,
    nn.linear(40, 1),
  );
  const loss = (params: Tree, { x, y }: Points) => mse(net.apply(params, x), y);
  const test = data.sinusoids({ key: TEST.key })(TEST.index);
  const predict = compile((params: Tree, x: Tensor) => net.apply(params, x));
  const outer = optim.adam({ lr: 2e-3 });

  return problem({
    about:
      "Each task is one sine curve, of which ten points are shown. Training looks for a start " +
      "from which one gradient step on those points is enough.",
    ...{ steps: 1, inner: meta.inner.sgd({ lr: 0.01 }), loss: loss as Problem["loss"], outer },
    learns: "start",
    start: (seed) => net.init(key(seed)),
    tasks(seed, index) {
      const draw = data.sinusoids({ key: seed });
      return scope(() => {
        const list = Array.from({ length: TASKS }, (_, i) => draw(index * TASKS + i));
        const side = (name: "support" | "query") => ({
          x: stack(list.map((task) => tensor(task[name].x, [10, 1]))),
          y: stack(list.map((task) => tensor(task[name].y, [10, 1]))),
        });
        return { support: side("support"), query: side("query") };
      });
    },
    async picture(learner, { params, meta }): Promise<Picture> {
      const support = { x: tensor(test.support.x, [10, 1]), y: tensor(test.support.y, [10, 1]) };
      const x = tensor(GRID, [GRID.length, 1]);
      const lines = [];
      for (const steps of SHOWN) {
        const adapted = steps === 0 ? params : learner.adapt({ params, meta }, support, { steps });
        const y = predict(adapted, x);
        const label = steps === 1 ? "after 1 step" : `after ${steps} steps`;
        lines.push({ label: steps === 0 ? "before" : label, y: Array.from(await y.data()) });
        y.dispose();
        if (steps > 0) dispose(adapted);
      }
      dispose({ support, x });
      const { amplitude, phase } = test;
      const truth = Array.from(GRID, (at) => amplitude * Math.sin(at - phase));
      return {
        ...{ title: "One new curve", xLabel: "x", yLabel: "y", x: Array.from(GRID) },
        lines: [{ label: "the curve", y: truth, dashed: true }, ...lines],
      };
    },
  });
}
