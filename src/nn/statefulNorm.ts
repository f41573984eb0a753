// Batch normalization that remembers: the statistics of training are a state, in and out.

import { ValueError } from "../core/errors";
import { needWhole, optionsOf } from "../core/options";
import { stopGradient } from "../grad/stop";
import { add, mul, sub } from "../ops/arithmetic";
import { rsqrt } from "../ops/math";
import { concat, slice } from "../ops/movement";
import { batchNorm } from "../ops/normalize";
import type { Key } from "../ops/random";
import { mean, variance } from "../ops/reduce";
import { reshape } from "../ops/reshape";
import { ones, zeros } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { mapTree } from "../tensor/tree";
import type { NormParams } from "./norm";

/** Running statistics of each feature; of every step, [steps, features], where steps have their
 * own. */
export type NormState = {
  readonly mean: Tensor;
  /** With n − 1 in the divisor. */
  readonly variance: Tensor;
};

export interface StatefulNormOptions {
  /** How much of the newest statistics the state takes in. Default 0.1. */
  readonly momentum?: number;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Inner steps that have gamma, beta and statistics of their own (MAML++, Antoniou et al. 2019):
   * parameters and state then are [perStep, features]. Default: one for all. */
  readonly perStep?: number;
}

export interface NormRun {
  readonly train: boolean;
  /** With `perStep`: the inner steps done, from 0; those beyond the last take its numbers. */
  readonly step?: number;
}

export interface StatefulNorm {
  init(key: Key): { readonly params: NormParams; readonly state: NormState };
  /** y and the next state. With `train` by the statistics of x [..., features], which the state
   * takes in; else by those of the state, which stays.
   * @throws ValueError when there are steps and `step` is none, or the other way round */
  apply(params: NormParams, state: NormState, x: Tensor, run: NormRun): [Tensor, NormState];
}

/**
 * Batch normalization (Ioffe and Szegedy 2015) whose prediction for one example does not depend on
 * others once trained: state ← (1 − momentum) state + momentum statistics. No gradient passes
 * through the state. Where an inner loop moves the weights, features differ from step to step:
 * `perStep` gives each step its own, which only the outer loop is to learn.
 * @throws ValueError when `perStep` is no whole number from 1
 */
export function statefulNorm(features: number, options: StatefulNormOptions = {}): StatefulNorm {
  optionsOf("statefulNorm", options, ["momentum", "eps", "perStep"]);
  const { momentum = 0.1, eps = 1e-5, perStep } = options;
  if (perStep !== undefined) needWhole("statefulNorm", { perStep }, 1);
  const shape = perStep === undefined ? [features] : [perStep, features];

  function plain(
    { gamma, beta }: NormParams,
    state: NormState,
    x: Tensor,
    train: boolean,
  ): [Tensor, NormState] {
    if (!train) {
      const scale = mul(rsqrt(add(state.variance, eps)), gamma);
      return [add(mul(sub(x, state.mean), scale), beta), state];
    }
    const axis = x.shape.map((_, i) => i).slice(0, -1);
    const seen = stopGradient(x);
    const count = x.size / features;
    const next = (old: Tensor, now: Tensor) => add(mul(old, 1 - momentum), mul(now, momentum));
    return [
      batchNorm(x, gamma, beta, { eps }),
      {
        mean: next(state.mean, mean(seen, { axis })),
        // One example has no variance but that around itself.
        variance: next(state.variance, variance(seen, { axis, ddof: count > 1 ? 1 : 0 })),
      },
    ];
  }

  return {
    init: () =>
      scope(() => ({
        params: { gamma: ones(shape), beta: zeros(shape) },
        state: { mean: zeros(shape), variance: ones(shape) },
      })),
    apply: (params, state, x, { train, step }) =>
      scope(() => {
        if (perStep === undefined && step === undefined) return plain(params, state, x, train);
        const row = rowOf(perStep, step);
        const own = <T extends NormParams | NormState>(all: T): T =>
          mapTree((t) => reshape(slice(t, [row], [1]), [features]), all);
        const [y, next] = plain(own(params), own(state), x, train);
        return [y, train ? mapTree((all, now) => replaced(all, row, now), state, next) : state];
      }),
  };
}

function rowOf(perStep: number | undefined, step: number | undefined): number {
  if (perStep === undefined) {
    throw new ValueError(
      `statefulNorm: a step without steps: step is ${step}. Make the norm with { perStep }.`,
    );
  }
  if (step === undefined || !(Number.isInteger(step) && step >= 0)) {
    throw new ValueError(
      `statefulNorm: no step: step is ${step}, the norm has ${perStep}. Give the inner steps ` +
        "done, from 0.",
    );
  }
  return Math.min(step, perStep - 1);
}

/** `all` [steps, features] with `now` [features] as one of its rows. */
function replaced(all: Tensor, row: number, now: Tensor): Tensor {
  const [steps, features] = all.shape;
  const parts = [slice(all, [0], [row]), reshape(now, [1, features])];
  return concat([...parts, slice(all, [row + 1], [steps - row - 1])], 0);
}
