// Cases: elementwise ops and reductions.

import * as jax from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs-core";
import * as hg from "hypergrad";
import { any, apart, type Case, one, positive, two, unit } from "./case";

const np = jax.numpy;

export const elementwise: readonly Case[] = [
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
    (x) => np.where(np.greater(x.ref, 0), x.ref, np.multiply(x, 0.5)),
  ),
  one(
    "x exp(x)",
    any(2, 3),
    (x) => hg.mul(x, hg.exp(x)),
    (x) => tf.mul(x, tf.exp(x)),
    (x) => np.multiply(x.ref, np.exp(x)),
  ),
];

export const reductions: readonly Case[] = [
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
