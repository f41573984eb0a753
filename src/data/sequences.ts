// Sequences of different lengths as one padded batch with a mask: what stands past a sequence's end
// is padding, and the mask says so.

import { ValueError } from "../core/errors";
import type { HostBatch } from "./batches";
import type { HostArray } from "./safetensors";
import { PADDING } from "./vocabulary";

export interface SequenceOptions {
  /** Steps of the batch. Default: those of the longest, up to a multiple of `multiple`. */
  readonly steps?: number;
  /** Lengths are padded to a multiple of it: each new length makes a new program. Default 1. */
  readonly multiple?: number;
}

function stepsOf(
  name: string,
  lengths: readonly number[],
  ids: readonly number[],
  { steps, multiple = 1 }: SequenceOptions,
): number {
  const empty = lengths.indexOf(0);
  if (empty >= 0) {
    throw new ValueError(
      `${name}: sequence ${ids[empty]} is empty: its length is 0. Leave it out, or give it a step.`,
    );
  }
  const longest = lengths.reduce((a, b) => Math.max(a, b), 1);
  if (steps !== undefined && longest > steps) {
    throw new ValueError(
      `${name}: sequence ${ids[lengths.indexOf(longest)]} is too long: ${longest} steps, there ` +
        `are ${steps}. Cut it, or use more steps.`,
    );
  }
  return steps ?? Math.ceil(longest / multiple) * multiple;
}

type SequenceBatch = HostBatch<"x" | "lengths" | "mask">;

/** Sequences padded to t steps, with how many each has, as a number and as a mask. */
function padded(x: HostArray, lengths: readonly number[], t: number): SequenceBatch {
  const b = lengths.length;
  const mask = new Uint8Array(b * t);
  for (const [n, length] of lengths.entries()) mask.fill(1, n * t, n * t + length);
  return {
    x,
    lengths: { data: Int32Array.from(lengths), shape: [b] },
    mask: { data: mask, shape: [b, t], bool: true },
  };
}

/**
 * x int32 [b, t], padded by 0, lengths int32 [b] and mask bool [b, t] of the sequences `ids`.
 * @throws ValueError that names the sequence when it is empty or too long, and its place when a
 * symbol is none of 0 to vocabulary − 1
 */
export function symbolBatch(
  sequences: readonly ArrayLike<number>[],
  ids: readonly number[],
  { vocabulary, ...options }: SequenceOptions & { readonly vocabulary: number },
): SequenceBatch {
  const lengths = ids.map((id) => sequences[id].length);
  const t = stepsOf("symbolBatch", lengths, ids, options);
  const x = new Int32Array(ids.length * t).fill(PADDING);
  for (const [n, id] of ids.entries()) {
    const own = sequences[id];
    for (let i = 0; i < own.length; i++) {
      const symbol = own[i];
      if (!(Number.isInteger(symbol) && symbol >= 0 && symbol < vocabulary)) {
        throw new ValueError(
          `symbolBatch: sequence ${id} has no symbol at place ${i}: ${symbol}, the vocabulary ` +
            `has ${vocabulary}. Use 0 to ${vocabulary - 1}.`,
        );
      }
      x[n * t + i] = symbol;
    }
  }
  return padded({ data: x, shape: [ids.length, t] }, lengths, t);
}

/**
 * x float32 [b, t, features], padded by 0, lengths int32 [b] and mask bool [b, t] of the sequences
 * `ids`, each [steps, features].
 * @throws ValueError that names the sequence when it is empty, too long, or of other features
 */
export function frameBatch(
  sequences: readonly HostArray[],
  ids: readonly number[],
  options: SequenceOptions = {},
): SequenceBatch {
  const lengths = ids.map((id) => sequences[id].shape[0]);
  const t = stepsOf("frameBatch", lengths, ids, options);
  const features = sequences[ids[0]]?.shape[1] ?? 0;
  const x = new Float32Array(ids.length * t * features);
  for (const [n, id] of ids.entries()) {
    const { data, shape } = sequences[id];
    if (shape.length !== 2 || shape[1] !== features) {
      throw new ValueError(
        `frameBatch: sequence ${id} does not fit: it is [${shape.join(", ")}]. Give ` +
          `[steps, ${features}], as sequence ${ids[0]}.`,
      );
    }
    x.set(data, n * t * features);
  }
  return padded({ data: x, shape: [ids.length, t, features] }, lengths, t);
}
