// TensorFlow.js as a side, on one of its backends.

import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-webgpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import binary from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm";
import * as tf from "@tensorflow/tfjs-core";
import type { HostArray } from "../row";
import type { Contest } from "./contest";
import { type Ops, stepOf } from "./generic";
import { atOnce, type Entry, inTime, oneHot, type Side } from "./side";

/** A tensor of TensorFlow.js. */
export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

export const tfOps: Ops<TfTensor> = {
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, b),
  square: (a) => tf.square(a),
  sqrt: (a) => tf.sqrt(a),
  relu: (a) => tf.relu(a),
  tanh: (a) => tf.tanh(a),
  sigmoid: (a) => tf.sigmoid(a),
  matmul: (a, b) => tf.matMul(a, b),
  reshape: (a, shape) => tf.reshape(a, shape),
  mean: (a) => tf.mean(a),
  sum: (a) => tf.sum(a),
  meanOfChannels: (a) => tf.mean(a, [0, 1, 2], true),
  meanOfPlaces: (a) => tf.mean(a, [1, 2]),
  perChannel: (a) => a,
  conv: (x, w, stride, padding) => tf.conv2d(x, w, stride, padding),
  maxPool: (x) => tf.maxPool(x, 2, 2, "valid"),
  flatten: (x) => tf.reshape(x, [x.shape[0], -1]),
  columns: (a, from, count) => tf.slice(a, [0, from], [a.shape[0], count]),
  at: (a, i) =>
    tf.reshape(tf.slice(a, [i, ...a.shape.slice(1).map(() => 0)], [1, ...a.shape.slice(1)]), [
      ...a.shape.slice(1),
    ]),
  stack: (list) => tf.stack(list),
  crossEntropy: (logits, labels) => tf.losses.softmaxCrossEntropy(labels, logits),
  shape: (a) => a.shape,
  valueAndGrad: (f, params) => {
    const { value, grads } = tf.valueAndGrads((...p: TfTensor[]) => f(p))(params);
    return [value, grads];
  },
};

type Call = (xs: TfTensor[]) => TfTensor[];

function callOf({ task }: Contest): Call | null {
  switch (task.kind) {
    case "matmul":
      return ([a, b]) => [tf.matMul(a, b, task.transposeA, task.transposeB)];
    case "conv": {
      const { which, stride, shape } = task;
      if (which === "forward") return ([x, w]) => [tf.conv2d(x, w, stride, 1)];
      if (which === "input") return ([g, w]) => [tf.conv2dTranspose(g, w, shape, stride, 1)];
      const attrs = { strides: [stride, stride], pad: 1, dataFormat: "NHWC", filterShape: shape };
      return ([x, dy]) => [tf.engine().runKernel("Conv2DBackpropFilter", { x, dy }, attrs)];
    }
    case "softmax":
      return ([x]) => [tf.softmax(x)];
    case "layerNorm":
      return ([x, gamma, beta]) => {
        const { mean, variance } = tf.moments(x, -1, true);
        const unit = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
        return [tf.add(tf.mul(unit, gamma), beta)];
      };
    case "embedding":
      return ([g, at]) => [tf.unsortedSegmentSum(g, at, task.n)];
    case "add":
      return ([x, y]) => {
        let at = x;
        for (let i = 0; i < task.count; i++) at = tf.add(at, y);
        return [at];
      };
    default:
      return stepOf(tfOps, task);
  }
}

let ready: Promise<void> | null = null;

/** Gives the WASM backend its binary: the plain SIMD one, without threads, as Node has it. */
function prepareWasm(): Promise<void> {
  ready ??= (async () => {
    const url = URL.createObjectURL(new Blob([binary], { type: "application/wasm" }));
    const kinds = ["", "-simd", "-threaded-simd"];
    const paths = kinds.map((kind) => [`tfjs-backend-wasm${kind}.wasm`, url]);
    setWasmPaths(Object.fromEntries(paths), true);
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  })();
  return ready;
}

/** Makes a backend the one that calls go to. */
export async function useBackend(backend: "cpu" | "wasm" | "webgpu"): Promise<void> {
  if (backend === "wasm") await prepareWasm();
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs: no ${backend} backend here`);
}

export async function tfSide(backend: "cpu" | "wasm" | "webgpu"): Promise<Side> {
  await useBackend(backend);
  return {
    name: `tfjs ${backend}`,
    enter: async (contest, data) => {
      const call = callOf(contest);
      // Its plain loops take seconds for what is more, and are shown to be slow by what is less.
      const long = backend === "cpu" && (contest.work.flops ?? 0) > 5e7;
      if (call === null || long) return [];
      await useBackend(backend);
      const xs = contest.inputs.map((input, i) => make(contest, input.kind, data[i], shape(input)));
      const run = (): TfTensor[] => tf.tidy(() => call(xs));
      const free = () => {
        for (const y of run()) y.dispose();
      };
      const timed =
        backend === "webgpu"
          ? inTime(async () => {
              const ys = run();
              await ys[0].data();
              for (const y of ys) y.dispose();
            })
          : atOnce(free);
      const entry: Entry = {
        label: "",
        sample: async (count) => {
          await useBackend(backend);
          return timed.sample(count);
        },
        result: async () => {
          await useBackend(backend);
          const ys = run();
          const values = await Promise.all(ys.map((y) => y.data()));
          for (const y of ys) y.dispose();
          return values;
        },
        end: () => {
          for (const x of xs) x.dispose();
        },
      };
      return [entry];
    },
  };
}

const shape = (input: Contest["inputs"][number]) => (input.kind === "key" ? [2] : [...input.shape]);

function make(contest: Contest, kind: string, data: HostArray, shape: number[]): TfTensor {
  const { task } = contest;
  if (kind === "label") {
    const classes = task.kind === "net" && task.net === "mlp" ? 10 : 5;
    return tf.tensor(oneHot(data, classes), [...shape, classes]);
  }
  return tf.tensor(data, shape, data instanceof Int32Array ? "int32" : "float32");
}
