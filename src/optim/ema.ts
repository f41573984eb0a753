// A moving average of parameters, to be evaluated in their place.

import { optionsOf } from "../core/options";
import { add, div, mul, pow, sub } from "../ops/arithmetic";
import type { Like } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";
import { inRange } from "./optimizer";
import { rest, scalar, zerosOf } from "./state";

export type EmaState<P extends Tree> = {
  /** Updates so far, a float32 scalar. */
  readonly step: Tensor;
  readonly mean: P;
};

export interface Ema {
  init<P extends Tree>(params: P): EmaState<P>;
  update<P extends Tree>(state: EmaState<P>, params: P): EmaState<P>;
  /** The average so far, as if it had not begun at zero. Needs one update at least. */
  params<P extends Tree>(state: EmaState<P>): P;
}

/** mean ← decay · mean + (1 − decay) · params, divided by 1 − decayᵗ when it is read. */
export function ema(options: { readonly decay?: Like } = {}): Ema {
  const { decay = 0.999 } = optionsOf("ema", options, ["decay"]);
  inRange("ema", "decay", decay, 0, 1);
  return {
    init: (params) => ({ step: scalar(params, 0), mean: zerosOf(params) }),
    update: ({ step, mean }, params) =>
      scope(() => ({
        step: add(step, 1),
        mean: mapTree((m, p) => add(mul(m, decay), mul(p, rest(decay))), mean, params),
      })),
    params: ({ step, mean }) =>
      scope(() => {
        const share = sub(1, pow(decay, step));
        return mapTree((m) => div(m, share), mean);
      }),
  };
}
