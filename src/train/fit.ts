// The training loop: one compiled step over shuffled batches, measured after each epoch. Every step
// is a pure function of the state before it and the batch, so a saved state goes on bit by bit.

import { ValueError } from "../core/errors";
import { batchTensors, type HostBatch, prefetch } from "../data/batches";
import { key as keyOf } from "../ops/random";
import { dispose, scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { breather } from "./breathe";
import { faultOf, firstBroken } from "./fault";
import { checkOptions, type FitOptions, type FitResult } from "./options";
import { type Cursor, improves, measureOf, START, waited } from "./progress";
import { loadTraining, saveTraining } from "./state";
import { type StepTensors, stepOf } from "./step";

/** The parameters and running statistics of the best epoch so far. */
type Best<P extends Tree, S extends Tree> = { readonly params: P; readonly state: S };

/** A step that was given to the device and whose loss nobody has read yet. */
interface Open<P extends Tree, S extends Tree> {
  readonly before: StepTensors<P, S>;
  readonly batch: HostBatch;
  readonly loss: Tensor;
}

/**
 * Trains `params` on `batches`. The same seed, data and device give the same bits, also when the
 * training was cut in parts by `save` and `resume`.
 * @throws ValueError when a loss is NaN or infinite: which step, and which parameter was first
 */
export async function fit<P extends Tree, S extends Tree = Tree, K extends string = string>(
  options: FitOptions<P, S, K>,
): Promise<FitResult<P, S>> {
  checkOptions(options);
  const { batches, epochs, evaluate, stop, save, signal } = options;
  const step = stepOf(options);
  const breathe = breather();
  let { now, best, cursor } = begin(options);
  let open: Open<P, S> | null = null;
  let result: Best<P, S> | null = null;
  let began = performance.now();

  /** Frees tensors, but for those that somebody still holds. */
  const drop = (tree: unknown) => {
    const { params, state = {} } = options;
    dispose(tree, [params, state, now, best ?? {}, open?.before ?? {}, result ?? {}]);
  };
  const seconds = () => cursor.seconds + (performance.now() - began) / 1000;
  const write = async () => {
    const tensors = { ...now, best: best ?? {} };
    const here = { ...cursor, seconds: seconds() };
    await save?.write(await saveTraining({ tensors, cursor: here, batches: batches.settings }));
  };

  /** Reads the loss of a step; its state before is kept until that is known to be a number. */
  const settle = async ({ before, batch, loss }: Open<P, S>) => {
    let value: number;
    try {
      value = await loss.item();
      if (!Number.isFinite(value)) {
        throw await faultOf(value, { params: before.params, batch, cursor }, (tensors) =>
          step.gradient(before, tensors),
        );
      }
    } finally {
      drop([before, loss]);
    }
    const { epoch, sum } = cursor;
    const [at, total] = [cursor.step + 1, cursor.total + 1];
    cursor = { ...cursor, step: at, total, sum: sum + value };
    options.onStep?.({ epoch, step: at, steps: batches.perEpoch, total, loss: value });
  };
  const settleLast = async () => {
    const last = open;
    open = null;
    if (last !== null) await settle(last);
  };

  /** The steps of an epoch that are left; false when the signal ended them. */
  const runEpoch = async (): Promise<boolean> => {
    let done = cursor.total;
    for await (const batch of prefetch(batches, { epoch: cursor.epoch, from: cursor.step })) {
      const tensors = batchTensors(batch);
      const before = now;
      const last: Open<P, S> | null = open;
      try {
        const { next, loss } = step.run(before, tensors);
        now = next;
        open = { before, batch, loss };
      } finally {
        dispose(tensors);
      }
      done++;
      if (last !== null) await settle(last);
      const due = save?.every !== undefined && done % save.every === 0;
      if (due || signal?.aborted) {
        await settleLast();
        if (save !== undefined) await write();
        if (signal?.aborted) return false;
      }
      await breathe();
    }
    await settleLast();
    return true;
  };

  const closeEpoch = async () => {
    const { epoch, sum } = cursor;
    const measures = (await evaluate?.(now.params, now.state)) ?? {};
    const report = { epoch, loss: sum / batches.perEpoch, measures, seconds: seconds() };
    began = performance.now();
    const { total, epochs, best: known } = cursor;
    cursor = { ...START, epoch: epoch + 1, total, epochs: [...epochs, report], best: known };
    if (stop !== undefined) {
      const value = measureOf(measures, stop);
      if (improves(value, known, stop.mode ?? "max")) {
        const old = best;
        best = { params: now.params, state: now.state };
        cursor = { ...cursor, best: { epoch, value } };
        drop(old ?? {});
      }
    }
    if (save !== undefined) await write();
    options.onEpoch?.(report);
  };

  const train = async (): Promise<FitResult<P, S>["ended"]> => {
    while (cursor.epoch < epochs) {
      if (stop !== undefined && waited(cursor) > stop.patience) return "early";
      if (!(await runEpoch())) return "signal";
      await closeEpoch();
    }
    return "epochs";
  };

  try {
    const ended = await train();
    const broken = await firstBroken(now.params);
    if (broken !== null) {
      throw new ValueError(
        `fit: parameter "${broken}" is not finite after step ${cursor.total}, the last. Use a ` +
          "smaller learning rate or clip the gradients.",
      );
    }
    const { params, state } = ended === "signal" || best === null ? now : best;
    result = { params, state };
    return { params, state, epochs: cursor.epochs, best: cursor.best, steps: cursor.total, ended };
  } finally {
    const last = open as Open<P, S> | null;
    const held = [now, best ?? {}, last === null ? {} : [last.before, last.loss]];
    [now, best, open] = [{} as typeof now, null, null];
    drop(held);
    step.dispose();
  }
}

/** The state before the first step: fresh, or the saved one. */
function begin<P extends Tree, S extends Tree>(
  options: FitOptions<P, S>,
): { now: StepTensors<P, S>; best: Best<P, S> | null; cursor: Cursor } {
  const { params, state = {} as S, optimizer, seed = 0, resume, batches } = options;
  const made = scope(() => ({ optimizer: optimizer.init(params) as Tree, key: keyOf(seed) }));
  const fresh = { params, state, ...made };
  if (resume === undefined) return { now: fresh, best: null, cursor: START };
  try {
    const { tensors, cursor } = loadTraining(resume, fresh, batches.settings);
    const { best, ...now } = tensors;
    return { now, best: cursor.best === null ? null : (best as Best<P, S>), cursor };
  } finally {
    dispose(made);
  }
}
