// jax-js as a side: every contest as one `jit`, which is its best mode, but calls one by one where
// those are what is timed.

import * as jax from "@jax-js/jax";
import type { HostArray } from "../row";
import type { Contest } from "./contest";
import { type Ops, stepOf, taskLossOf } from "./generic";
import { channelsFirst, channelsLast, type Entry, inTime, oneHot, type Side } from "./side";

const np = jax.numpy;

/** An array of jax-js. An op consumes what it is given; `.ref` is one more use. */
export interface JaxArray {
  readonly shape: number[];
  readonly ref: JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
}

type Value = JaxArray | number;

/** Another use of a value, so that no op here ever consumes what the caller holds. */
const use = (a: Value) => (typeof a === "number" ? a : a.ref);

export const jaxOps: Ops<JaxArray> = {
  add: (a, b) => np.add(use(a), use(b)),
  sub: (a, b) => np.subtract(use(a), use(b)),
  mul: (a, b) => np.multiply(use(a), use(b)),
  div: (a, b) => np.divide(use(a), use(b)),
  square: (a) => np.square(a.ref),
  sqrt: (a) => np.sqrt(a.ref),
  relu: (a) => jax.nn.relu(a.ref),
  tanh: (a) => np.tanh(a.ref),
  sigmoid: (a) => jax.nn.sigmoid(a.ref),
  matmul: (a, b) => np.matmul(a.ref, b.ref),
  reshape: (a, shape) => np.reshape(a.ref, shape),
  mean: (a) => np.mean(a.ref),
  sum: (a) => np.sum(a.ref),
  meanOfChannels: (a) => np.mean(a.ref, [0, 2, 3], { keepdims: true }),
  meanOfPlaces: (a) => np.mean(a.ref, [2, 3]),
  perChannel: (a) => np.reshape(a.ref, [a.shape[0], 1, 1]),
  conv: (x, w, stride, padding) => jax.lax.conv(x.ref, w.ref, [stride, stride], pads(padding)),
  maxPool: (x) => {
    const [n, c, h, w] = x.shape;
    const even = x.ref.shape[2] % 2 === 0 ? x.ref : crop(x, h - 1, w - 1);
    const split = np.reshape(even, [n, c, h >> 1, 2, w >> 1, 2]);
    return np.max(split, [3, 5]);
  },
  flatten: (x) => np.reshape(np.transpose(x.ref, [0, 2, 3, 1]), [x.shape[0], -1]),
  columns: (a, from, count) => sliced(a, [], [from, from + count]),
  at: (a, i) => sliced(a, i),
  stack: (list) => np.stack(list.map((x) => x.ref)),
  crossEntropy: (logits, labels) => {
    const each = np.sum(np.multiply(jax.nn.logSoftmax(logits.ref), labels.ref), -1);
    return np.multiply(np.mean(each), -1);
  },
  shape: (a) => a.shape,
  valueAndGrad: (f, params) => jax.valueAndGrad(f)(params.map((p) => p.ref)),
};

const pads = (padding: "same" | 1) =>
  padding === "same"
    ? "SAME"
    : [
        [1, 1],
        [1, 1],
      ];

type Sliceable = { slice(...at: unknown[]): JaxArray };

const sliced = (a: JaxArray, ...at: unknown[]) => (a.ref as unknown as Sliceable).slice(...at);
const crop = (x: JaxArray, h: number, w: number) => sliced(x, [], [], [0, h], [0, w]);

type Call = (xs: JaxArray[]) => JaxArray[];

function callOf({ task }: Contest): Call | null {
  const gradient = (f: (x: JaxArray) => JaxArray, at: JaxArray, g: JaxArray): JaxArray[] => [
    jax.grad((x: JaxArray) => np.sum(np.multiply(f(x), g.ref)))(at),
  ];
  switch (task.kind) {
    case "matmul": {
      const turned = (a: JaxArray, turn: boolean) => (turn ? np.matrixTranspose(a.ref) : a.ref);
      const { transposeA, transposeB } = task;
      return ([a, b]) => [np.matmul(turned(a, transposeA), turned(b, transposeB))];
    }
    case "conv": {
      const { which, stride, shape } = task;
      const conv = (x: JaxArray, w: JaxArray) => jaxOps.conv(x, w, stride, 1);
      if (which === "forward") return ([x, w]) => [conv(x, w)];
      const [n, h, w, c] = shape;
      if (which === "input") {
        return ([g, k]) => gradient((x) => conv(x, k), np.zeros([n, c, h, w]), g);
      }
      return ([x, g]) => gradient((k) => conv(x, k), np.zeros([shape[3], shape[2], 3, 3]), g);
    }
    case "softmax":
      return ([x]) => [jax.nn.softmax(x.ref)];
    case "layerNorm":
      return ([x, gamma, beta]) => {
        const unit = jax.nn.standardize(x.ref, -1, { epsilon: 1e-5 });
        return [np.add(np.multiply(unit, gamma.ref), beta.ref)];
      };
    case "embedding":
      return ([g, at]) => {
        const zero = np.zeros([task.n, g.shape[1]]);
        return gradient((table) => np.take(table.ref, at.ref, 0), zero, g);
      };
    case "add":
      return ([x, y]) => {
        let at = x.ref;
        for (let i = 0; i < task.count; i++) at = np.add(at, y.ref);
        return [at];
      };
    default:
      return stepOf(jaxOps, task);
  }
}

/** The meta-step with its tasks by `vmap`. */
function batchedOf({ task }: Contest): Call | null {
  if (task.kind !== "maml" || task.protocol.pool === "max") return null;
  const one = taskLossOf(jaxOps, task);
  return (xs) => {
    const batch = xs.slice(-4);
    const loss = (params: JaxArray[]) =>
      np.mean(
        jax.vmap(
          (p: JaxArray[], ...own: JaxArray[]) => one(p, own),
          [params.map(() => null), 0, 0, 0, 0],
        )(params, ...batch.map((x) => x.ref)),
      );
    const [value, grads] = jax.valueAndGrad(loss)(xs.slice(0, -4).map((p) => p.ref));
    return [value, ...grads];
  };
}

function entry(contest: Contest, label: string, call: Call, data: readonly HostArray[]): Entry {
  const { task, inputs, results } = contest;
  const xs: JaxArray[] = inputs.map((input, i) => {
    const { data: numbers, shape } = channelsFirst(input, data[i]);
    if (input.kind !== "label") return np.reshape(np.array(numbers), shape);
    const classes = task.kind === "net" && task.net === "mlp" ? 10 : 5;
    return np.reshape(np.array(oneHot(numbers, classes)), [...shape, classes]);
  });
  const eager = label === "";
  const jitted = eager ? null : jax.jit((list: JaxArray[]) => call(list));
  const run = async (): Promise<JaxArray[]> => {
    const ys = jitted === null ? call(xs) : (jitted(xs.map((x) => x.ref)) as JaxArray[]);
    await jax.blockUntilReady(ys);
    return ys;
  };
  return {
    label,
    ...inTime(async () => {
      for (const y of await run()) y.dispose();
    }),
    result: async () => {
      const ys = await run();
      const shapes = ys.map((y) => y.shape);
      const values = await Promise.all(ys.map((y) => y.data()));
      return values.map((v, k) => channelsLast(v, shapes[k], results?.[k]));
    },
    end: () => {
      jitted?.dispose();
      for (const x of xs) x.dispose();
    },
  };
}

export async function jaxSide(backend: "wasm" | "webgpu"): Promise<Side> {
  const there: string[] = await jax.init(backend);
  if (!there.includes(backend)) throw new Error(`jax-js: no ${backend} backend here`);
  return {
    name: `jax-js ${backend}`,
    enter: async (contest, data) => {
      jax.defaultDevice(backend);
      // The nets with 15 queries and conv bias take minutes a step in it; its own protocol is run.
      if (contest.task.kind === "maml" && contest.task.net === "conv" && !contest.slow) return [];
      const made: Entry[] = [];
      const call = callOf(contest);
      // `jit` makes one kernel of a chain of sums.
      const label = contest.task.kind === "add" ? "" : "jit";
      if (call !== null) made.push(entry(contest, label, call, data));
      const batched = batchedOf(contest);
      if (batched !== null) made.push(entry(contest, "jit(vmap)", batched, data));
      return made;
    },
  };
}
