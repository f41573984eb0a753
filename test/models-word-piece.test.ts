// WordPiece against the examples of BERT's own tests, and what its rows, cuts and errors are.

import { expect, test } from "vitest";
import { basicTokens, wordPiece } from "../src/data/wordPiece";

const PIECES = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "want", "##want", "##ed", "wa", "un", "runn"];
const vocabulary = [...PIECES, "##ing", ",", "low", "lowest"];
const small = wordPiece(`${vocabulary.join("\n")}\n`);

test("words, punctuation, case and accents, as in BERT's tests", () => {
  expect(basicTokens("ah\u535A\u63A8zz")).toEqual(["ah", "\u535A", "\u63A8", "zz"]);
  const hello = " \tHeLLo!how  \n Are yoU?  ";
  expect(basicTokens(hello)).toEqual(["hello", "!", "how", "are", "you", "?"]);
  expect(basicTokens("H\u00E9llo")).toEqual(["hello"]);
  expect(basicTokens(" \tHeLLo!how  \n Are yoU?  ", false)).toEqual([
    ...["HeLLo", "!", "how", "Are", "yoU", "?"],
  ]);
  expect(basicTokens("H\u00E9llo", false)).toEqual(["H\u00E9llo"]);
});

test("what counts as space, noise and punctuation", () => {
  expect(basicTokens("a\u00a0b\u2028c\rd\u200be\u0000f\ufffdg\u0007h")).toEqual([
    ...["a", "b", "c", "defgh"],
  ]);
  expect(basicTokens("1+1=$2~x_y^z`w\u2026\u00bf\u3002")).toEqual([
    ...["1", "+", "1", "=", "$", "2", "~", "x", "_", "y", "^", "z", "`", "w"],
    ...["\u2026", "\u00bf", "\u3002"],
  ]);
  expect(basicTokens("\u{20001}\u3042\u3044\uD55C")).toHaveLength(2); // a CJK sign, then letters
  expect(basicTokens("\u00A9 \u20AC")).toEqual(["\u00A9", "\u20AC"]);
  expect(basicTokens("")).toEqual([]);
});

test("pieces, as in BERT's tests", () => {
  expect(small.tokens("UNwant\u00E9d,running")).toEqual([
    ...["un", "##want", "##ed", ",", "runn", "##ing"],
  ]);
  expect(small.tokens("unwantedX running")).toEqual(["[UNK]", "runn", "##ing"]);
  expect(small.tokens("")).toEqual([]);
  expect(small.tokens("lowest low lower")).toEqual(["lowest", "low", "[UNK]"]);
  const short = wordPiece(vocabulary, { longest: 6 });
  expect(short.tokens("unwanted wanted")).toEqual(["[UNK]", "want", "##ed"]);
});

test("rows: marks, types, padding; the longer of two is cut first", () => {
  const { ids, types, mask, shape } = small.encode(["low", ["want low", "wanted"]]);
  expect(shape).toEqual([2, 7]);
  expect(Array.from(ids)).toEqual([1, 12, 2, 3, 3, 3, 3, 1, 4, 12, 2, 4, 6, 2]);
  expect(Array.from(types)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
  expect(Array.from(mask)).toEqual([1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
  const cut = small.encode([["low low", "want want want"]], { length: 6 });
  expect(Array.from(cut.ids)).toEqual([1, 12, 12, 2, 4, 2]);
  const one = small.encode(["low low want"], { length: 4 });
  expect(Array.from(one.ids)).toEqual([1, 12, 12, 2]);
  expect(small.encode(["low"], { length: 5, pad: "length" }).shape).toEqual([1, 5]);
  expect(small.encode([]).shape).toEqual([0, 0]);
  expect(small.decode(ids.subarray(7))).toBe("want low wanted");
});

test("errors name the token and its lines", () => {
  expect(() => wordPiece("[PAD]\na\r\na")).toThrow(
    'wordPiece: a token twice: "a" is line 2 and line 3 of the vocabulary. Leave one out.',
  );
  expect(() => wordPiece(["[PAD]", "[UNK]", "[CLS]"], { name: "vocab.txt" })).toThrow(
    "wordPiece: no [SEP]: vocab.txt has 3 tokens without it. Add it, or use a vocabulary of BERT.",
  );
  expect(() => small.encode([["low", "low"]], { length: 2 })).toThrow(
    "wordPiece: no room for the marks: the length is 2, 2 text(s) have 3. Use a larger length.",
  );
  expect(() => small.decode([14])).toThrow(
    "wordPiece: no token: 14, the vocabulary has 0 to 13. Use ids of this vocabulary.",
  );
});
