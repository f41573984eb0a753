// Measures of a model over a set of examples: each is the mean over the examples themselves, not
// over batches, which may differ in size.

import { ShapeError } from "../core/errors";
import { show } from "../core/shape";
import { treeForm } from "../core/tree";
import { type Batches, type BatchTensors, batchTensors, prefetch } from "../data/batches";
import { cast } from "../ops/cast";
import { sum } from "../ops/reduce";
import { compile } from "../program/compile";
import { dispose } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { breather } from "./breathe";

/** Measures of each example of a batch by name, [n] each: losses, or whether it was right. */
export type Measures = Readonly<Record<string, Tensor>>;

export interface Evaluator<P extends Tree, S extends Tree> {
  /** The mean of each measure over all examples. */
  (params: P, state?: S): Promise<Record<string, number>>;
  /** Frees the memory of its programs. */
  dispose(): void;
}

/**
 * A function that measures a model on all of `batches`, one epoch of them, by a compiled step:
 * `measure(params, batch, state)`. It throws a ShapeError when a measure has no axis of examples,
 * or not as many as the others.
 */
export function evaluator<P extends Tree, S extends Tree = Tree, K extends string = string>(
  batches: Batches<K>,
  measure: (params: P, batch: BatchTensors<K>, state: S) => Measures,
): Evaluator<P, S> {
  /** Examples of a batch by its form: a program, once made, does not measure anew. */
  const counts = new Map<string, number>();
  const formOf = (batch: BatchTensors) => treeForm(batch, (x) => show((x as Tensor).shape));
  const step = compile((params: P, state: S, batch: BatchTensors<K>) => {
    const made = measure(params, batch, state);
    counts.set(formOf(batch), countOf(made));
    return Object.fromEntries(
      Object.entries(made).map(([name, x]) => [name, sum(cast(x, "float32"))]),
    );
  });

  const evaluate = async (params: P, state: S = {} as S) => {
    const sums: Record<string, number> = {};
    let examples = 0;
    const breathe = breather();
    for await (const host of prefetch(batches, { epoch: 0 })) {
      const batch = batchTensors(host);
      let result: Record<string, Tensor>;
      try {
        result = step(params, state, batch);
      } finally {
        dispose(batch);
      }
      examples += counts.get(formOf(batch)) as number;
      const values = await Promise.all(Object.values(result).map((x) => x.item()));
      for (const [i, name] of Object.keys(result).entries()) {
        sums[name] = (sums[name] ?? 0) + values[i];
      }
      dispose(result);
      await breathe();
    }
    return Object.fromEntries(Object.entries(sums).map(([name, x]) => [name, x / examples]));
  };
  return Object.assign(evaluate, { dispose: () => step.dispose() });
}

function countOf(measures: Measures): number {
  let count = -1;
  for (const [name, { shape }] of Object.entries(measures)) {
    if (shape.length !== 1 || (count !== -1 && shape[0] !== count)) {
      const want = count === -1 ? "one value an example, [n]" : `one value an example, [${count}]`;
      throw new ShapeError(
        `evaluator: a measure does not fit: ${name} is ${show(shape)}. Give ${want}, as losses ` +
          'with reduction: "none".',
      );
    }
    count = shape[0];
  }
  return count;
}
