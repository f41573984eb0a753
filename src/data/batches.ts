// Batches of examples in an order by seed: which examples make batch i of epoch e is a pure
// function of (seed, e, i), so that a training can begin again anywhere.

import { brief, ValueError } from "../core/errors";
import { needWhole, optionsOf } from "../core/options";
import { type Stream, stream } from "../core/random";
import type { Tensor } from "../tensor/tensor";
import type { HostArray } from "./safetensors";
import { hostTensor } from "./tensors";

/** One batch on the host: arrays by name. */
export type HostBatch<K extends string = string> = Readonly<Record<K, HostArray>>;

/** One batch on a device. */
export type BatchTensors<K extends string = string> = Readonly<Record<K, Tensor>>;

/** What decides the batches, as JSON: written down beside a training's state. */
export interface BatchSettings {
  readonly count: number;
  readonly size: number;
  /** null: no shuffling, the examples' own order. */
  readonly seed: number | null;
  readonly partial: boolean;
  readonly grouped: boolean;
}

export interface Batches<K extends string = string> {
  /** Batches of an epoch. */
  readonly perEpoch: number;
  readonly settings: BatchSettings;
  /** The numbers of the examples of a batch. */
  ids(epoch: number, index: number): readonly number[];
  at(epoch: number, index: number): HostBatch<K> | Promise<HostBatch<K>>;
}

export interface BatchOptions<K extends string = string> {
  /** Examples there are. */
  readonly count: number;
  /** Examples of a batch. */
  readonly size: number;
  /** Shuffles every epoch by this seed. Without it the examples come in their own order. */
  readonly seed?: number;
  /** Whether a last, smaller batch is one. Default: only without a seed. */
  readonly partial?: boolean;
  /** Lengths of the examples: batches are then made of examples of about the same length, drawn
   * from 50 batches at a time. */
  readonly lengths?: ArrayLike<number>;
  /** Makes a batch of examples; `random` is the batch's own, for augmentation. */
  readonly collate: (
    ids: readonly number[],
    random: Stream,
  ) => HostBatch<K> | Promise<HostBatch<K>>;
}

/** Batches that are sorted by length at a time. */
const POOL = 50;
/** Streams from here on are of batches; those below of epochs. */
const BATCH_STREAMS = 2 ** 32;

/**
 * Batches of `size` out of `count` examples. Throws a ValueError for sizes below 1, lengths that
 * are not one an example, and when no whole batch can be made.
 */
export function batches<K extends string>(options: BatchOptions<K>): Batches<K> {
  optionsOf("batches", options, ["count", "size", "seed", "partial", "lengths", "collate"]);
  const { count, size, seed, lengths, collate, partial = seed === undefined } = options;
  needWhole("batches", { count, size }, 1);
  if (typeof collate !== "function") {
    throw new TypeError(
      `batches: collate is no function: ${brief(collate)}. Write (ids) => ({ x: { data, ` +
        "shape } }).",
    );
  }
  if (lengths !== undefined && lengths.length !== count) {
    throw new ValueError(
      `batches: lengths and examples differ: ${lengths.length} lengths, ${count} examples. ` +
        "Give one length an example.",
    );
  }
  const perEpoch = partial ? Math.ceil(count / size) : Math.floor(count / size);
  if (perEpoch === 0) {
    throw new ValueError(
      `batches: no whole batch: size is ${size}, there are ${count} examples. Use a smaller ` +
        "size, or partial: true.",
    );
  }
  let known: { epoch: number; order: readonly number[][] } | null = null;
  const orderOf = (epoch: number) => {
    if (known?.epoch === epoch) return known.order;
    const order = arrange(count, size, perEpoch, lengths, seed, epoch);
    known = { epoch, order };
    return order;
  };
  const ids = (epoch: number, index: number) => {
    if (!(Number.isInteger(index) && index >= 0 && index < perEpoch)) {
      throw new ValueError(
        `batches: no such batch: ${index}; an epoch has ${perEpoch}. Use 0 to ${perEpoch - 1}.`,
      );
    }
    return orderOf(seed === undefined ? 0 : epoch)[index];
  };
  return {
    perEpoch,
    settings: { count, size, seed: seed ?? null, partial, grouped: lengths !== undefined },
    ids,
    at: (epoch, index) =>
      collate(ids(epoch, index), stream(seed ?? 0, BATCH_STREAMS + epoch * perEpoch + index)),
  };
}

function arrange(
  count: number,
  size: number,
  perEpoch: number,
  lengths: ArrayLike<number> | undefined,
  seed: number | undefined,
  epoch: number,
): number[][] {
  const all = Array.from({ length: count }, (_, i) => i);
  const random = seed === undefined ? null : stream(seed, epoch);
  random?.shuffle(all);
  if (lengths !== undefined) {
    const pool = random === null ? count : POOL * size;
    for (let from = 0; from < count; from += pool) {
      const part = all.slice(from, from + pool).sort((a, b) => lengths[a] - lengths[b]);
      for (const [i, id] of part.entries()) all[from + i] = id;
    }
  }
  const made = Array.from({ length: perEpoch }, (_, i) => all.slice(i * size, (i + 1) * size));
  // Else every pool would begin with its shortest examples.
  if (lengths !== undefined) random?.shuffle(made);
  return made;
}

/**
 * The tensors of a batch, on the current device; the caller owns them.
 * @throws TypeError that names the array which is none
 */
export function batchTensors<K extends string>(batch: HostBatch<K>): Record<K, Tensor> {
  const arrays = Object.entries<HostArray>(batch);
  for (const [name, x] of arrays) {
    if (ArrayBuffer.isView(x?.data) && Array.isArray(x.shape)) continue;
    throw new TypeError(
      `batch: "${name}" is no host array: ${String(x)}. Let collate give { data, shape }, data a ` +
        "Float32Array or Int32Array.",
    );
  }
  const made = arrays.map(([name, x]) => [name, hostTensor(x)]);
  return Object.fromEntries(made) as Record<K, Tensor>;
}

/**
 * The batches of an epoch from batch `from` on, `ahead` of them being made while an earlier one is
 * in use: on the host, while a device computes. Left early, what was begun is dropped.
 */
export async function* prefetch<K extends string>(
  source: Batches<K>,
  { epoch, from = 0, ahead = 2 }: { epoch: number; from?: number; ahead?: number },
): AsyncGenerator<HostBatch<K>, void, void> {
  const begun: Promise<HostBatch<K>>[] = [];
  let next = from;
  const begin = () => {
    const index = next++;
    const made = Promise.resolve().then(() => source.at(epoch, index));
    made.catch(() => {}); // thrown where the batch is asked for
    begun.push(made);
  };
  for (let i = from; i < source.perEpoch; i++) {
    while (next < source.perEpoch && begun.length <= ahead) begin();
    yield await (begun.shift() as Promise<HostBatch<K>>);
  }
}
