// Supervised problems that base networks are trained on: three parts by seed, all examples of a
// part in one array, and a network of a given size.

import type { data, nn } from "hypergrad";

export interface Part {
  /** One example after the other: float32 numbers, or int32 symbols. */
  readonly x: Float32Array | Int32Array;
  readonly y: Int32Array;
}

export interface Size {
  /** Units of hidden layers, or filters of the first convolution. Default: the problem's. */
  readonly units?: number;
  readonly layers?: number;
  readonly dropout?: number;
}

export interface Problem {
  readonly name: string;
  readonly about: string;
  /** Of one example. */
  readonly shape: readonly number[];
  readonly classes: number;
  readonly train: Part;
  readonly valid: Part;
  readonly test: Part;
  /** Inputs [b, ...shape] to logits [b, classes]. */
  net(size?: Size): nn.Layer;
  /** Examples of a batch. */
  readonly batch: number;
  /** Validation accuracy that counts as arrived. */
  readonly threshold: number;
}

export const countOf = ({ y }: Part): number => y.length;

/** Examples drawn one by one, dealt into three parts. */
export function dealt(
  counts: readonly [train: number, valid: number, test: number],
  width: number,
  whole: boolean,
  draw: (i: number, x: Float32Array | Int32Array) => number,
): [Part, Part, Part] {
  let next = 0;
  const part = (count: number): Part => {
    const x = whole ? new Int32Array(count * width) : new Float32Array(count * width);
    const y = new Int32Array(count);
    for (let i = 0; i < count; i++) y[i] = draw(next++, x.subarray(i * width, (i + 1) * width));
    return { x, y };
  };
  return [part(counts[0]), part(counts[1]), part(counts[2])];
}

/** Examples of arrays, by number, dealt into three parts. */
export function chosen(
  ids: readonly number[],
  counts: readonly [number, number, number],
  width: number,
  from: { readonly x: Float32Array | Int32Array; readonly y: ArrayLike<number> },
): [Part, Part, Part] {
  return dealt(counts, width, from.x instanceof Int32Array, (i, x) => {
    x.set(from.x.subarray(ids[i] * width, (ids[i] + 1) * width));
    return from.y[ids[i]];
  });
}

/** Rows of numbers in random order, a function of the seed. */
export const shuffled = (stream: data.Stream, count: number): number[] =>
  stream.shuffle(Array.from({ length: count }, (_, i) => i));
