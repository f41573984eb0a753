// What an inner loop's options may be. All is checked before anything runs.

import { ShapeError, ValueError } from "../core/errors";
import { needWhole, optionsOf } from "../core/options";
import { type Shape, show } from "../core/shape";

interface Given {
  readonly steps: number;
  readonly order: number;
  readonly mode?: string;
  readonly tasks?: string;
  readonly weights?: readonly number[];
  readonly truncate?: number;
}

const MODES = [
  ...["store", "checkpoint", "sqrt", "mixed", "finiteDifference"],
  ...["forward", "es", "pes"],
];

/** Of `unroll`, and of the learners around it. */
const NAMES = [
  ...["loss", "inner", "steps", "order", "mode", "by", "evolution", "tasks", "weights"],
  ...["truncate", "batch", "trace", "outer", "head"],
];

/** Throws TypeError for options that there are not, or without a loss. */
export function checkNames(options: { readonly loss: unknown }): void {
  optionsOf("unroll", options, NAMES as "loss"[]);
  if (typeof options.loss === "function") return;
  throw new TypeError(
    `unroll: loss is no function: ${String(options.loss)}. Write (params, batch) => one number.`,
  );
}

/** Throws ValueError for what `unroll` does not take. */
export function checkUnroll({ steps, order, mode, tasks, weights, truncate }: Given): void {
  needWhole("unroll", { steps }, 0);
  checkOrder("unroll", order);
  if (mode !== undefined && !MODES.includes(mode)) {
    const known = MODES.map((one) => `"${one}"`).join(", ");
    throw new ValueError(`unroll: unknown mode: "${String(mode)}". Use one of ${known}.`);
  }
  if (tasks !== undefined && tasks !== "loop" && tasks !== "batch") {
    throw new ValueError(`unroll: unknown tasks: "${String(tasks)}". Use "loop" or "batch".`);
  }
  if (weights !== undefined) checkWeights("unroll", [weights.length], steps);
  if (truncate !== undefined) needWhole("unroll", { truncate }, 1);
}

/** Throws TypeError for an inner optimizer that is none. */
export function checkInner(name: string, inner: unknown): void {
  const { initMeta, update } = (inner ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof initMeta === "function" && typeof update === "function") return;
  throw new TypeError(
    `${name}: inner is no inner optimizer: it has no initMeta. Use one of meta.inner, such as ` +
      "meta.inner.sgd({ lr: 0.4 }).",
  );
}

/** Throws TypeError for an outer optimizer that is none. */
export function checkOuter(outer: unknown): void {
  const { init, update, initMeta } = (outer ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof init === "function" && typeof update === "function" && initMeta === undefined) return;
  throw new TypeError(
    "outer: no optimizer of parameters. Use one of optim, such as optim.adam({ lr: 1e-3 }).",
  );
}

export function checkOrder(name: string, order: unknown): void {
  if (order === 1 || order === 2) return;
  throw new ValueError(
    `${name}: no order: ${String(order)}. Write order: 2 for the exact meta-gradient or order: 1 ` +
      "for the first-order one.",
  );
}

/** One weight for each step. */
export function checkWeights(name: string, shape: Shape, steps: number): void {
  if (steps > 0 && shape.length === 1 && shape[0] === steps) return;
  throw new ShapeError(
    `${name}: weights do not fit: they are ${show(shape)}, steps is ${steps}. Give one for each ` +
      "step, from 1.",
  );
}
