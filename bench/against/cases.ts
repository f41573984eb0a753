// The ops of the correctness table: how each library writes them. An input is a shape of numbers
// that stay clear of kinks and poles while the truth is sampled.

import * as jax from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs-core";
import * as hg from "hypergrad";
import { type Tensor, tensor } from "hypergrad";
import { lstm } from "../rows/lstm";
import type { JaxArray } from "./jax";
import { jaxOps } from "./jax";
import type { TfTensor } from "./tfjs";

const np = jax.numpy;

/** "any": of both signs, none near 0. "apart": no two near each other. */
export type Kind = "any" | "positive" | "apart" | "unit";

export interface Operand {
  readonly kind: Kind;
  readonly shape: readonly number[];
}

export interface Case {
  readonly name: string;
  readonly inputs: readonly Operand[];
  readonly own: (xs: Tensor[]) => Tensor;
  /** Null where the library has no such op. */
  readonly tf: ((xs: TfTensor[]) => TfTensor) | null;
  readonly jax: ((xs: JaxArray[]) => JaxArray) | null;
}

const any = (...shape: number[]): Operand => ({ kind: "any", shape });
const positive = (...shape: number[]): Operand => ({ kind: "positive", shape });
const apart = (...shape: number[]): Operand => ({ kind: "apart", shape });
const unit = (...shape: number[]): Operand => ({ kind: "unit", shape });

type One<T> = (x: T) => T;

const one = (
  name: string,
  input: Operand,
  own: One<Tensor>,
  theirs: One<TfTensor> | null,
  jaxs: One<JaxArray> | null,
): Case => ({
  name,
  inputs: [input],
  own: ([x]) => own(x),
  tf: theirs === null ? null : ([x]) => theirs(x),
  jax: jaxs === null ? null : ([x]) => jaxs(x.ref),
});

const two = (
  name: string,
  inputs: readonly [Operand, Operand],
  own: (x: Tensor, y: Tensor) => Tensor,
  theirs: ((x: TfTensor, y: TfTensor) => TfTensor) | null,
  jaxs: ((x: JaxArray, y: JaxArray) => JaxArray) | null,
): Case => ({
  name,
  inputs,
  own: ([x, y]) => own(x, y),
  tf: theirs === null ? null : ([x, y]) => theirs(x, y),
  jax: jaxs === null ? null : ([x, y]) => jaxs(x.ref, y.ref),
});

const elementwise: readonly Case[] = [
  two("add", [any(2, 3), any(3)], hg.add, tf.add, np.add),
  two("mul", [any(2, 3), any(2, 1)], hg.mul, tf.mul, np.multiply),
  two("div", [any(2, 3), positive(2, 3)], hg.div, tf.div, np.divide),
  two("pow", [positive(2, 3), any(2, 3)], hg.pow, tf.pow, np.power),
  two("maximum", [apart(2, 3), unit(2, 3)], hg.maximum, tf.maximum, np.maximum),
  two("minimum", [apart(2, 3), unit(2, 3)], hg.minimum, tf.minimum, np.minimum),
  one("neg", any(2, 3), hg.neg, tf.neg, np.negative),
  one("abs", any(2, 3), hg.abs, tf.abs, np.abs),
  one("square", any(2, 3), hg.square, tf.square, np.square),
  one("sqrt", positive(2, 3), hg.sqrt, tf.sqrt, np.sqrt),
  one("rsqrt", positive(2, 3), hg.rsqrt, tf.rsqrt, (x) => np.reciprocal(np.sqrt(x))),
  one("exp", any(2, 3), hg.exp, tf.exp, np.exp),
  one("expm1", any(2, 3), hg.expm1, tf.expm1, np.expm1),
  one("log", positive(2, 3), hg.log, tf.log, np.log),
  one("log1p", positive(2, 3), hg.log1p, tf.log1p, np.log1p),
  one("sin", any(2, 3), hg.sin, tf.sin, np.sin),
  one("cos", any(2, 3), hg.cos, tf.cos, np.cos),
  one("tanh", any(2, 3), hg.tanh, tf.tanh, np.tanh),
  one("erf", any(2, 3), hg.erf, tf.erf, jax.lax.erf),
  one("reciprocal", positive(2, 3), hg.reciprocal, tf.reciprocal, np.reciprocal),
  one("floor", unit(2, 3), hg.floor, tf.floor, np.floor),
  one(
    "clip",
    any(2, 3),
    (x) => hg.clip(x, -0.1, 0.1),
    (x) => tf.clipByValue(x, -0.1, 0.1),
    (x) => np.clip(x, -0.1, 0.1),
  ),
  one("relu", any(2, 3), hg.relu, tf.relu, jax.nn.relu),
  one(
    "leakyRelu",
    any(2, 3),
    (x) => hg.leakyRelu(x, 0.2),
    (x) => tf.leakyRelu(x, 0.2),
    (x) => jax.nn.leakyRelu(x, 0.2),
  ),
  one("elu", any(2, 3), (x) => hg.elu(x), tf.elu, jax.nn.elu),
  one("gelu", any(2, 3), hg.gelu, null, (x) => jax.nn.gelu(x, { approximate: false })),
  one("silu", any(2, 3), hg.silu, (x) => tf.mul(x, tf.sigmoid(x)), jax.nn.silu),
  one("sigmoid", any(2, 3), hg.sigmoid, tf.sigmoid, jax.nn.sigmoid),
  one("softplus", any(2, 3), hg.softplus, tf.softplus, jax.nn.softplus),
  one(
    "where (x > 0)",
    any(2, 3),
    (x) => hg.where(hg.greater(x, 0), x, hg.mul(x, 0.5)),
    (x) => tf.where(tf.greater(x, 0), x, tf.mul(x, 0.5)),
    (x) => np.where(x.ref.greater(0), x.ref, x.mul(0.5)),
  ),
  one(
    "x exp(x)",
    any(2, 3),
    (x) => hg.mul(x, hg.exp(x)),
    (x) => tf.mul(x, tf.exp(x)),
    (x) => np.multiply(x.ref, np.exp(x)),
  ),
];

const reductions: readonly Case[] = [
  one(
    "sum",
    any(2, 3),
    (x) => hg.sum(x, { axis: 1 }),
    (x) => tf.sum(x, 1),
    (x) => np.sum(x, 1),
  ),
  one(
    "mean",
    any(2, 3),
    (x) => hg.mean(x, { axis: 0 }),
    (x) => tf.mean(x, 0),
    (x) => np.mean(x, 0),
  ),
  one(
    "max",
    apart(2, 3),
    (x) => hg.max(x, { axis: 1 }),
    (x) => tf.max(x, 1),
    (x) => np.max(x, 1),
  ),
  one(
    "min",
    apart(2, 3),
    (x) => hg.min(x, { axis: 1 }),
    (x) => tf.min(x, 1),
    (x) => np.min(x, 1),
  ),
  one(
    "prod",
    any(2, 3),
    (x) => hg.prod(x, { axis: 1 }),
    (x) => tf.prod(x, 1),
    (x) => np.prod(x, 1),
  ),
  one(
    "logSumExp",
    any(2, 3),
    (x) => hg.logSumExp(x, { axis: 1 }),
    (x) => tf.logSumExp(x, 1),
    (x) => jax.nn.logsumexp(x, 1),
  ),
  one(
    "cumsum",
    any(2, 3),
    (x) => hg.cumsum(x, { axis: 1 }),
    (x) => tf.cumsum(x, 1),
    (x) => np.cumsum(x, 1),
  ),
  one(
    "variance",
    any(2, 3),
    (x) => hg.variance(x, { axis: 1 }),
    (x) => tf.moments(x, 1).variance,
    (x) => np.var_(x, 1),
  ),
  one(
    "norm",
    any(2, 3),
    (x) => hg.norm(x, { axis: 1 }),
    (x) => tf.norm(x, 2, 1),
    (x) => np.linalg.vectorNorm(x, { axis: 1 }),
  ),
];

const moved = (list: readonly number[]) => tensor(Int32Array.from(list), [list.length]);
const at = [2, 0, 2];
const jaxAt = () => np.array(Int32Array.from(at), { dtype: np.int32 });

const movement: readonly Case[] = [
  one(
    "transpose",
    any(2, 3),
    (x) => hg.transpose(x),
    (x) => tf.transpose(x),
    (x) => np.transpose(x),
  ),
  one(
    "slice",
    any(3, 4),
    (x) => hg.slice(x, [1, 0], [2, 3]),
    (x) => tf.slice(x, [1, 0], [2, 3]),
    (x) => (x as unknown as { slice(...a: unknown[]): JaxArray }).slice([1, 3], [0, 3]),
  ),
  one(
    "strided slice",
    any(5, 2),
    (x) => hg.slice(x, [0, 0], [3, 2], [2, 1]),
    (x) => tf.stridedSlice(x, [0, 0], [5, 2], [2, 1]),
    null,
  ),
  one(
    "pad",
    any(2, 3),
    (x) =>
      hg.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    (x) =>
      tf.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    (x) =>
      np.pad(x, [
        [1, 0],
        [0, 2],
      ]),
  ),
  one(
    "flip",
    any(2, 3),
    (x) => hg.flip(x, 1),
    (x) => tf.reverse(x, 1),
    (x) => np.flip(x, 1),
  ),
  one(
    "tile",
    any(2, 3),
    (x) => hg.tile(x, [2, 1]),
    (x) => tf.tile(x, [2, 1]),
    (x) => np.tile(x, [2, 1]),
  ),
  two(
    "concat",
    [any(2, 3), any(1, 3)],
    (x, y) => hg.concat([x, y], 0),
    (x, y) => tf.concat([x, y], 0),
    (x, y) => np.concatenate([x, y], 0),
  ),
  one(
    "gather (embedding)",
    any(4, 2),
    (x) => hg.gather(x, moved(at)),
    (x) => tf.gather(x, tf.tensor1d(at, "int32")),
    (x) => np.take(x, jaxAt(), 0),
  ),
  one(
    "scatterAdd",
    any(3, 2),
    (x) => hg.scatterAdd(x, moved(at), 4),
    (x) => tf.unsortedSegmentSum(x, tf.tensor1d(at, "int32"), 4),
    null,
  ),
  one(
    "sort",
    apart(2, 4),
    (x) => hg.sort(x),
    null,
    (x) => np.sort(x),
  ),
  one(
    "topK",
    apart(2, 4),
    (x) => hg.topK(x, 2).values,
    (x) => tf.topk(x, 2).values,
    (x) => jax.lax.topK(x, 2)[0],
  ),
];

const products: readonly Case[] = [
  two("matmul", [any(2, 3), any(3, 2)], (x, y) => hg.matmul(x, y), tf.matMul, np.matmul),
  two(
    "matmul, both transposed",
    [any(3, 2), any(2, 3)],
    (x, y) => hg.matmul(x, y, { transposeA: true, transposeB: true }),
    (x, y) => tf.matMul(x, y, true, true),
    (x, y) => np.matmul(np.transpose(x), np.transpose(y)),
  ),
  two(
    "matmul, batched",
    [any(2, 2, 3), any(2, 3, 2)],
    (x, y) => hg.matmul(x, y),
    tf.matMul,
    np.matmul,
  ),
  two(
    "einsum",
    [any(2, 3, 2), any(2, 2, 3)],
    (x, y) => hg.einsum("bij,bji->bi", x, y),
    (x, y) => tf.einsum("bij,bji->bi", x, y),
    (x, y) => np.einsum("bij,bji->bi", x, y),
  ),
  two(
    "conv2d",
    [any(1, 4, 5, 2), any(3, 3, 2, 2)],
    (x, w) => hg.conv2d(x, w, { padding: 1 }),
    (x, w) => tf.conv2d(x, w, 1, 1),
    (x, w) => jaxConv(x, w, 1),
  ),
  two(
    "conv2d, stride 2",
    [any(1, 5, 4, 2), any(3, 3, 2, 2)],
    (x, w) => hg.conv2d(x, w, { padding: 1, stride: 2 }),
    (x, w) => tf.conv2d(x, w, 2, 1),
    (x, w) => jaxConv(x, w, 2),
  ),
  two(
    "conv2d, depthwise",
    [any(1, 4, 4, 2), any(3, 3, 1, 2)],
    (x, w) => hg.conv2d(x, w, { padding: 1, groups: 2 }),
    (x, w) => tf.depthwiseConv2d(x, tf.transpose(w, [0, 1, 3, 2]), 1, 1),
    (x, w) =>
      jax.lax.convGeneralDilated(
        np.transpose(x, [0, 3, 1, 2]),
        np.transpose(w, [3, 2, 0, 1]),
        [1, 1],
        [
          [1, 1],
          [1, 1],
        ],
        { featureGroupCount: 2 },
      ),
  ),
  two(
    "convTranspose2d",
    [any(1, 3, 3, 2), any(3, 3, 2, 2)],
    (x, w) => hg.convTranspose2d(x, w, { padding: 1 }),
    (x, w) => tf.conv2dTranspose(x, w, [1, 3, 3, 2], 1, 1),
    null,
  ),
  one(
    "maxPool2d",
    apart(1, 4, 4, 2),
    (x) => hg.maxPool2d(x, { size: 2 }),
    (x) => tf.maxPool(x, 2, 2, "valid"),
    (x) => jaxOps.maxPool(np.transpose(x, [0, 3, 1, 2])),
  ),
  one(
    "avgPool2d",
    any(1, 4, 4, 2),
    (x) => hg.avgPool2d(x, { size: 2 }),
    (x) => tf.avgPool(x, 2, 2, "valid"),
    (x) => np.mean(np.reshape(x, [1, 2, 2, 2, 2, 2]), [2, 4]),
  ),
];

const jaxConv = (x: JaxArray, w: JaxArray, stride: number): JaxArray =>
  jaxOps.conv(np.transpose(x, [0, 3, 1, 2]), np.transpose(w, [3, 2, 0, 1]), stride, 1);

const labels = [1, 0];
const hot = [
  [0, 1, 0],
  [1, 0, 0],
];

/** tanh(x w): the layer whose saved output other tapes lose. */
const nets: readonly Case[] = [
  one(
    "softmax",
    any(2, 3),
    (x) => hg.softmax(x),
    (x) => tf.softmax(x),
    (x) => jax.nn.softmax(x),
  ),
  one(
    "logSoftmax",
    any(2, 3),
    (x) => hg.logSoftmax(x),
    (x) => tf.logSoftmax(x),
    (x) => jax.nn.logSoftmax(x),
  ),
  one(
    "softmax cross-entropy",
    any(2, 3),
    (x) => hg.crossEntropy(x, moved(labels)),
    (x) => tf.losses.softmaxCrossEntropy(tf.tensor2d(hot), x),
    (x) => jaxOps.crossEntropy(x, np.array(hot)),
  ),
  one(
    "sigmoid cross-entropy",
    any(1, 3),
    (x) => hg.binaryCrossEntropy(x, tensor([[0, 1, 0]])),
    (x) => tf.losses.sigmoidCrossEntropy(tf.tensor2d([[0, 1, 0]]), x),
    (x) => np.mean(np.subtract(jax.nn.softplus(x.ref), np.multiply(x, np.array([[0, 1, 0]])))),
  ),
  two(
    "mean squared error",
    [any(2, 3), any(2, 3)],
    hg.mse,
    (x, y) => tf.losses.meanSquaredError(x, y),
    (x, y) => np.mean(np.square(np.subtract(x, y))),
  ),
  {
    name: "layerNorm",
    inputs: [any(2, 4), positive(4), any(4)],
    own: ([x, g, b]) => hg.layerNorm(x, g, b),
    tf: ([x, g, b]) => {
      const { mean, variance } = tf.moments(x, 1, true);
      return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), g), b);
    },
    jax: ([x, g, b]) =>
      np.add(np.multiply(jax.nn.standardize(x.ref, -1, { epsilon: 1e-5 }), g.ref), b.ref),
  },
  {
    name: "batchNorm",
    inputs: [any(5, 2), positive(2), any(2)],
    own: ([x, g, b]) => hg.batchNorm(x, g, b),
    tf: ([x, g, b]) => {
      const { mean, variance } = tf.moments(x, 0);
      return tf.batchNorm(x, mean, variance, b, g, 1e-5);
    },
    jax: ([x, g, b]) =>
      np.add(np.multiply(jax.nn.standardize(x.ref, 0, { epsilon: 1e-5 }), g.ref), b.ref),
  },
  two(
    "dense with tanh",
    [any(2, 3), any(3, 2)],
    (x, w) => hg.tanh(hg.matmul(x, w)),
    (x, w) => tf.tanh(tf.matMul(x, w)),
    (x, w) => np.tanh(np.matmul(x, w)),
  ),
  ...(lstm === null ? [] : [cell()]),
];

/** One step of an LSTM from its weights: theirs by their own cell where they have one. */
function cell(): Case {
  const gates = 8;
  return {
    name: "LSTM step",
    inputs: [any(1, 2, 3), any(3, gates), any(2, gates), any(gates)],
    own: ([x, wx, wh, b]) => lstm!(x, { wx, wh, b }).y,
    tf: ([x, wx, wh, b]) => {
      // Its gates stand in the order i, g, f, o, and it adds a bias to f that is 0 here.
      const swap = (m: TfTensor, axis: number) => {
        const [i, f, g, o] = tf.split(m, 4, axis);
        return tf.concat([i, g, f, o], axis);
      };
      const kernel = swap(tf.concat([wx, wh], 0), 1);
      const zero = tf.zeros([2, 2]);
      const [, h] = tf.basicLSTMCell(
        tf.scalar(0),
        kernel,
        swap(b, 0),
        tf.reshape(x, [2, 3]),
        zero,
        zero,
      );
      return h;
    },
    jax: ([x, wx, , b]) => {
      const all = np.add(np.matmul(np.reshape(x.ref, [2, 3]), wx.ref), b.ref);
      const gate = (k: number) => jaxOps.columns(all, 2 * k, 2);
      const c = np.multiply(jax.nn.sigmoid(gate(0)), np.tanh(gate(2)));
      return np.multiply(jax.nn.sigmoid(gate(3)), np.tanh(c));
    },
  };
}

export const cases: readonly Case[] = [
  ...elementwise,
  ...reductions,
  ...movement,
  ...products,
  ...nets,
];
