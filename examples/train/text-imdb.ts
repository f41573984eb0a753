// IMDB: whether a review is positive, by an LSTM: embedding 128, LSTM 128, 128 hidden units, one
// logit, on the beginning and the end of each review.

import { data, nn, type Tree } from "hypergrad";
import type { Task } from "./task";
import { generatedTexts } from "./text-generated";
import { loadedTexts, type Text } from "./text-words";

/** Rows label, rating, id, text with a header, by tabs. */
export async function reviews(path: string): Promise<Text[]> {
  const { rows, lines } = await data.readDelimited(path, { separator: "\t", quotes: false });
  return rows.map(([label, , , text], i) => {
    const words = data.wordsOf(text ?? "").filter((w) => /[\p{L}\p{N}!?]/u.test(w));
    if ((label === "0" || label === "1") && words.length > 0) return { words, label: +label };
    throw new Error(`${path} line ${lines[i]} is no review with label 0 or 1: ${label}`);
  });
}

export const imdb: Task = {
  name: "imdb",
  title: "IMDB reviews (10,000 / 5,000), embedding 128, LSTM 128, maximum over places, dense 128",
  goal: 0.82,
  folder: "imdb",
  settings: {
    ...{ epochs: 3, batch: 64, lr: 2e-3, dropout: 0.4, dropWords: 0.1, weightDecay: 0.05 },
    ...{ clip: 1, units: 128, size: 128, hidden: 128 },
    ...{ least: 2, most: 10_000, longest: 160, multiple: 40, holdout: 0 },
  },
  small: { epochs: 6, batch: 16, size: 16, units: 16, hidden: 16, least: 1, multiple: 8 },
  load: async (folder) => {
    const [train, test] =
      folder === undefined
        ? generatedTexts({ seed: 6, classes: 2, train: 240, test: 60, longest: 24 })
        : await Promise.all(
            ["train", "test"].map((part) => reviews(`${folder}/imdb_${part}.tsv.gz`)),
          );
    return loadedTexts(
      train,
      test,
      (vocabulary, { dropout, units, size, hidden }) =>
        nn.models.imdbLstm({
          ...{ vocabulary, dropout, units, size, hidden: [hidden], pool: "max" },
        }) as nn.Layer<Tree>,
      { about: "reviews, positive or not", single: true },
    );
  },
};
