// Few-shot tasks of sentences: classes of word numbers, and an encoder of embeddings and a
// convolution over words.

import { data, nn, relu, split } from "hypergrad";
import type { Domain, Net } from "./domain";

/** Sentences of one class, each `length` numbers of words; 0 is no word. */
export interface TextPool {
  readonly names: readonly string[];
  readonly classes: readonly (readonly Int32Array[])[];
  readonly length: number;
  readonly vocabulary: number;
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
  return (index) => {
    const random = data.stream(seed, index);
    const chosen = random.choose(pool.classes.length, way);
    const samples = chosen.map((c) => random.choose(pool.classes[c].length, shot + query));
    const side = (from: number, to: number): TextSide => {
      const n = way * (to - from);
      const x = new Int32Array(n * pool.length);
      const y = new Int32Array(n);
      let at = 0;
      for (const [label, c] of chosen.entries()) {
        for (const sample of samples[label].slice(from, to)) {
          x.set(pool.classes[c][sample], at * pool.length);
          y[at++] = label;
        }
      }
      return { x, y, shape: [n, pool.length] };
    };
    return { classes: chosen, support: side(0, shot), query: side(shot, shot + query) };
  };
}

/** Embedding, convolution over three words, ReLU, the maximum over the sentence. */
export function textNet(vocabulary: number, way: number, size = 24, filters = 48): Net {
  const words = nn.embedding(vocabulary, size);
  const rest = nn.sequential(
    nn.conv1d(size, filters, { size: 3, padding: 1 }),
    relu,
    nn.globalMaxPool(),
  );
  const headOf = (outputs: number) => nn.linear(filters, outputs);
  return {
    trunk: {
      init: (key) => {
        const [a, b] = split(key, 2);
        return { words: words.init(a), rest: rest.init(b) };
      },
      apply: (params, x) => {
        const p = params as { words: never; rest: never };
        return rest.apply(p.rest, words.apply(p.words, x));
      },
    },
    head: headOf(way),
    headOf,
  };
}

export interface TextDomainOptions {
  readonly name: string;
  readonly pools: { readonly train: TextPool; readonly valid: TextPool; readonly test: TextPool };
  readonly shot: number;
  readonly query?: number;
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
  const { testTasks, threshold } = options;
  const way = 5;
  const { train, valid, test } = pools;
  const stream =
    (pool: TextPool) =>
    (seed: number, own = shot) =>
      textTasks(pool, { way, shot: own, query, seed });
  const net = textNet(train.vocabulary, way);
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
  return {
    ...{ name, kind: "images", net, way, shot, query, steps, testSteps: steps, innerLr, outerLr },
    ...{ metaBatch: tasks, testTasks, threshold },
    about:
      `${name}: ${train.names.length} training, ${valid.names.length} validation and ` +
      `${test.names.length} test classes, ${way}-way ${shot}-shot, ${query} query a class, ` +
      `embedding 24, convolution of 48 filters over three words, maximum`,
    train: stream(train),
    valid: stream(valid)(VALID_KEY),
    test: stream(test)(TEST_KEY),
    joint: { classes: train.names.length, stream: labelled },
  };
}

/** Classes that are kinds of sentences: each has words of its own, two of them in every sentence in
 * their order, among words that all use. */
export function sentencePool(classes: number, seed: number): TextPool {
  const [length, vocabulary, own, perClass] = [12, 300, 8, 24];
  const random = data.stream(seed, 0);
  const all = Array.from({ length: classes }, () => {
    // Words 1 to 199 are the classes', some shared; 200 to 299 are everyone's.
    const words = random.choose(199, own).map((w) => w + 1);
    return Array.from({ length: perClass }, () => {
      const sentence = Int32Array.from({ length }, () => 200 + random.integer(vocabulary - 200));
      const at = random.choose(length - 1, 3);
      for (const place of at) sentence[place] = words[random.integer(own)];
      sentence[at[0] + 1] = 1 + random.integer(199);
      return sentence;
    });
  });
  return { names: all.map((_, c) => `kind ${c}`), classes: all, length, vocabulary };
}
