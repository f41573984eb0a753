// What to tell of a loss that is no finite number: the step, and the parameter that was first.

import { ValueError } from "../core/errors";
import { treePaths } from "../core/tree";
import { type BatchTensors, batchTensors, type HostBatch } from "../data/batches";
import { dispose } from "../tensor/scope";
import { leaves, type Tree } from "../tensor/tree";
import type { Cursor } from "./progress";

/** A step as it was before it ran. */
export interface Before {
  readonly params: Tree;
  readonly batch: HostBatch;
  readonly cursor: Cursor;
}

/**
 * The error for a step whose loss is `loss`. It looks, in the order in which numbers flow, at the
 * parameters before the step, at the batch, and at the gradient: the first that is not finite is
 * named.
 */
export async function faultOf(
  loss: number,
  { params, batch, cursor }: Before,
  gradient: (batch: BatchTensors) => Tree,
): Promise<ValueError> {
  const { total, epoch, step } = cursor;
  const where = `fit: the loss is ${loss} at step ${total + 1} (epoch ${epoch}, step ${step + 1})`;
  const broken = await firstBroken(params);
  if (broken !== null) {
    const since = total === 0 ? "from the start" : `since step ${total}`;
    return new ValueError(
      `${where}: parameter "${broken}" is not finite ${since}, the first of them. Use a smaller ` +
        "learning rate or clip the gradients.",
    );
  }
  const input = Object.keys(batch).find((name) => !allFinite(batch[name].data));
  if (input !== undefined) {
    return new ValueError(
      `${where}: all parameters are finite, but "${input}" of the batch is not. Check the data.`,
    );
  }
  const tensors = batchTensors(batch);
  let grads: Tree | null = null;
  try {
    grads = gradient(tensors);
    const first = await firstBroken(grads);
    const what = first === null ? "all gradients too" : `its gradient by "${first}" is not, first`;
    return new ValueError(
      `${where}: all parameters are finite before it, ${what}. Use a smaller learning rate, or ` +
        "look in the loss for a logarithm, root, quotient or exponential out of its range.",
    );
  } finally {
    dispose([tensors, grads ?? {}]);
  }
}

/** The path of the first tensor of a tree that holds NaN or infinity; null when none does. */
export async function firstBroken(tree: Tree): Promise<string | null> {
  const paths = treePaths(tree);
  for (const [i, leaf] of leaves(tree).entries()) {
    if (!allFinite(await leaf.data())) return paths[i];
  }
  return null;
}

function allFinite(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
