// Cases: products, convolution, pooling, and what nets are made of.

import * as jax from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs-core";
import * as hg from "hypergrad";
import { lstm } from "../../rows/lstm";
import { type JaxArray, jaxOps } from "../jax";
import type { TfTensor } from "../tfjs";
import { any, apart, type Case, one, positive, two } from "./case";
import { ints } from "./movement";

const np = jax.numpy;

export const products: readonly Case[] = [
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

export const nets: readonly Case[] = [
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
    (x) => hg.crossEntropy(x, ints(labels)),
    (x) => tf.losses.softmaxCrossEntropy(tf.tensor2d(hot), x),
    (x) => jaxOps.crossEntropy(x, np.array(hot)),
  ),
  one(
    "sigmoid cross-entropy",
    any(1, 3),
    (x) => hg.binaryCrossEntropy(x, hg.tensor([[0, 1, 0]])),
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
