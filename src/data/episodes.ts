// Few-shot tasks from a pool of classes: each is a pure function of (key, index), the same in every
// runtime, and its support and query never share an image.

import { ValueError } from "../core/errors";
import { needWhole, optionsOf } from "../core/options";
import { stream } from "../core/random";
import { type ClassPool, countOf } from "./pool";

/** Labelled images: x is [n, height, width, channels] in [0, 1], y is [n] with labels from 0. */
export interface Batch {
  readonly x: Float32Array;
  readonly y: Int32Array;
  readonly shape: readonly [n: number, height: number, width: number, channels: number];
}

/** Which images a task is made of: the class of each label, and the samples of each. */
export interface EpisodeIds {
  readonly index: number;
  readonly classes: readonly number[];
  readonly support: readonly (readonly number[])[];
  readonly query: readonly (readonly number[])[];
}

export interface Episode {
  readonly ids: EpisodeIds;
  readonly support: Batch;
  readonly query: Batch;
}

export interface EpisodeOptions {
  classes: ClassPool;
  /** Classes of a task. */
  way: number;
  /** Support images of each class. */
  shot: number;
  /** Query images of each class. */
  query: number;
  /** The seed: two samplers with the same key and settings give the same tasks. */
  key: number;
}

export interface Episodes {
  (index: number): Episode;
  /** Class and sample numbers of a task, without its images. */
  ids(index: number): EpisodeIds;
  /** The numbers of tasks `start` up to `start + count`, as JSON text. */
  list(start: number, count: number): string;
}

/** A sampler of N-way K-shot tasks: `way` classes without replacement, labelled 0 to way - 1 in
 * random order, `shot` support and `query` query images of each, by label. Throws a ValueError when
 * the pool has fewer classes than `way` or a class fewer images than `shot + query`. */
export function episodes(options: EpisodeOptions): Episodes {
  optionsOf("episodes", options, ["classes", "way", "shot", "query", "key"]);
  const { classes: pool, way, shot, query, key } = options;
  needWhole("episodes", { way, shot, query }, 1);
  if (pool.classes < way) {
    throw new ValueError(
      `episodes: too few classes: way is ${way}, the pool has ${pool.classes}. ` +
        "Use a smaller way or a larger pool.",
    );
  }
  if (pool.perClass < shot + query) {
    const least = pool.names.findIndex((_, c) => countOf(pool, c) < shot + query);
    throw new ValueError(
      `episodes: too few images: shot ${shot} + query ${query} = ${shot + query}, class ` +
        `"${pool.names[least]}" has ${countOf(pool, least)}. Use fewer shots or queries.`,
    );
  }
  const ids = (index: number): EpisodeIds => {
    const random = stream(key, index);
    const chosen = random.choose(pool.classes, way);
    const samples = chosen.map((c) => random.choose(countOf(pool, c), shot + query));
    return {
      index,
      classes: chosen,
      support: samples.map((s) => s.slice(0, shot)),
      query: samples.map((s) => s.slice(shot)),
    };
  };
  const sampler = (index: number): Episode => episodeOf(pool, ids(index));
  const list = (start: number, count: number) =>
    JSON.stringify(Array.from({ length: count }, (_, i) => ids(start + i)));
  return Object.assign(sampler, { ids, list });
}

/** The task that `ids` names; `JSON.parse` of an exported list gives such records. */
export function episodeOf(pool: ClassPool, ids: EpisodeIds): Episode {
  return {
    ids,
    support: gather(pool, ids.classes, ids.support),
    query: gather(pool, ids.classes, ids.query),
  };
}

function gather(
  pool: ClassPool,
  classes: readonly number[],
  samples: readonly (readonly number[])[],
): Batch {
  const { height, width, channels, images, offsets } = pool;
  const size = height * width * channels;
  const n = samples.reduce((sum, list) => sum + list.length, 0);
  const x = new Float32Array(n * size);
  const y = new Int32Array(n);
  let at = 0;
  for (let label = 0; label < classes.length; label++) {
    const c = classes[label];
    for (const sample of samples[label]) {
      if (!(c >= 0 && c < pool.classes && sample >= 0 && sample < countOf(pool, c))) {
        throw new ValueError(
          `episodeOf: no such image: class ${c}, sample ${sample}; the pool has ` +
            `${pool.classes} classes. Use the pool that the list was made from.`,
        );
      }
      const from = (offsets[c] + sample) * size;
      for (let i = 0; i < size; i++) x[at * size + i] = images[from + i] / 255;
      y[at++] = label;
    }
  }
  return { x, y, shape: [n, height, width, channels] };
}
