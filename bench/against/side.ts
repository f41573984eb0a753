// A side of a contest: a library that is handed the inputs as plain arrays and gives back plain
// arrays, so that all can be checked against each other.

import type { HostArray, Input, Role } from "../row";
import type { Candidate } from "../sampling";
import { now } from "../time";
import type { Values } from "../verify";
import type { Contest } from "./contest";

export interface Entry extends Candidate {
  /** Which way of the side it is, "" where there is one. */
  readonly label: string;
  /** Computes once and reads the results, in the order of the library's own. */
  readonly result: () => Promise<Values>;
  readonly end: () => void | Promise<void>;
}

export interface Side {
  readonly name: string;
  /** The ways in which it takes part: none where it has nothing of the kind. */
  readonly enter: (contest: Contest, inputs: readonly HostArray[]) => Promise<Entry[]>;
  readonly close?: () => void | Promise<void>;
}

/** A permutation of axes on host data. */
export function permute<A extends HostArray>(
  data: A,
  shape: readonly number[],
  perm: readonly number[],
): { data: A; shape: number[] } {
  const to = perm.map((axis) => shape[axis]);
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((n, size) => n * size, 1));
  const out = data.slice() as A;
  const at = new Array<number>(to.length).fill(0);
  for (let i = 0; i < out.length; i++) {
    let from = 0;
    for (let k = 0; k < at.length; k++) from += at[k] * strides[perm[k]];
    out[i] = data[from];
    for (let k = at.length - 1; k >= 0 && ++at[k] === to[k]; k--) at[k] = 0;
  }
  return { data: out, shape: to };
}

/** The axes of a role for peers whose channels come first, after `lead` axes of tasks. */
function firstOrder(role: Role, rank: number): number[] {
  const lead = Array.from({ length: rank - 4 }, (_, i) => i);
  const last = role === "image" ? [0, 3, 1, 2] : [3, 2, 0, 1];
  return [...lead, ...last.map((axis) => axis + rank - 4)];
}

/** An input as peers with channels first want it: n c h w, oc c kh kw. */
export function channelsFirst(input: Input, data: HostArray): { data: HostArray; shape: number[] } {
  const shape = input.kind === "key" ? [2] : [...input.shape];
  const role = "role" in input ? input.role : undefined;
  return role === undefined
    ? { data, shape }
    : permute(data, shape, firstOrder(role, shape.length));
}

/** A result of such a peer, of its shape, as the library has it: n h w c, kh kw c oc. */
export function channelsLast(
  data: ArrayLike<number>,
  shape: readonly number[],
  role: Role | undefined,
): ArrayLike<number> {
  if (role === undefined) return data;
  const back = role === "image" ? [0, 2, 3, 1] : [2, 3, 1, 0];
  return permute(Float32Array.from(data), shape, back).data;
}

/** Class numbers as rows with a 1: [..., classes]. */
export function oneHot(labels: HostArray, classes: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(labels.length * classes);
  for (const [i, k] of labels.entries()) out[i * classes + k] = 1;
  return out;
}

/** A candidate whose calls answer at once. */
export function atOnce(call: () => void): Candidate {
  return {
    sample: (count) => {
      const start = now();
      for (let i = 0; i < count; i++) call();
      return now() - start;
    },
  };
}

/** A candidate whose calls are waited for, one after another. */
export function inTime(call: () => Promise<void>): Candidate {
  return {
    sample: async (count) => {
      const start = now();
      for (let i = 0; i < count; i++) await call();
      return now() - start;
    },
  };
}
