// Columns as numbers that a network takes: what scales them is taken from the training rows alone,
// so that no test row has a say.

import { ValueError } from "../core/errors";
import type { CategoryColumn, NumberColumn } from "./table";

export interface Features {
  /** Numbers of a row. */
  readonly width: number;
  /** What each of them is: `Age`, `Age missing`, `Sex=male`. */
  readonly names: readonly string[];
  /** The rows of these numbers, [ids.length, width]. */
  rows(ids: readonly number[]): Float32Array;
}

/**
 * Numbers less their mean, by their deviation, both over the rows `train`; a missing one is the
 * mean, and where one is missing among `train`, a second number says so. A category is 1 at its own
 * place and 0 at the others; a missing one is 0 everywhere.
 * @throws ValueError without a training row
 */
export function tableFeatures(
  columns: Readonly<Record<string, NumberColumn | CategoryColumn>>,
  train: readonly number[],
): Features {
  if (train.length === 0) {
    throw new ValueError("tableFeatures: no training rows: scales are taken from them. Give some.");
  }
  const names: string[] = [];
  const writers: ((id: number, out: Float32Array, at: number) => void)[] = [];
  for (const [name, column] of Object.entries(columns)) {
    if (column.kind === "category") {
      const { values } = column;
      const from = names.length;
      names.push(...column.names.map((category) => `${name}=${category}`));
      writers.push((id, out, at) => {
        if (values[id] >= 0) out[at + from + values[id]] = 1;
      });
      continue;
    }
    const { values } = column;
    const known = train.map((id) => values[id]).filter((v) => !Number.isNaN(v));
    const mean = known.reduce((sum, v) => sum + v, 0) / Math.max(1, known.length);
    const square = known.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, known.length);
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    const from = names.push(name) - 1;
    const gap = known.length < train.length ? names.push(`${name} missing`) - 1 : -1;
    writers.push((id, out, at) => {
      const v = values[id];
      if (!Number.isNaN(v)) out[at + from] = (v - mean) * scale;
      else if (gap >= 0) out[at + gap] = 1;
    });
  }
  const width = names.length;
  return {
    width,
    names,
    rows: (ids) => {
      const out = new Float32Array(ids.length * width);
      for (const [n, id] of ids.entries()) for (const write of writers) write(id, out, n * width);
      return out;
    },
  };
}
