// Texts as batches of word numbers: the vocabulary is that of the training texts, rows are padded
// to few widths so that a training needs few programs, and training leaves out words by chance.

import { data, type nn, type Tree } from "hypergrad";
import { classifier, clipped, type Loaded, type Settings, schooled } from "./task";

/** A text's words, and the number of its class. */
export interface Text {
  readonly words: readonly string[];
  readonly label: number;
}

/** Of a text longer than `longest` the beginning and the end, half of it each. */
function cut(words: readonly string[], longest: number): readonly string[] {
  if (words.length <= longest) return words;
  const head = Math.ceil(longest / 2);
  return [...words.slice(0, head), ...words.slice(words.length - (longest - head))];
}

interface BatchForm {
  readonly vocabulary: data.Vocabulary;
  readonly settings: Settings;
  readonly size: number;
  /** Labels as float32, for a single logit. */
  readonly single: boolean;
  /** Shuffles, and leaves words out; without it the batches are for tests. */
  readonly seed?: number;
}

/** Batches of x, ids [n, t], its mask, and y, labels [n]. */
function textBatches(texts: readonly Text[], form: BatchForm): data.Batches {
  const { vocabulary, settings, size, single, seed } = form;
  const { longest = 1e6, multiple = 8, dropWords = 0 } = settings;
  const rows = texts.map(({ words }) => vocabulary.encode(cut(words, longest)));
  return data.batches({
    ...{ count: texts.length, size, seed, lengths: rows.map((row) => row.length) },
    collate: (ids, random) => {
      const { x, mask } = data.symbolBatch(rows, ids, { vocabulary: vocabulary.size, multiple });
      if (seed !== undefined) {
        for (let i = 0; i < x.data.length; i++) {
          if (mask.data[i] === 1 && random.uniform() < dropWords) x.data[i] = data.UNKNOWN;
        }
      }
      const labels = ids.map((id) => texts[id].label);
      const y = single ? Float32Array.from(labels) : Int32Array.from(labels);
      return { x, mask, y: { data: y, shape: [ids.length] } };
    },
  });
}

/** All but a share of the texts, and that share: to choose settings without the test texts. */
function held(texts: readonly Text[], share: number): (readonly Text[])[] {
  const test = Math.round(share * texts.length);
  const { parts } = data.splitExamples({
    ...{ count: texts.length, seed: 0, labels: texts.map(({ label }) => label) },
    parts: { train: texts.length - test, test },
  });
  return [parts.train, parts.test].map((ids) => ids.map((id) => texts[id]));
}

/** Makes the network for a vocabulary of so many symbols. */
export type TextNet = (vocabulary: number, settings: Settings) => nn.Layer<Tree>;

/** Trains on the first texts, whose vocabulary it is, and tests on the second. Settings: the words
 * that stand in them `least` times, the `most` frequent; `longest` text, padded to a `multiple`;
 * the share of words that `dropWords` makes unknown; the share of the training texts that stands
 * in for the test texts, `holdout`. */
export function loadedTexts(
  train: readonly Text[],
  test: readonly Text[],
  net: TextNet,
  { about, single = false }: { readonly about: string; readonly single?: boolean },
): Loaded {
  return {
    about: `${train.length} training and ${test.length} test texts, ${about}`,
    runs: (seed, settings) => {
      const { least = 1, most = 1e6, smoothing, holdout = 0 } = settings;
      const [learned, tested] = holdout === 0 ? [train, test] : held(train, holdout);
      const words = learned.map((text) => text.words);
      const vocabulary = data.vocabulary(words, { size: most, least });
      const form = { vocabulary, settings, single };
      const batches = textBatches(learned, { ...form, size: settings.batch, seed });
      return [
        {
          ...classifier(net(vocabulary.size, settings), { smoothing }),
          optimizer: schooled(settings, batches.perEpoch),
          gradients: clipped(settings),
          train: batches,
          test: textBatches(tested, { ...form, size: 100 }),
        },
      ];
    },
  };
}
