// Where a training stands, as plain values: what callbacks are told and what a saved state keeps.

import { ValueError } from "../core/errors";

/** What a callback is told after each step. */
export interface StepReport {
  /** From 0. */
  readonly epoch: number;
  /** Steps done in this epoch, from 1, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Steps done in all. */
  readonly total: number;
  /** The loss of this step's batch, before the step. */
  readonly loss: number;
}

/** What a callback is told after each epoch, and a result lists. */
export interface EpochReport {
  readonly epoch: number;
  /** Mean loss over the epoch's steps. */
  readonly loss: number;
  /** What `evaluate` gave after it; empty without. */
  readonly measures: Readonly<Record<string, number>>;
  /** Of the epoch, evaluation included. */
  readonly seconds: number;
}

/** The place that a training has come to. */
export interface Cursor {
  readonly epoch: number;
  /** Steps done in this epoch. */
  readonly step: number;
  readonly total: number;
  /** Sum of the losses of this epoch's steps. */
  readonly sum: number;
  /** Seconds spent in this epoch. */
  readonly seconds: number;
  readonly epochs: readonly EpochReport[];
  /** The best epoch so far, by the measure that stops early. */
  readonly best: { readonly epoch: number; readonly value: number } | null;
}

export const START: Cursor = {
  ...{ epoch: 0, step: 0, total: 0, sum: 0, seconds: 0, epochs: [], best: null },
};

/** When to stop before the last epoch. */
export interface EarlyStop {
  /** A name that `evaluate` returns. */
  readonly measure: string;
  /** Which way is better. Default "max". */
  readonly mode?: "min" | "max";
  /** Epochs without a new best that are let pass. */
  readonly patience: number;
}

/** Whether a value is better than the best so far. NaN never is. */
export function improves(value: number, best: Cursor["best"], mode: "min" | "max"): boolean {
  if (best === null) return !Number.isNaN(value);
  return mode === "max" ? value > best.value : value < best.value;
}

/** Epochs since the best one. */
export function waited({ epochs, best }: Cursor): number {
  return best === null ? epochs.length : epochs.length - 1 - best.epoch;
}

/** The measure that `stop` waits for. Throws a ValueError when it is not there. */
export function measureOf(measures: Readonly<Record<string, number>>, stop: EarlyStop): number {
  if (Object.hasOwn(measures, stop.measure)) return measures[stop.measure];
  const names = Object.keys(measures).join(", ") || "nothing";
  throw new ValueError(
    `fit: no measure "${stop.measure}", which stop waits for: evaluate gave ${names}. Name one.`,
  );
}
