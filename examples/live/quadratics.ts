// Two learned ways down the same hills, |W p - t|² in ten dimensions: a net that sets the learning
// rate of each step, and an LSTM that writes the steps themselves.

import {
  compile,
  data,
  dispose,
  exp,
  matmul,
  mean,
  meta,
  mul,
  optim,
  reshape,
  square,
  stack,
  sub,
  type Tensor,
  type Tree,
  tensor,
  valueAndGrad,
  vmap,
} from "hypergrad";
import { type Problem, problem, type State } from "./problem";
import type { Line, Picture } from "./settings";

const TASKS = 16;
const SIZE = 10;
const STEPS = 20;
const TESTS = { seed: 2 ** 40, count: 16 };
/** Of baselines: the best of these on the test hills is shown. */
const RATES = [0.03, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2, 2.5, 3, 4];

type Hill = { readonly w: Tensor; readonly t: Tensor };
type Point = { readonly p: Tensor };
type Inner = meta.InnerOptimizer<Tree, Tree>;

const loss = ({ p }: Point, { w, t }: Hill) =>
  mean(square(sub(reshape(matmul(w, reshape(p, [SIZE, 1])), [SIZE]), t)));

const normals = (stream: data.Stream, n: number, std: number) =>
  Float32Array.from({ length: n }, () => std * stream.normal());

/** Hills with an axis of tasks in front: a pure function of seed and index. */
function hills(seed: number, index: number, count: number): Hill {
  const stream = data.stream(seed, index);
  return {
    w: tensor(normals(stream, count * SIZE * SIZE, 1 / Math.sqrt(SIZE)), [count, SIZE, SIZE]),
    t: tensor(normals(stream, count * SIZE, 1), [count, SIZE]),
  };
}

const startOf = (seed: number, index: number): Point => ({
  p: tensor(normals(data.stream(seed + 1, index), SIZE, 1), [SIZE]),
});

/** Gradient steps whose rate falls along half a cosine. */
const cosine = (peak: number): Inner => ({
  ...meta.inner.sgd({ lr: peak }),
  initMeta: () => ({}),
  update: (grads, state, params, { step, steps }) => {
    const rate = (peak / 2) * (1 + Math.cos((Math.PI * step) / steps));
    const [p, g] = [(params as Point).p, (grads as unknown as Point).p];
    return [{ p: sub(p, mul(g, rate)) } as unknown as typeof params, state];
  },
});

/** The loss before each step and at the end, and the rates of a net that sets them: means over the
 * test hills. */
function descent(inner: Inner) {
  const one = (meta: Tree, start: Point, hill: Hill) => {
    let at: Point = start;
    let state = inner.init(at);
    const losses: Tensor[] = [];
    const rates: Tensor[] = [];
    for (let step = 0; step < STEPS; step++) {
      const [value, grads] = valueAndGrad(loss)(at, hill);
      losses.push(value);
      [at, state] = inner.update(grads, state, at, { meta, loss: value, step, steps: STEPS });
      const { logLr } = state as { logLr?: Tensor };
      if (logLr !== undefined) rates.push(exp(reshape(logLr, [])));
    }
    losses.push(loss(at, hill));
    return { losses: stack(losses), rates: rates.length > 0 ? [stack(rates)] : [] };
  };
  const all = vmap(one, { inAxes: [null, null, 0] });
  const run = compile((meta: Tree, start: Tree, tests: Tree) => {
    const { losses, rates } = all(meta, start as Point, tests as Hill);
    return {
      losses: mean(losses, { axis: 0 }),
      rates: rates.map((r) => mean(r, { axis: 0 })),
    };
  });
  return async (meta: Tree) => {
    const start = startOf(TESTS.seed, 0);
    const tests = hills(TESTS.seed, 0, TESTS.count);
    const result = run(meta, start, tests);
    const losses = Array.from(await result.losses.data());
    const rates = result.rates.length > 0 ? Array.from(await result.rates[0].data()) : [];
    dispose({ start, tests, result });
    return { losses, rates };
  };
}

interface Baseline {
  readonly rate: number;
  readonly losses: readonly number[];
}

/** The rate of RATES, times `unit`, that ends lowest. */
async function best(make: (rate: number) => Inner, unit = 1): Promise<Baseline> {
  let found: Baseline = { rate: 0, losses: [Number.POSITIVE_INFINITY] };
  for (const each of RATES) {
    const rate = each * unit;
    const { losses } = await descent(make(rate))({});
    if (losses[losses.length - 1] < found.losses[found.losses.length - 1]) found = { rate, losses };
  }
  return found;
}

const TIMES = Array.from({ length: STEPS + 1 }, (_, k) => k);

/** Meta-gradients through twenty steps are now and then huge: none counts more than 1. */
const clipped = (outer: Problem["outer"]): Problem["outer"] => ({
  ...outer,
  update: (grads, state, params) => outer.update(optim.clipByNorm(grads, 1), state, params),
});

function hillProblem(
  about: string,
  inner: Inner,
  outer: Problem["outer"],
  picture: (state: State) => Promise<Picture>,
): Problem {
  return problem({
    ...{ about, inner, steps: STEPS, learns: "optimizer", outer },
    loss: loss as unknown as Problem["loss"],
    weights: Array.from({ length: STEPS }, () => 1 / STEPS),
    start: startOf,
    tasks(seed, index) {
      const { w, t } = hills(seed, index, TASKS);
      return { support: { w, t }, query: { w, t } };
    },
    picture: (_, state) => picture(state),
  });
}

/** A net that sets the rate of each step, beside half a cosine of the best height. */
export function rates(): Problem {
  const inner = meta.inner.lrNet({ lr: 0.1, low: 1e-3, high: 4 }) as unknown as Inner;
  const run = descent(inner);
  let rival: Baseline | null = null;
  return hillProblem(
    "A small net looks at the loss, the gradient and the time left, and sets the learning rate " +
      "of each of twenty steps. Beside it, half a cosine of the height that does best.",
    inner,
    clipped(optim.adam({ lr: 3e-3 })),
    async ({ meta }) => {
      rival ??= await best(cosine);
      const { rate, losses } = rival;
      const own = await run(meta);
      const half = TIMES.slice(0, STEPS).map(
        (k) => (rate / 2) * (1 + Math.cos((Math.PI * k) / STEPS)),
      );
      const end = (list: readonly number[]) => list[list.length - 1].toPrecision(3);
      return {
        title: `Learning rates. Loss at the end: net ${end(own.losses)}, cosine ${end(losses)}`,
        ...{ xLabel: "inner step", yLabel: "learning rate", x: TIMES.slice(0, STEPS) },
        lines: [
          { label: "cosine", y: half, dashed: true },
          { label: "net", y: own.rates },
        ],
      };
    },
  );
}

/** An LSTM that writes the steps, beside gradient descent and Adam at their best rates. */
export function optimizer(): Problem {
  const inner = meta.inner.lstm({ hidden: [16], scale: 0.1 }) as unknown as Inner;
  const run = descent(inner);
  let rivals: Line[] | null = null;
  return hillProblem(
    "A tiny LSTM sees each parameter's gradient and writes its next step. Beside it, gradient " +
      "descent and Adam, each at the learning rate that does best.",
    inner,
    clipped(optim.adam({ lr: 3e-3 })),
    async ({ meta: learned }) => {
      if (rivals === null) {
        const sgd = await best((lr) => meta.inner.sgd({ lr }) as unknown as Inner);
        const adam = await best((lr) => meta.inner.adam({ lr }) as unknown as Inner);
        rivals = [
          { label: "gradient descent", y: sgd.losses, dashed: true },
          { label: "Adam", y: adam.losses, dashed: true },
        ];
      }
      const { losses } = await run(learned);
      return {
        ...{ title: "Loss on sixteen new hills", xLabel: "inner step", yLabel: "loss", x: TIMES },
        lines: [...rivals, { label: "LSTM", y: losses }],
        logarithmic: true,
      };
    },
  );
}
