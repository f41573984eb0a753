// Words to numbers to padded batches: an empty sequence and a symbol out of range are named.

import { describe, expect, test } from "vitest";
import { frameBatch, symbolBatch } from "../src/data/sequences";
import { vocabulary, vocabularyOf, wordsOf } from "../src/data/vocabulary";

describe("wordsOf", () => {
  test("splits words, numbers and marks, without case and HTML breaks", () => {
    expect(wordsOf("It's GREAT,<br /><br/>isn't it? 10/10 – Übung!")).toEqual([
      "it's",
      "great",
      ",",
      "isn't",
      "it",
      "?",
      "10",
      "/",
      "10",
      "–",
      "übung",
      "!",
    ]);
    expect(wordsOf("  ")).toEqual([]);
  });
});

describe("vocabulary", () => {
  const texts = [["b", "a", "c"], ["a", "b"], ["a"], ["d"]];

  test("numbers words by frequency, then by name; 0 is padding, 1 unknown", () => {
    const v = vocabulary(texts);
    expect(v.words).toEqual(["<pad>", "<unk>", "a", "b", "c", "d"]);
    expect(Array.from(v.encode(["d", "x", "a"]))).toEqual([5, 1, 2]);
    expect(Array.from(v.encode(["d", "x", "a"], { most: 2 }))).toEqual([5, 1]);
    expect(v.word(3)).toBe("b");
  });

  test("keeps the most frequent ones, and comes back from its list", () => {
    expect(vocabulary(texts, { size: 3 }).words).toEqual(["<pad>", "<unk>", "a"]);
    expect(vocabulary(texts, { least: 2 }).words).toEqual(["<pad>", "<unk>", "a", "b"]);
    const v = vocabulary(texts);
    const again = vocabularyOf(JSON.parse(JSON.stringify(v.words)));
    expect(again.encode(["c", "a"])).toEqual(v.encode(["c", "a"]));
  });

  test("refuses a word that is none", () => {
    expect(() => vocabulary(texts).word(6)).toThrow(
      "vocabulary: no such word: 6; there are 6. Use 0 to 5.",
    );
    expect(() => vocabulary(texts, { size: 1 })).toThrow(
      "vocabulary: size is no whole number from 2: 1.",
    );
  });
});

const sequences = [[2, 3], [4], [5, 6, 7], [], [2, 8]];

describe("symbolBatch", () => {
  test("pads by 0, and says which places are there", () => {
    const { x, lengths, mask } = symbolBatch(sequences, [1, 2], { vocabulary: 8 });
    expect([x.shape, Array.from(x.data)]).toEqual([
      [2, 3],
      [4, 0, 0, 5, 6, 7],
    ]);
    expect(Array.from(lengths.data)).toEqual([1, 3]);
    expect([mask.bool, Array.from(mask.data)]).toEqual([true, [1, 0, 0, 1, 1, 1]]);
    expect(symbolBatch(sequences, [1], { vocabulary: 8, multiple: 4 }).x.shape).toEqual([1, 4]);
    expect(symbolBatch(sequences, [1], { vocabulary: 8, steps: 6 }).x.shape).toEqual([1, 6]);
  });

  test("names an empty sequence, one too long, and a symbol out of range", () => {
    const of =
      (ids: number[], more = {}) =>
      () =>
        symbolBatch(sequences, ids, { vocabulary: 8, ...more });
    expect(of([0, 3])).toThrow("symbolBatch: sequence 3 is empty: its length is 0. Leave it out");
    expect(of([1, 2], { steps: 2 })).toThrow(
      "symbolBatch: sequence 2 is too long: 3 steps, there are 2. Cut it, or use more steps.",
    );
    expect(of([0, 4])).toThrow(
      "symbolBatch: sequence 4 has no symbol at place 1: 8, the vocabulary has 8. Use 0 to 7.",
    );
    expect(() => symbolBatch([[-1]], [0], { vocabulary: 8 })).toThrow("no symbol at place 0: -1");
    expect(() => symbolBatch([[0.5]], [0], { vocabulary: 8 })).toThrow("no symbol at place 0: 0.5");
  });
});

describe("frameBatch", () => {
  const frames = [1, 2].map((t) => ({
    data: Float32Array.from({ length: 2 * t }, (_, i) => i + 1),
    shape: [t, 2],
  }));

  test("pads frames by 0", () => {
    const { x, mask } = frameBatch(frames, [0, 1]);
    expect([x.shape, Array.from(x.data)]).toEqual([
      [2, 2, 2],
      [1, 2, 0, 0, 1, 2, 3, 4],
    ]);
    expect(Array.from(mask.data)).toEqual([1, 0, 1, 1]);
  });

  test("names a sequence without frames, and one of other features", () => {
    const none = { data: new Float32Array(0), shape: [0, 2] };
    expect(() => frameBatch([...frames, none], [0, 2])).toThrow("frameBatch: sequence 2 is empty");
    const odd = { data: new Float32Array(3), shape: [1, 3] };
    expect(() => frameBatch([...frames, odd], [1, 2])).toThrow(
      "frameBatch: sequence 2 does not fit: it is [1, 3]. Give [steps, 2], as sequence 1.",
    );
  });
});
