// What a training is told, checked whole before its first step, and what it returns.

import { brief, ValueError } from "../core/errors";
import { needWhole, optionsOf } from "../core/options";
import type { Batches, BatchTensors } from "../data/batches";
import type { Key } from "../ops/random";
import type { AnyOptimizer } from "../optim/optimizer";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import type { Cursor, EarlyStop, EpochReport, StepReport } from "./progress";

/** What a loss has beside parameters and batch. */
export interface LossContext<S extends Tree> {
  /** A key of this step's own, for dropout. */
  readonly key: Key;
  /** Running statistics before the step. */
  readonly state: S;
}

export interface FitOptions<P extends Tree, S extends Tree, K extends string = string> {
  /** Where to begin. They stay the caller's. */
  readonly params: P;
  /** Running statistics to begin with, for a model that has them; they stay the caller's. */
  readonly state?: S;
  /** The mean loss of a batch, a scalar; with running statistics the pair of it and the next
   * ones. Where the net has dropout, hand the context on: `net.apply(params, x, context)`; without
   * its key nothing is dropped. */
  readonly loss: (
    params: P,
    batch: BatchTensors<K>,
    context: LossContext<S>,
  ) => Tensor | readonly [Tensor, S];
  readonly optimizer: AnyOptimizer;
  readonly batches: Batches<K>;
  readonly epochs: number;
  /** Of the steps' keys. Default 0. */
  readonly seed?: number;
  /** What becomes of the gradients before the optimizer takes them, such as `clipByNorm`. */
  readonly gradients?: (grads: P) => P;
  /** Measures the model after each epoch; see `evaluator`. */
  readonly evaluate?: (params: P, state: S) => Promise<Record<string, number>>;
  /** Ends the training when a measure no longer gets better; the result is then the best epoch. */
  readonly stop?: EarlyStop;
  /** Is given the whole state after each epoch, with `every` also after so many steps. */
  readonly save?: {
    readonly every?: number;
    readonly write: (bytes: Uint8Array<ArrayBuffer>) => void | Promise<void>;
  };
  /** Bytes that `save` was given: the training goes on there, with the same bits on the same kind
   * of device. */
  readonly resume?: Uint8Array;
  /** Ends the training after the step that runs, saved where `save` is given. */
  readonly signal?: AbortSignal;
  readonly onStep?: (report: StepReport) => void;
  readonly onEpoch?: (report: EpochReport) => void;
}

export interface FitResult<P extends Tree, S extends Tree> {
  /** Of the best epoch where `stop` chooses one, else the last. The caller owns them. */
  readonly params: P;
  readonly state: S;
  readonly epochs: readonly EpochReport[];
  /** The epoch that the parameters are of, and its measure. */
  readonly best: Cursor["best"];
  readonly steps: number;
  readonly ended: "epochs" | "early" | "signal";
}

const NAMES = [
  ...(["params", "state", "loss", "optimizer", "batches", "epochs", "seed", "gradients"] as const),
  ...(["evaluate", "stop", "save", "resume", "signal", "onStep", "onEpoch"] as const),
];

/** Throws a ValueError for what `fit` cannot do, a TypeError for options that there are not. */
export function checkOptions<P extends Tree, S extends Tree>(options: FitOptions<P, S>): void {
  const { epochs, stop, evaluate, save, batches } = optionsOf("fit", options, NAMES);
  if (typeof batches?.perEpoch !== "number") {
    throw new TypeError(`fit: no batches: ${brief(batches)}. Give data.batches({ … }).`);
  }
  if (typeof options.loss !== "function") {
    throw new TypeError(
      `fit: loss is no function: ${brief(options.loss)}. Write (params, batch) => one number.`,
    );
  }
  if (typeof options.optimizer?.update !== "function") {
    throw new TypeError(
      `fit: no optimizer: ${brief(options.optimizer)}. Give one, such as optim.adam({ lr: 1e-3 }).`,
    );
  }
  if (save !== undefined && typeof save.write !== "function") {
    throw new TypeError(`fit: save has no write: ${brief(save)}. Write { write: (bytes) => … }.`);
  }
  needWhole("fit", { epochs }, 0);
  if (save?.every !== undefined) needWhole("fit", { "save.every": save.every }, 1);
  if (stop !== undefined && evaluate === undefined) {
    throw new ValueError(
      `fit: nothing measures "${stop.measure}", which stop waits for. Give evaluate.`,
    );
  }
}
