// Few-shot tasks of sentences: classes of word numbers with where each word stands, and an encoder
// of embeddings and a convolution over words.

import { concat, data, nn, relu, reshape, scope, slice, split, type Tensor } from "hypergrad";
import type { Domain, Net } from "./domain";

/** Sentences of classes. */
export interface TextPool {
  readonly names: readonly string[];
  /** By class: of each sentence [length, 1 + marks] numbers: a word, 0 for none, and its places. */
  readonly classes: readonly (readonly Int32Array[])[];
  readonly length: number;
  readonly vocabulary: number;
  /** Places that each word has, such as how far it is from an entity. */
  readonly marks: number;
  /** Every place is below it. */
  readonly places: number;
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

export interface TextNetOptions {
  /** Of the embedding of words. Default 50. */
  readonly size?: number;
  readonly filters: number;
  readonly way: number;
}

const PLACE = 5; // numbers of a place's embedding

/** Embeddings of words and places, convolution over three words, ReLU, the maximum over the
 * sentence (Zeng et al. 2014). */
export function textNet(
  { vocabulary, marks, places }: TextPool,
  { size = 50, filters, way }: TextNetOptions,
): Net {
  const tables = [nn.embedding(vocabulary, size, { std: 0.2 })];
  for (let m = 0; m < marks; m++) tables.push(nn.embedding(places, PLACE, { std: 0.2 }));
  const rest = nn.sequential(
    nn.conv1d(size + marks * PLACE, filters, { size: 3, padding: 1 }),
    relu,
    nn.globalMaxPool(),
  );
  const headOf = (outputs: number) => nn.linear(filters, outputs);
  type Params = { tables: nn.EmbeddingParams[]; rest: never };
  return {
    trunk: {
      init: (key) =>
        scope(() => {
          const [last, ...keys] = split(key, 1 + tables.length);
          return { tables: tables.map((t, i) => t.init(keys[i])), rest: rest.init(last) };
        }),
      apply: (params, x) => {
        const p = params as Params;
        const [n, length] = x.shape;
        const column = (i: number): Tensor =>
          reshape(slice(x, [0, 0, i], [n, length, 1]), [n, length]);
        const seen = tables.map((table, i) => table.apply(p.tables[i], column(i)));
        return rest.apply(p.rest, concat(seen, 2));
      },
    },
    head: headOf(way),
    headOf,
  };
}

export interface TextDomainOptions {
  readonly name: string;
  readonly pools: TextPools;
  readonly shot: number;
  readonly query?: number;
  readonly size?: number;
  readonly filters: number;
  readonly steps: number;
  readonly innerLr: number;
  readonly outerLr?: number;
  readonly tasks?: number;
  readonly testTasks: number;
  readonly threshold: number;
}

const TEST_KEY = 2 ** 40;
const VALID_KEY = 2 ** 41;

export function textDomain(options: TextDomainOptions): Domain {
  const { name, pools, shot, query = 2, steps, innerLr, outerLr = 1e-3, tasks = 4 } = options;
  const { testTasks, threshold, size = 50, filters } = options;
  const way = 5;
  const { train, valid, test } = pools;
  const stream =
    (pool: TextPool) =>
    (seed: number, own = shot) =>
      textTasks(pool, { way, shot: own, query, seed });
  const net = textNet(train, { size, filters, way });
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
    ...{ metaBatch: tasks, testTasks, threshold },
    moves: (path) => !path.includes("tables"),
    about:
      `${name}: ${train.names.length} training, ${valid.names.length} validation and ` +
      `${test.names.length} test classes, ${way}-way ${shot}-shot, ${query} query a class, ` +
      `embedding of ${size} numbers a word${placed}, learned from nothing, convolution of ` +
      `${filters} filters over three words, maximum; no task moves the embeddings; ${tasks} ` +
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
