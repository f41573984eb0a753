// A learning rate that falls when a value no longer improves: a decision of the host, which reads
// the value, so its state is plain numbers.

import { needPositive, optionsOf } from "../core/options";

export type PlateauState = {
  /** The learning rate from now on. */
  readonly rate: number;
  /** The best value so far. */
  readonly best: number;
  /** Values since the last improvement or fall. */
  readonly waited: number;
};

export interface PlateauOptions {
  readonly rate: number;
  /** What the rate is multiplied by. Default 0.1. */
  readonly factor?: number;
  /** How many values without improvement are let pass. Default 10. */
  readonly patience?: number;
  /** A value improves when it is better by this share of the best one. Default 1e-4. */
  readonly threshold?: number;
  /** Whether less or more is better. Default "min". */
  readonly mode?: "min" | "max";
  /** The rate falls no further. Default 0. */
  readonly least?: number;
}

export interface Plateau {
  init(): PlateauState;
  /** The state after one more value, such as the loss on held-out data. NaN never improves. */
  update(state: PlateauState, value: number): PlateauState;
}

const NAMES = ["rate", "factor", "patience", "threshold", "mode", "least"] as const;

/**
 * Multiplies the rate by `factor` when more than `patience` values in a row do not improve. Hand
 * `state.rate` to a compiled step as an argument.
 * @throws ValueError for a factor outside (0, 1)
 */
export function reduceOnPlateau(options: PlateauOptions): Plateau {
  optionsOf("reduceOnPlateau", options, NAMES);
  const { rate, factor = 0.1, patience = 10, threshold = 1e-4, mode = "min", least = 0 } = options;
  needPositive("reduceOnPlateau", { rate });
  needPositive("reduceOnPlateau", { factor }, 1);
  const sign = mode === "min" ? 1 : -1;
  return {
    init: () => ({ rate, best: sign * Number.POSITIVE_INFINITY, waited: 0 }),
    update: (state, value) => {
      const margin = Number.isFinite(state.best) ? threshold * Math.abs(state.best) : 0;
      if (sign * value < sign * state.best - margin) return { ...state, best: value, waited: 0 };
      if (state.waited < patience) return { ...state, waited: state.waited + 1 };
      return { ...state, rate: Math.max(least, state.rate * factor), waited: 0 };
    },
  };
}
