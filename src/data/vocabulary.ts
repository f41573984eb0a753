// Words and their numbers: 0 is padding, 1 every unknown word, the others by falling frequency, so
// that the same texts always give the same numbers.

import { ValueError } from "../core/errors";
import { needWhole } from "../core/options";

export interface Vocabulary {
  /** Numbers there are, padding and unknown counted. */
  readonly size: number;
  /** By number; the first two are "<pad>" and "<unk>". Plain JSON: see `vocabularyOf`. */
  readonly words: readonly string[];
  /** The numbers of words, at most `most` of them: the first ones. */
  encode(words: readonly string[], options?: { readonly most?: number }): Int32Array;
  /** The word of a number. Throws a ValueError when it is none. */
  word(id: number): string;
}

export const PADDING = 0;
export const UNKNOWN = 1;

export interface VocabularyOptions {
  /** Most numbers, padding and unknown counted. Default 10,000. */
  readonly size?: number;
  /** How often a word is there at the least. Default 1. */
  readonly least?: number;
}

/** Lower-case words, numbers and marks of a text; HTML line breaks are spaces. */
export function wordsOf(text: string): string[] {
  const plain = text.toLowerCase().replace(/<br\s*\/?>/g, " ");
  return plain.match(/[\p{L}\p{N}]+(?:'\p{L}+)*|[^\s\p{L}\p{N}]/gu) ?? [];
}

/** The vocabulary of texts, each a list of words: take the training texts alone. */
export function vocabulary(
  texts: Iterable<readonly string[]>,
  { size = 10_000, least = 1 }: VocabularyOptions = {},
): Vocabulary {
  needWhole("vocabulary", { size }, 2);
  const counts = new Map<string, number>();
  for (const words of texts) {
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const kept = [...counts].filter(([, n]) => n >= least);
  kept.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return vocabularyOf(["<pad>", "<unk>", ...kept.slice(0, size - 2).map(([word]) => word)]);
}

/** The vocabulary of a list of words, such as `words` of another. */
export function vocabularyOf(words: readonly string[]): Vocabulary {
  const ids = new Map(words.map((word, id) => [word, id]));
  return {
    size: words.length,
    words,
    encode: (text, { most = text.length } = {}) =>
      Int32Array.from(text.slice(0, most), (word) => ids.get(word) ?? UNKNOWN),
    word: (id) => {
      if (words[id] !== undefined) return words[id];
      throw new ValueError(
        `vocabulary: no such word: ${id}; there are ${words.length}. Use 0 to ${words.length - 1}.`,
      );
    },
  };
}
