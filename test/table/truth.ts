// Arrays of numbers in plain JavaScript, in which the table's truths are written; nothing of the
// library is used, so that no truth can share its mistakes.

/** Numbers in row-major order. Every truth is worked out in float64. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export type Truth = (...xs: Values[]) => Values | readonly Values[];

export const count = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

/** The array whose element at each index is `f(...index)`. */
export function build(shape: readonly number[], f: (...index: number[]) => number): Values {
  const data = Array.from({ length: count(shape) }, (_, at) => f(...unfold(at, shape)));
  return { shape, data };
}

/** The index of the element at a place. */
function unfold(at: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = at;
  for (let i = shape.length - 1; i >= 0; i--) {
    index[i] = rest % shape[i];
    rest = Math.floor(rest / shape[i]);
  }
  return index;
}

/** The element at an index; 0 outside of the array, as padding is. */
export function at(x: Values, ...index: readonly number[]): number {
  let place = 0;
  for (let i = 0; i < x.shape.length; i++) {
    if (index[i] < 0 || index[i] >= x.shape[i]) return 0;
    place = place * x.shape[i] + index[i];
  }
  return x.data[place];
}

/** f(0) + … + f(n − 1). */
export function total(n: number, f: (i: number) => number): number {
  let s = 0;
  for (let i = 0; i < n; i++) s += f(i);
  return s;
}

export const add = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
export const mean = (list: readonly number[]) => add(list) / list.length;
export const times = (list: readonly number[]) => list.reduce((a, b) => a * b, 1);

/** A scalar function over arrays that broadcast as in NumPy. */
export function each(f: (...xs: number[]) => number): Truth {
  return (...xs) => {
    const rank = Math.max(...xs.map((x) => x.shape.length));
    const sizes = (x: Values) => [...new Array(rank - x.shape.length).fill(1), ...x.shape];
    const shape = Array.from({ length: rank }, (_, i) => {
      const own = xs.map((x) => sizes(x)[i]);
      return own.find((d) => d !== 1) ?? 1;
    });
    return build(shape, (...index) =>
      f(
        ...xs.map((x) => {
          const from = index.slice(rank - x.shape.length);
          return at(x, ...from.map((j, i) => (x.shape[i] === 1 ? 0 : j)));
        }),
      ),
    );
  };
}

/** A function of all elements along some axes, from 0; all axes where none are given. */
export function over(
  f: (list: readonly number[]) => number,
  axes?: readonly number[],
  keep = false,
): Truth {
  return (x) => {
    const out = axes ?? x.shape.map((_, i) => i);
    const wide = x.shape.map((d, i) => (out.includes(i) ? 1 : d));
    const inner = x.shape.map((d, i) => (out.includes(i) ? d : 1));
    const y = build(wide, (...base) =>
      f(build(inner, (...step) => at(x, ...base.map((b, i) => b + step[i]))).data),
    );
    return keep ? y : { ...y, shape: x.shape.filter((_, i) => !out.includes(i)) };
  };
}

/** An index with another place along one axis. */
export const put = (index: readonly number[], axis: number, j: number) =>
  index.map((i, a) => (a === axis ? j : i));

/** A function of each row along an axis that gives a row. */
export function rows(f: (list: readonly number[]) => readonly number[], axis: number): Truth {
  return (x) => {
    const n = x.shape[axis];
    const lead = x.shape.map((d, i) => (i === axis ? 1 : d));
    const made = new Map<string, readonly number[]>();
    build(lead, (...base) => {
      const list = Array.from({ length: n }, (_, j) => at(x, ...put(base, axis, j)));
      made.set(base.join(), f(list));
      return 0;
    });
    const size = made.values().next().value?.length ?? n;
    const shape = x.shape.map((d, i) => (i === axis ? size : d));
    return build(shape, (...index) => made.get(put(index, axis, 0).join())![index[axis]]);
  };
}

/** 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (1 · 3 ⋯ (2n + 1)): all terms have one sign. */
export function erf(x: number): number {
  if (x !== x || x === 0) return x;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let s = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(s); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    s += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * s;
}

/** The x whose erf is y, by halving an interval and then by Newton's rule. */
export function erfInv(y: number): number {
  if (!(Math.abs(y) < 1)) return Math.abs(y) === 1 ? y * Number.POSITIVE_INFINITY : Number.NaN;
  let [low, high] = [-6, 6];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (erf(middle) < y) low = middle;
    else high = middle;
  }
  let x = (low + high) / 2;
  for (let i = 0; i < 3; i++) x -= ((erf(x) - y) * Math.sqrt(Math.PI) * Math.exp(x * x)) / 2;
  return x;
}
