// AG News: the kind of a news story, four classes, by a Transformer. Only the official test part
// could be had: it is shuffled by a seed of its own and split into 6,600 and 1,000 stories.

import { data, nn, type Tree } from "hypergrad";
import type { Task } from "./task";
import { generatedTexts } from "./text-generated";
import { loadedTexts, type Text } from "./text-words";

/** Rows "class","title","description" without a header; classes count from 1. */
async function stories(path: string): Promise<Text[]> {
  const { rows, lines } = await data.readDelimited(path, { header: false, fields: 3 });
  return rows.map(([kind, title, description], i) => {
    const label = Number(kind) - 1;
    const words = data.wordsOf(`${title} ${description}`).filter((w) => /[\p{L}\p{N}]/u.test(w));
    if (label >= 0 && label < 4 && words.length > 0) return { words, label };
    throw new Error(`${path} line ${lines[i]} is no story of class 1 to 4: ${kind}, ${title}`);
  });
}

/** 6,600 stories to train on and 1,000 to test, shuffled by a seed of their own. */
export async function newsParts(folder: string): Promise<Text[][]> {
  const all = await stories(`${folder}/ag_news_test.csv.gz`);
  const { parts } = data.splitExamples({
    ...{ count: all.length, seed: 1, parts: { train: 6600, test: 1000 } },
  });
  return [parts.train, parts.test].map((ids) => ids.map((id) => all[id]));
}

export const news: Task = {
  name: "agnews",
  title: "AG News test part split 6,600 / 1,000 (seed 1), Transformer of 1 block, 4 heads",
  goal: 0.86,
  folder: "agnews",
  settings: {
    ...{ epochs: 6, batch: 64, lr: 1e-3, dropout: 0.4, dropWords: 0.2, weightDecay: 0.05 },
    ...{ smoothing: 0.1, clip: 1, size: 128, layers: 1, units: 256 },
    ...{ least: 2, longest: 80, multiple: 16, holdout: 0 },
  },
  small: { epochs: 6, batch: 16, size: 16, units: 32, least: 1 },
  load: async (folder) => {
    const [train, test] =
      folder === undefined
        ? generatedTexts({ seed: 5, classes: 4, train: 240, test: 60, longest: 20 })
        : await newsParts(folder);
    return loadedTexts(
      train,
      test,
      (vocabulary, { dropout, layers, units, size }) =>
        nn.models.textTransformer({
          ...{ vocabulary, dropout, layers, units, size, classes: 4 },
        }) as nn.Layer<Tree>,
      { about: "news of 4 classes" },
    );
  },
};
