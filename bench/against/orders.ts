// Derivatives of every order of f(x) = Σ op(x)³ along one direction: by nesting a library's own
// gradients, and, as the truth, by differences of the float64 reference's values alone.

/** The little that nesting needs of a library. */
export interface Nesting<T> {
  mul(a: T, b: T): T;
  add(a: T, b: T): T;
  sum(a: T): T;
  /** Gradients by every input. */
  grads(f: (xs: T[]) => T, xs: T[]): T[];
}

/** x → Σ op(x)³, then its derivative along `direction`, and so on up to `order`. */
export function derivative<T>(
  o: Nesting<T>,
  op: (xs: T[]) => T,
  direction: T[],
  order: number,
): (xs: T[]) => T {
  if (order === 0) {
    return (xs) => {
      const y = op(xs);
      return o.sum(o.mul(o.mul(y, y), y));
    };
  }
  const lower = derivative(o, op, direction, order - 1);
  return (xs) =>
    o
      .grads(lower, xs)
      .map((g, i) => o.sum(o.mul(g, direction[i])))
      .reduce((a, b) => o.add(a, b));
}

/** Steps on either side at which the truth is sampled: the widest is 4 · STEP. */
export const STEP = 0.01;

/** Weights of f(-4h) … f(4h) for the first three derivatives; exact for polynomials of degree 8. */
const WEIGHTS = [
  [1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280],
  [-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560],
  [-7 / 240, 3 / 10, -169 / 120, 61 / 30, 0, -61 / 30, 169 / 120, -3 / 10, 7 / 240],
];

/** Value and first three derivatives at 0 from values at -4 STEP … 4 STEP. */
export function differences(values: readonly number[]): number[] {
  const slopes = WEIGHTS.map((row, k) => {
    const sum = row.reduce((total, w, i) => total + w * values[i], 0);
    return sum / STEP ** (k + 1);
  });
  return [values[4], ...slopes];
}
