// Learning rates as functions of the step, a float32 scalar from 0, in ops: they work in compiled
// steps, and gradients reach every number that is given as a tensor.

import { needPositive, needWhole, optionsOf } from "../core/options";
import { add, div, maximum, minimum, mul, pow, sub } from "../ops/arithmetic";
import { less, where } from "../ops/compare";
import { cos, floor } from "../ops/math";
import type { Like } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { inRange, type Rate, rateAt } from "./optimizer";

/** Step to learning rate. */
export type Schedule = (step: Tensor) => Like;

/** The same rate at every step. */
export function constant(rate: Like): Schedule {
  return () => rate;
}

/** rate · factor^⌊step / every⌋. Factor 0.1 unless given. */
export function stepDecay(
  rate: Like,
  options: { readonly every: number; readonly factor?: Like },
): Schedule {
  const { every, factor = 0.1 } = optionsOf("stepDecay", options, ["every", "factor"]);
  needPositive("stepDecay", { every });
  return (step) => scope(() => mul(pow(factor, floor(div(step, every))), rate));
}

/** rate · decay^(step / every). */
export function exponential(
  rate: Like,
  options: { readonly decay: Like; readonly every?: number },
): Schedule {
  const { decay, every = 1 } = optionsOf("exponential", options, ["decay", "every"]);
  inRange("exponential", "decay", decay, 0);
  needPositive("exponential", { every });
  return (step) => scope(() => mul(pow(decay, div(step, every)), rate));
}

/** 1 at x = 0 down to 0 at x = 1 along half a cosine. */
const halfCosine = (x: Tensor) => add(mul(cos(mul(x, Math.PI)), 0.5), 0.5);

/** From `from` at x = 0 to `to` at x = 1 along half a cosine. */
function between(from: Like, to: Like, x: Tensor): Tensor {
  const share = halfCosine(x);
  return add(mul(share, from), mul(sub(1, share), to));
}

/** From `rate` to `end` (0) along half a cosine over `steps` steps, then `end` (Loshchilov and
 * Hutter 2017). */
export function cosine(
  rate: Like,
  options: { readonly steps: number; readonly end?: Like },
): Schedule {
  const { steps, end = 0 } = optionsOf("cosine", options, ["steps", "end"]);
  needPositive("cosine", { steps });
  return (step) => scope(() => between(rate, end, minimum(div(step, steps), 1)));
}

export interface OneCycleOptions {
  /** Length of the whole cycle. */
  readonly steps: number;
  /** Share of the steps that the rate rises. Default 0.3. */
  readonly rise?: number;
  /** The rate begins at peak / start. Default 25. */
  readonly start?: number;
  /** The rate ends at peak / end. Default 10,000. */
  readonly end?: number;
}

/** Up to `peak` and down to almost nothing, both along half a cosine (Smith and Topin 2018). */
export function oneCycle(peak: Like, options: OneCycleOptions): Schedule {
  optionsOf("oneCycle", options, ["steps", "rise", "start", "end"]);
  const { steps, rise = 0.3, start = 25, end = 1e4 } = options;
  needPositive("oneCycle", { steps });
  needPositive("oneCycle", { rise }, 1);
  const top = rise * steps;
  return (step) =>
    scope(() => {
      const up = between(div(peak, start), peak, minimum(div(step, top), 1));
      const past = minimum(div(sub(step, top), steps - top), 1);
      return where(less(step, top), up, between(peak, div(peak, end), past));
    });
}

/** A rise in a line over `steps` steps up to `rate`, a rate or a schedule that then begins: step 0
 * takes 1 / steps of it. */
export function warmup(steps: number, rate: Rate): Schedule {
  needWhole("warmup", { steps }, 1);
  return (step) =>
    scope(() => {
      const first = rateAt(rate, mul(step, 0));
      const rising = mul(div(add(step, 1), steps), first);
      const after = rateAt(rate, maximum(sub(step, steps), 0)); // no schedule knows steps below 0
      return where(less(step, steps), rising, after);
    });
}
