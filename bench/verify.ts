// Whether a result is right: compared with the reference device's, before anything is timed.

import { dispose, leaves, type Tensor, type Tree } from "hypergrad";
import { type Row, tensors, WITHIN } from "./row";

/** The values of a tree's leaves, in order. */
export type Values = readonly ArrayLike<number>[];

export async function valuesOf(tree: Tree): Promise<Values> {
  const values: ArrayLike<number>[] = [];
  for (const leaf of leaves(tree)) values.push(await leaf.data());
  return values;
}

/** A row's arguments on the current device. */
export function argumentsOf(row: Pick<Row, "inputs" | "prepare">): Tensor[] {
  const made = tensors(row.inputs);
  if (row.prepare === undefined) return made;
  const args = row.prepare(...made);
  for (const x of made) if (!args.includes(x)) x.dispose();
  return args;
}

/** What a row gives on the current device, which should be the reference. */
export async function truthOf(row: Row): Promise<Values> {
  const args = argumentsOf(row);
  const y = (row.truth ?? row.f)(...args);
  const values = await valuesOf(y);
  dispose([...leaves(y), ...args]);
  return values;
}

/** A leaf this much smaller than the largest is what float64's roundings leave of zero: such as the
 * gradient of a bias before a norm. */
const NOTHING = 1e-9;

const largest = (list: ArrayLike<number>) => {
  let most = 0;
  for (let i = 0; i < list.length; i++) most = Math.max(most, Math.abs(list[i]));
  return most;
};

/** The largest difference of two results' elements, as a share of the leaf's largest element; of a
 * leaf that is zero, as a share of the largest element of all. */
export function errorOf(values: Values, truth: Values): number {
  if (values.length !== truth.length) return Number.POSITIVE_INFINITY;
  const most = truth.map(largest);
  const all = Math.max(0, ...most);
  let worst = 0;
  for (const [k, want] of truth.entries()) {
    const got = values[k];
    if (got.length !== want.length) return Number.POSITIVE_INFINITY;
    let off = 0;
    for (let i = 0; i < want.length; i++) {
      const d = Math.abs(got[i] - want[i]);
      if (Number.isNaN(d)) return Number.POSITIVE_INFINITY;
      off = Math.max(off, d);
    }
    const scale = most[k] < NOTHING * all ? all : most[k];
    if (off > 0) worst = Math.max(worst, off / scale);
  }
  return worst;
}

/** "" when the error is within what the row allows, else what is wrong. */
export function judge(error: number, within: Row["within"]): string {
  if (error <= WITHIN[within]) return "";
  return `wrong: off by ${error.toExponential(1)} of the largest element`;
}
