// FewRel's sentences as pools of relations: 64 for training, of which 8 are held for validation,
// and 16 for tests; words are counted on the training relations alone.

import { data } from "hypergrad";
import type { TextPool } from "./text";

const LENGTH = 36; // words kept of a sentence
const WORDS = 4000; // of the vocabulary
const [NONE, UNKNOWN] = [0, 1];

/** Setting A: sentences without marks of the entities, 64 and 16 relations of one file. */
export async function relationPools(
  folder: string,
): Promise<{ train: TextPool; valid: TextPool; test: TextPool }> {
  const file = `${folder}/fewrel/fewrel80_sentences.tsv.gz`;
  const text = new TextDecoder().decode(await data.readUnpacked(file));
  const byRelation = new Map<string, { test: boolean; sentences: string[][] }>();
  for (const line of text.split("\n").slice(1)) {
    const [relation, , part, sentence] = line.split("\t");
    if (sentence === undefined) continue;
    const own = byRelation.get(relation) ?? { test: part === "val_wiki", sentences: [] };
    own.sentences.push(sentence.split(" ").slice(0, LENGTH));
    byRelation.set(relation, own);
  }
  const names = [...byRelation.keys()].sort();
  const order = data.stream(0, 7).shuffle(names.filter((name) => !byRelation.get(name)!.test));
  const parts = {
    train: order.slice(8),
    valid: order.slice(0, 8),
    test: names.filter((name) => byRelation.get(name)!.test),
  };
  const counts = new Map<string, number>();
  for (const name of parts.train) {
    for (const word of byRelation.get(name)!.sentences.flat()) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const common = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const numbers = new Map(common.slice(0, WORDS - 2).map(([word], i) => [word, i + 2]));
  const encoded = (words: readonly string[]) => {
    const ids = new Int32Array(LENGTH).fill(NONE);
    for (const [i, word] of words.entries()) ids[i] = numbers.get(word) ?? UNKNOWN;
    return ids;
  };
  const pool = (list: readonly string[]): TextPool => ({
    names: list,
    classes: list.map((name) => byRelation.get(name)!.sentences.map(encoded)),
    length: LENGTH,
    vocabulary: WORDS,
  });
  return { train: pool(parts.train), valid: pool(parts.valid), test: pool(parts.test) };
}
