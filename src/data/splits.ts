// Which examples are for what: drawn by seed, and plain values that JSON keeps, so that a split can
// be written down beside a result.

import { ValueError } from "../core/errors";
import { stream } from "../core/random";

/** A split as it is written down. */
export interface Split {
  readonly count: number;
  readonly seed: number;
  /** Numbers of the examples of each part. */
  readonly parts: Readonly<Record<string, readonly number[]>>;
}

export interface SplitOptions {
  /** Examples there are. */
  readonly count: number;
  readonly seed: number;
  /** Examples of each part by name; what is left over belongs to none. */
  readonly parts: Readonly<Record<string, number>>;
  /** Labels of the examples: every part then has about the same share of each. */
  readonly labels?: ArrayLike<number>;
}

/** Parts of the examples 0 to count − 1 without a common one. Throws a ValueError when they are
 * more than there are. */
export function splitExamples({ count, seed, parts, labels }: SplitOptions): Split {
  const sizes = Object.entries(parts);
  const wanted = sizes.reduce((sum, [, n]) => sum + n, 0);
  if (!sizes.every(([, n]) => Number.isInteger(n) && n >= 0) || wanted > count) {
    const list = sizes.map(([name, n]) => `${name} ${n}`).join(", ");
    throw new ValueError(
      `splitExamples: the parts do not fit: ${list}, there are ${count} examples. Use whole ` +
        `numbers that add up to ${count} or less.`,
    );
  }
  const order = ordered("splitExamples", count, seed, labels);
  const made: Record<string, number[]> = {};
  let from = 0;
  for (const [name, n] of sizes) {
    made[name] = order.slice(from, from + n);
    from += n;
  }
  return { count, seed, parts: made };
}

export interface FoldOptions {
  readonly count: number;
  readonly seed: number;
  /** Default 5. */
  readonly folds?: number;
  /** Labels of the examples: every fold then has about the same share of each. */
  readonly labels?: ArrayLike<number>;
}

/** Splits for cross-validation: in the k-th, "test" is the k-th fold and "train" all others. Each
 * example is tested once. */
export function folds({ count, seed, folds = 5, labels }: FoldOptions): Split[] {
  if (!Number.isInteger(folds) || folds < 2 || folds > count) {
    throw new ValueError(
      `folds: no such number of folds: ${folds}, there are ${count} examples. Use 2 to ${count}.`,
    );
  }
  const order = ordered("folds", count, seed, labels);
  return Array.from({ length: folds }, (_, k) => {
    const start = Math.round((k * count) / folds);
    const end = Math.round(((k + 1) * count) / folds);
    const train = [...order.slice(0, start), ...order.slice(end)];
    return { count, seed, parts: { train, test: order.slice(start, end) } };
  });
}

/** The examples in random order; with labels, every stretch has all labels in their share. */
function ordered(
  name: string,
  count: number,
  seed: number,
  labels: ArrayLike<number> | undefined,
): number[] {
  const order = stream(seed, 0).choose(count, count);
  if (labels === undefined) return order;
  if (labels.length !== count) {
    throw new ValueError(
      `${name}: labels and examples differ: ${labels.length} labels, ${count} examples. Give one ` +
        "label an example.",
    );
  }
  const groups = new Map<number, number[]>();
  for (const id of order) {
    const group = groups.get(labels[id]);
    if (group === undefined) groups.set(labels[id], [id]);
    else group.push(id);
  }
  // The k-th of n of a label stands at (k + ½) / n of the whole.
  const placed = [...groups.values()].flatMap((group) =>
    group.map((id, k) => ({ id, at: (k + 0.5) / group.length })),
  );
  return placed.sort((a, b) => a.at - b.at).map(({ id }) => id);
}
