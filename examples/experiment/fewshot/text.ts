// Few-shot tasks of sentences: classes of word numbers with where each word stands, and a net whose
// encoder is a convolution over words or a block of a Transformer.

import { data, max, nn, notEqual, scope, slice, where } from "hypergrad";
import type { Domain, Net } from "./domain";
import { type Encoder, type EncoderParams, PLACE, placeEncoder, type Words } from "./encoder";
import { TEST_KEY, VALID_KEY } from "./streams";

/** Sentences of classes. */
export interface TextPool extends Words {
  readonly names: readonly string[];
  /** By class: of each sentence [length, 1 + marks] numbers: a word, 0 for none, and its places. */
  readonly classes: readonly (readonly Int32Array[])[];
  readonly length: number;
}

export interface TextPools {
  readonly train: TextPool;
  readonly valid: TextPool;
  readonly test: TextPool;
}

export interface TextTask {
  readonly support: TextSide;
  readonly query: TextSide;
}

interface TextSide {
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly shape: readonly number[];
}

/** Tasks by index; classes and sentences without replacement. */
export function textTasks(
  pool: TextPool,
  { way, shot, query, seed }: { way: number; shot: number; query: number; seed: number },
): (index: number) => TextTask & { readonly classes: readonly number[] } {
  const wide = 1 + pool.marks;
  return (index) => {
    const random = data.stream(seed, index);
    const chosen = random.choose(pool.classes.length, way);
    const samples = chosen.map((c) => random.choose(pool.classes[c].length, shot + query));
    const side = (from: number, to: number): TextSide => {
      const n = way * (to - from);
      const x = new Int32Array(n * pool.length * wide);
      const y = new Int32Array(n);
      let at = 0;
      for (const [label, c] of chosen.entries()) {
        for (const sample of samples[label].slice(from, to)) {
          x.set(pool.classes[c][sample], at * pool.length * wide);
          y[at++] = label;
        }
      }
      return { x, y, shape: [n, pool.length, wide] };
    };
    return { classes: chosen, support: side(0, shot), query: side(shot, shot + query) };
  };
}

interface TextNetOptions {
  /** Of the embedding of words. Default 50. */
  readonly size?: number;
  readonly filters: number;
  readonly way: number;
  /** Default "convolution". */
  readonly encoder?: Encoder;
}

/** What an encoder sees, its maximum over the words of the sentence. */
export function textNet(words: Words, options: TextNetOptions): Net {
  const { size = 50, filters, way, encoder } = options;
  const { vocabulary, marks, places } = words;
  const seen = placeEncoder({ vocabulary, marks, places, size, filters, encoder });
  const headOf = (outputs: number) => nn.linear(filters, outputs);
  return {
    trunk: {
      init: seen.init,
      apply: (params, x) =>
        scope(() => {
          const there = notEqual(slice(x, [0, 0, 0], [...x.shape.slice(0, 2), 1]), 0);
          return max(where(there, seen.apply(params as EncoderParams, x), LOW), { axis: 1 });
        }),
    },
    head: headOf(way),
    headOf,
  };
}

const LOW = -1e30; // no infinity: its gradient is to be 0, not NaN

export interface TextDomainOptions {
  readonly name: string;
  readonly pools: TextPools;
  readonly shot: number;
  readonly query?: number;
  readonly size?: number;
  readonly filters: number;
  /** Default "convolution". */
  readonly encoder?: Encoder;
  readonly steps: number;
  readonly innerLr: number;
  readonly outerLr?: number;
  readonly tasks?: number;
  readonly testTasks: number;
  readonly validTasks?: number;
  readonly threshold: number;
}

export function textDomain(options: TextDomainOptions): Domain {
  const { name, pools, shot, query = 2, steps, innerLr, outerLr = 1e-3, tasks = 4 } = options;
  const { testTasks, validTasks, threshold, size = 50, filters, encoder = "convolution" } = options;
  const way = 5;
  const { train, valid, test } = pools;
  const stream =
    (pool: TextPool) =>
    (seed: number, own = shot) =>
      textTasks(pool, { way, shot: own, query, seed });
  const net = textNet(train, { size, filters, way, encoder });
  const labelled = (seed: number) => {
    const draw = textTasks(train, { way, shot, query, seed });
    return (index: number) => {
      const task = draw(index);
      const named = (side: TextSide): TextSide => ({
        ...side,
        y: side.y.map((label) => task.classes[label]),
      });
      return { ...task, support: named(task.support), query: named(task.query) };
    };
  };
  const placed = train.marks === 0 ? "" : ` and ${PLACE} for each of ${train.marks} places of it`;
  return {
    ...{ name, kind: "images", net, way, shot, query, steps, testSteps: steps, innerLr, outerLr },
    ...{ metaBatch: tasks, testTasks, validTasks, threshold },
    moves: (path) => !path.includes("tables"),
    about:
      `${name}: ${train.names.length} training, ${valid.names.length} validation and ` +
      `${test.names.length} test classes, ${way}-way ${shot}-shot, ${query} query a class, ` +
      `embedding of ${size} numbers a word${placed}, learned from nothing, ${encoder}, ` +
      `${filters} features, maximum; no task moves the embeddings; ${tasks} ` +
      `tasks a meta-step, inner rate ${innerLr}, outer rate ${outerLr}`,
    train: stream(train),
    valid: stream(valid)(VALID_KEY),
    test: stream(test)(TEST_KEY),
    joint: { classes: train.names.length, stream: labelled },
  };
}

const MEANINGS = 40;
const SYNONYMS = 5;

/** Classes that are kinds of sentences: each is about four meanings of forty, which all pools
 * share; a sentence says them by any of five words each, among words that mean nothing. */
export function sentencePool(classes: number, seed: number): TextPool {
  const [length, about, said, perClass] = [12, 4, 5, 24];
  const meaningful = MEANINGS * SYNONYMS;
  const vocabulary = 1 + meaningful + 100;
  const random = data.stream(seed, 0);
  const all = Array.from({ length: classes }, () => {
    const own = random.choose(MEANINGS, about);
    return Array.from({ length: perClass }, () => {
      const sentence = Int32Array.from({ length }, () => 1 + meaningful + random.integer(100));
      for (const place of random.choose(length, said)) {
        sentence[place] = 1 + own[random.integer(about)] * SYNONYMS + random.integer(SYNONYMS);
      }
      return sentence;
    });
  });
  const names = all.map((_, c) => `kind ${c}`);
  return { names, classes: all, length, vocabulary, marks: 0, places: 0 };
}
