// A net that sees the state of the inner loop and predicts a bounded learning rate, for all
// parameters together or for each tensor of them.

import { ValueError } from "../../core/errors";
import { needPositive, optionsOf } from "../../core/options";
import { stopGradient } from "../../grad/index";
import { sigmoid } from "../../ops/activation";
import { add, div, mul, sub } from "../../ops/arithmetic";
import { expand } from "../../ops/expand";
import { abs, exp, log, rsqrt, tanh } from "../../ops/math";
import { matmul } from "../../ops/matmul";
import { slice, stack } from "../../ops/movement";
import { type Key, key as keyOf } from "../../ops/random";
import { sum } from "../../ops/reduce";
import { reshape } from "../../ops/reshape";
import { inRange, mapTrees } from "../../optim/optimizer";
import { scalar, zerosOf } from "../../optim/state";
import { full, zeros } from "../../tensor/fill";
import type { Tensor } from "../../tensor/tensor";
import { leaves, type Tree } from "../../tensor/tree";
import type { InnerOptimizer } from "../innerOptimizer";
import { type Dense, denseLayers } from "./dense";

export interface LrNetOptions {
  /** The rate that the fresh net predicts. Default 0.01. */
  readonly lr?: number;
  /** The rate stays between these. Default 1e-4 and 1. */
  readonly low?: number;
  readonly high?: number;
  /** "net": one rate; "layer": one for each parameter tensor. Default "net". */
  readonly per?: "net" | "layer";
  /** Steps of a whole run, t / T of the features. Default: those of the unroll. */
  readonly horizon?: number;
  /** Units of the two hidden layers. Default 32. */
  readonly hidden?: number;
  /** Share of the log rate of the step before that stays, from 0 to below 1. Features of single
   * batches are noisy, and the rate is one of them: without it a rate can swing from step to step.
   * Default 0. */
  readonly keep?: number;
  /** Whether the features count as constants: then the rate moves the parameters, and parameters do
   * not move later rates. Default false: the exact meta-gradient. */
  readonly stopFeatures?: boolean;
}

/** Layers, and weights [features, 1] of the way past them. */
export type LrNet = { readonly layers: readonly Dense[]; readonly past: Tensor };

export type LrNetState = {
  /** Steps done, a float32 scalar. */
  readonly step: Tensor;
  /** Moving mean of the loss, without its bias towards 0 taken away. */
  readonly mean: Tensor;
  readonly before: Tree;
  /** log rate of the step before, [rows]. */
  readonly logLr: Tensor;
};

const FEATURES = 6;
const TINY = 1e-12; // added to squared norms and losses before their logarithms
const STAYS = 0.9; // of the mean of the loss
const LOG = 0.2; // of logarithms: a tanh net wants features of about 1
// Of the sums behind the last layer: a step of Adam then moves the rate without moving the hidden
// weights far, and what they say of a state still holds after some ten of them.
const GAIN = 10;

/**
 * p ← p − lr · g with log lr = lo + (hi − lo) · σ(net(features)); features: log loss, log(loss /
 * its moving mean), log|g|, cos(g, the g before), t / T − ½, log lr before, the plain logarithms
 * times 0.2; the net has two hidden layers of tanh, and a linear way past them. With `keep`, log lr
 * is a moving mean of that.
 */
export function lrNet(options: LrNetOptions = {}): InnerOptimizer<LrNet, LrNetState> {
  optionsOf("inner.lrNet", options, [
    "lr",
    "low",
    "high",
    "per",
    "hidden",
    "horizon",
    "stopFeatures",
    "keep",
  ]);
  const { lr = 0.01, low = 1e-4, high = 1, per = "net", hidden = 32 } = options;
  const { horizon, stopFeatures = false, keep = 0 } = options;
  needPositive("inner.lrNet", { low });
  inRange("inner.lrNet", "high", high, low);
  inRange("inner.lrNet", "keep", keep, 0, 1);
  if (!(lr > low && lr < high)) {
    throw new ValueError(
      `inner.lrNet: lr out of range: ${lr}. Use a number between low, ${low}, and high, ${high}.`,
    );
  }
  const [lo, hi] = [Math.log(low), Math.log(high)];
  const start = (Math.log(lr) - lo) / (hi - lo);
  const rows = (params: Tree) => (per === "net" ? 1 : leaves(params).length);

  function features(grads: Tree, state: LrNetState, loss: Tensor, mean: Tensor, steps: number) {
    const [gs, olds] = [leaves(grads), leaves(state.before)];
    const dots = (a: Tensor[], b: Tensor[]) =>
      perRow(
        per,
        a.map((x, i) => sum(mul(x, b[i]))),
      );
    const [size, before, both] = [dots(gs, gs), dots(olds, olds), dots(gs, olds)];
    const cosine = mul(both, rsqrt(mul(add(size, TINY), add(before, TINY))));
    const size1 = add(abs(loss), TINY);
    const all = (x: Tensor) => expand(x, size.shape);
    return stack(
      [
        mul(all(log(size1)), LOG),
        all(log(div(size1, add(abs(mean), TINY)))),
        mul(log(add(size, TINY)), 0.5 * LOG),
        cosine,
        all(sub(mul(state.step, 1 / Math.max(1, horizon ?? steps)), 0.5)),
        mul(state.logLr, LOG),
      ],
      1,
    );
  }

  return {
    initMeta: (_, key: Key = keyOf(0)) => {
      const layers = denseLayers(key, [FEATURES, hidden, hidden]);
      const logit = Math.log(start / (1 - start));
      const last = { w: zeros([hidden, 1]), b: full([1], logit / GAIN) };
      return { layers: [...layers, last], past: zeros([FEATURES, 1]) };
    },
    init: (params) => ({
      step: scalar(params, 0),
      mean: scalar(params, 0),
      before: zerosOf(params),
      logLr: full([rows(params)], Math.log(lr)),
    }),
    update: (grads, state, params, { meta, loss, steps }) => {
      const step = add(state.step, 1);
      const sum0 = add(mul(state.mean, STAYS), mul(loss, 1 - STAYS));
      const mean = div(sum0, sub(1, exp(mul(step, Math.log(STAYS)))));
      const seen = features(grads, state, loss, mean, steps);
      const x = stopFeatures ? stopGradient(seen) : seen;
      let h = x;
      for (const [i, { w, b }] of meta.layers.entries()) {
        const last = i === meta.layers.length - 1;
        const z = matmul(h, w);
        // All units together count as much as the bias: else a step of Adam on them is some thirty
        // times as large, and the rate swings from end to end.
        const whole = () => add(add(mul(z, 1 / hidden), b), matmul(x, meta.past));
        h = last ? mul(whole(), GAIN) : tanh(add(z, b));
      }
      const wanted = add(mul(sigmoid(reshape(h, [h.shape[0]])), hi - lo), lo);
      const logLr = keep === 0 ? wanted : add(mul(state.logLr, keep), mul(wanted, 1 - keep));
      const rate = exp(logLr);
      let row = 0;
      const move = (p: Tensor, g: Tensor) => {
        const own = per === "net" ? rate : slice(rate, [row++], [1]);
        return [sub(p, mul(g, reshape(own, [])))];
      };
      const [next] = mapTrees(1, move, params, grads);
      const carried = stopFeatures ? stopGradient({ mean: sum0, logLr }) : { mean: sum0, logLr };
      return [next, { step, before: grads, ...carried }];
    },
  };
}

/** One number for all tensors, or one for each, as a vector. */
function perRow(per: "net" | "layer", each: readonly Tensor[]): Tensor {
  return per === "layer" ? stack(each) : reshape(each.reduce(add), [1]);
}
