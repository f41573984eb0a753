// BERT's tokens (Devlin et al. 2019): text is cut into words, and each word into the longest pieces
// that the vocabulary has. The same text and vocabulary give the same ids as BERT's own code.

import { ValueError } from "../core/errors";

export interface WordPieceOptions {
  /** Lower case without accents, as the "uncased" vocabularies want it. Default true. */
  readonly lowercase?: boolean;
  /** A word of more characters is unknown as a whole. Default 100. */
  readonly longest?: number;
  /** Of the vocabulary's file, for errors. */
  readonly name?: string;
}

/** A text, or two of which the second is told apart by its type. */
export type TextOrPair = string | readonly [string, string];

/** Texts as a network takes them, padded to one length: row-major [n, t]. */
export interface EncodedTexts {
  readonly ids: Int32Array;
  /** 0 for the first text with its marks, 1 for the second. */
  readonly types: Int32Array;
  /** 1 where there is a token, 0 where there is padding. */
  readonly mask: Uint8Array;
  readonly shape: readonly [number, number];
}

export interface WordPiece {
  /** The tokens, each at the place of its id. */
  readonly vocabulary: readonly string[];
  /** The pieces of a text, without marks; what begins with ## continues a word. */
  tokens(text: string): string[];
  /**
   * [CLS] text [SEP], or [CLS] text [SEP] second [SEP], each row cut to `length` (512; the longer
   * text of a pair loses first) and padded to the longest one, or with `pad: "length"` to `length`.
   * @throws ValueError when `length` has no room for the marks
   */
  encode(
    texts: readonly TextOrPair[],
    options?: { readonly length?: number; readonly pad?: "longest" | "length" },
  ): EncodedTexts;
  /** The words of a row of ids, marks and padding left out. */
  decode(ids: ArrayLike<number>): string;
}

const MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] as const;

/**
 * A tokenizer by a vocabulary: the text of a vocab.txt, one token a line, or a list of tokens.
 * @throws ValueError when a token stands there twice, or one of [PAD], [UNK], [CLS], [SEP] does not
 */
export function wordPiece(
  vocabulary: string | readonly string[],
  options: WordPieceOptions = {},
): WordPiece {
  const { lowercase = true, longest = 100, name = "the vocabulary" } = options;
  const list = typeof vocabulary === "string" ? linesOf(vocabulary) : [...vocabulary];
  const index = new Map<string, number>();
  for (const [i, token] of list.entries()) {
    const first = index.get(token);
    if (first !== undefined) {
      throw new ValueError(
        `wordPiece: a token twice: ${JSON.stringify(token)} is line ${first + 1} and line ` +
          `${i + 1} of ${name}. Leave one out.`,
      );
    }
    index.set(token, i);
  }
  const [pad, unknown, begin, end] = MARKS.map((mark) => {
    const id = index.get(mark);
    if (id !== undefined) return id;
    throw new ValueError(
      `wordPiece: no ${mark}: ${name} has ${list.length} tokens without it. Add it, or use a ` +
        "vocabulary of BERT.",
    );
  });

  function piecesOf(word: string): string[] {
    const letters = Array.from(word);
    if (letters.length > longest) return [list[unknown]];
    const found: string[] = [];
    for (let from = 0; from < letters.length; ) {
      let to = letters.length;
      let piece = "";
      for (; to > from; to--) {
        piece = (from > 0 ? "##" : "") + letters.slice(from, to).join("");
        if (index.has(piece)) break;
      }
      if (to === from) return [list[unknown]];
      found.push(piece);
      from = to;
    }
    return found;
  }

  const tokens = (text: string) => basicTokens(text, lowercase).flatMap(piecesOf);
  const idsOf = (text: string) => tokens(text).map((token) => index.get(token)!);

  return {
    vocabulary: list,
    tokens,
    encode: (texts, { length = 512, pad: to = "longest" } = {}) => {
      const rows = texts.map((text) => {
        const parts = (typeof text === "string" ? [text] : text).map(idsOf);
        const room = length - parts.length - 1;
        if (!Number.isInteger(length) || room < 0) {
          throw new ValueError(
            `wordPiece: no room for the marks: the length is ${length}, ${parts.length} ` +
              `text(s) have ${parts.length + 1}. Use a larger length.`,
          );
        }
        cut(parts, room);
        return parts;
      });
      const sizeOf = (parts: number[][]) => parts.reduce((n, p) => n + p.length + 1, 1);
      const widest = rows.reduce((most, parts) => Math.max(most, sizeOf(parts)), 0);
      const t = to === "length" ? length : widest;
      const ids = new Int32Array(rows.length * t).fill(pad);
      const types = new Int32Array(rows.length * t);
      const mask = new Uint8Array(rows.length * t);
      for (const [r, parts] of rows.entries()) {
        let at = r * t;
        ids[at++] = begin;
        for (const [type, part] of parts.entries()) {
          ids.set([...part, end], at);
          types.fill(type, at, at + part.length + 1);
          at += part.length + 1;
        }
        mask.fill(1, r * t, at);
      }
      return { ids, types, mask, shape: [rows.length, t] };
    },
    decode: (ids) =>
      Array.from(ids)
        .filter((id) => id !== pad && id !== begin && id !== end)
        .map((id) => {
          if (list[id] !== undefined) return list[id];
          throw new ValueError(
            `wordPiece: no token: ${id}, ${name} has 0 to ${list.length - 1}. Use ids of this ` +
              "vocabulary.",
          );
        })
        .join(" ")
        .replaceAll(" ##", ""),
  };
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}

/** Takes from the end of the longer of the parts until both have room. */
function cut(parts: number[][], room: number): void {
  while (parts.reduce((n, p) => n + p.length, 0) > room) {
    const longer = parts.length > 1 && parts[1].length >= parts[0].length ? parts[1] : parts[0];
    longer.pop();
  }
}

/** Chinese characters, each a word; Japanese and Korean letters are spelled like others. */
const CJK = new RegExp(
  "[\\u4e00-\\u9fff\\u3400-\\u4dbf\\uf900-\\ufaff\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b73f}" +
    "\\u{2b740}-\\u{2b81f}\\u{2b820}-\\u{2ceaf}\\u{2f800}-\\u{2fa1f}]",
  "gu",
);

/** What is no text: zero and replacement characters, controls but for line ends and tabs. */
const NOISE = /[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}]/gu;

/** Punctuation, with all of ASCII that is neither letter, digit nor space: $, +, ~ too. */
const PUNCTUATION = /[!-/:-@[-`{-~\p{P}]/gu;

/** Words and punctuation marks, as BERT's basic tokenizer gives them. */
export function basicTokens(text: string, lowercase = true): string[] {
  const words = text
    .replace(NOISE, "")
    .replace(CJK, " $& ")
    .split(/[\t\n\r\p{Z}]+/u);
  return words.flatMap((word) => {
    const plain = lowercase
      ? word
          .toLowerCase()
          .normalize("NFD")
          .replace(/\p{Mn}/gu, "")
      : word;
    return plain
      .replace(PUNCTUATION, " $& ")
      .split(" ")
      .filter((part) => part !== "");
  });
}
