// TREC: the kind of answer that a question asks for, six classes, by a simple recurrent network and
// by a Transformer.

import { data, nn, type Tree } from "hypergrad";
import type { Loaded, Task } from "./task";
import { generatedTexts } from "./text-generated";
import { loadedTexts, type Text, type TextNet } from "./text-words";

const CLASSES = ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"];

/** Lines "COARSE:fine word word ...", tokenised with spaces. */
export async function questions(path: string): Promise<Text[]> {
  const { rows, lines } = await data.readDelimited(path, {
    ...{ separator: "\t", quotes: false, header: false, fields: 1 },
  });
  return rows.map(([line], i) => {
    const [kind, ...words] = line.trim().toLowerCase().split(/\s+/);
    const label = CLASSES.indexOf(kind.split(":")[0].toUpperCase());
    if (label >= 0 && words.length > 0) return { words, label };
    throw new Error(`${path} line ${lines[i]} is no question of ${CLASSES}: ${line}`);
  });
}

async function load(folder: string | undefined, net: TextNet): Promise<Loaded> {
  const [train, test] =
    folder === undefined
      ? generatedTexts({ seed: 4, classes: 6, train: 240, test: 60 })
      : await Promise.all(
          ["train_5500", "TREC_10"].map((part) => questions(`${folder}/${part}.label`)),
        );
  return loadedTexts(train, test, net, { about: "questions of 6 classes" });
}

const shared = { name: "trec", folder: "trec", goal: 0.82 };

export const trecRnn: Task = {
  ...shared,
  name: "trec-rnn",
  title: "TREC questions, simple recurrent network, 128 units, both ways, maximum over places",
  settings: {
    ...{ epochs: 12, batch: 64, lr: 2e-3, dropout: 0.5, dropWords: 0.1, weightDecay: 0.05 },
    ...{ smoothing: 0.1, clip: 1, units: 128, size: 128, multiple: 8, holdout: 0 },
  },
  small: { epochs: 6, batch: 16, lr: 1e-2, dropout: 0.1, units: 16, size: 16 },
  load: (folder) =>
    load(
      folder,
      (vocabulary, { dropout, units, size }) =>
        nn.models.textRnn({
          ...{ vocabulary, dropout, units, size, classes: 6 },
          ...{ bidirectional: true, pool: "max" },
        }) as nn.Layer<Tree>,
    ),
};

export const trecTransformer: Task = {
  ...shared,
  name: "trec-transformer",
  title: "TREC questions, Transformer of 2 blocks, 4 heads, maximum over places",
  settings: {
    ...{ epochs: 10, batch: 64, lr: 1e-3, dropout: 0.3, dropWords: 0.1, weightDecay: 0.05 },
    ...{ smoothing: 0.1, clip: 1, size: 128, layers: 2, units: 256, multiple: 8, holdout: 0 },
  },
  small: { epochs: 6, batch: 16, lr: 1e-2, dropout: 0.1, size: 16, layers: 1, units: 32 },
  load: (folder) =>
    load(
      folder,
      (vocabulary, { dropout, layers, units, size }) =>
        nn.models.textTransformer({
          ...{ vocabulary, dropout, layers, units, size, classes: 6, pool: "max" },
        }) as nn.Layer<Tree>,
    ),
};
