// Questions on articles, as SQuAD's files have them, as windows of word numbers; no article in two
// parts, words counted on the training articles alone.

import { data } from "hypergrad";
import type { Article, Question, SpanPool, SpanPools, Window } from "./spans";

/** The file's form, what is read of it. */
export interface SquadArticle {
  readonly title: string;
  readonly paragraphs: readonly {
    readonly context: string;
    readonly qas: readonly SquadQuestion[];
  }[];
}

export interface SquadQuestion {
  readonly id: string;
  readonly question: string;
  readonly is_impossible: boolean;
  readonly answers: readonly SquadAnswer[];
}

interface SquadAnswer {
  readonly text: string;
  /** The character of the context at which it begins. */
  readonly answer_start: number;
  /** false: the text is there more than once, and the place is a guess. */
  readonly exact?: boolean;
}

/** The articles of a file. Throws an Error that names the question whose answer is not where the
 * file says. */
export function parseSquad(json: string): readonly SquadArticle[] {
  const articles: readonly SquadArticle[] | undefined = JSON.parse(json).data;
  if (!Array.isArray(articles) || articles.length === 0) {
    throw new Error('squad: no articles: the file has no list "data". Give a file of SQuAD v2.');
  }
  for (const { title, paragraphs } of articles) {
    for (const { context, qas } of paragraphs) {
      for (const { id, answers } of qas) {
        for (const { text, answer_start: at } of answers) {
          if (context.startsWith(text, at)) continue;
          throw new Error(
            `squad: an answer is not in its paragraph: question ${id} of "${title}" has ` +
              `"${text}" at character ${at}. Leave the question out.`,
          );
        }
      }
    }
  }
  return articles;
}

/** Split by article after a seeded shuffle: 24 for training, 4 for validation, 7 for tests. */
export async function squadPools(folder: string): Promise<SpanPools> {
  const bytes = await data.readUnpacked(`${folder}/squad/squad_v2_dev.json.gz`);
  const articles = data.stream(0, 7).shuffle([...parseSquad(new TextDecoder().decode(bytes))]);
  const parts = {
    train: articles.slice(0, 24),
    valid: articles.slice(24, 28),
    test: articles.slice(28),
  };
  return spanPools(parts, { asked: 20, seen: 64, words: 4000, common: 60 });
}

export interface PoolOptions {
  /** Words kept of a question. */
  readonly asked: number;
  /** Words of a passage's window. */
  readonly seen: number;
  /** Of the vocabulary. */
  readonly words: number;
  /** The most frequent words that say nothing of where an answer is. */
  readonly common: number;
}

type Parts = { readonly [part in keyof SpanPools]: readonly SquadArticle[] };

/** Pools of articles. A question of unsure place is in none; of several answers the first exact one
 * is trained on, all are right in tests. */
export function spanPools(parts: Parts, options: PoolOptions): SpanPools {
  const paragraphs = parts.train.flatMap((article) => article.paragraphs);
  const texts = paragraphs.flatMap(({ context, qas }) => [context, ...qas.map((q) => q.question)]);
  const numbers = data.vocabulary(
    texts.map((text) => tokensOf(text).map(({ word }) => word)),
    { size: options.words },
  );
  const rare = (word: string) => {
    const [id] = numbers.encode([word]);
    return /[\p{L}\p{N}]/u.test(word) && (id === data.UNKNOWN || id >= 2 + options.common);
  };
  const reader = { ...options, numbers, rare };
  const pool = (articles: readonly SquadArticle[]): SpanPool => ({
    articles: articles.map((article) => read(article, reader)),
    ...{ asked: options.asked, seen: options.seen, answered: false },
    ...{ vocabulary: numbers.size, marks: MARKS, places: PLACES },
  });
  return { train: pool(parts.train), valid: pool(parts.valid), test: pool(parts.test) };
}

/** Only the questions that have an answer. */
export function answeredOnly({ train, valid, test }: SpanPools): SpanPools {
  const only = (pool: SpanPool): SpanPool => ({
    ...pool,
    answered: true,
    articles: pool.articles.map(({ title, questions }) => ({
      title,
      questions: questions.filter(({ right }) => right.length > 0),
    })),
  });
  return { train: only(train), valid: only(valid), test: only(test) };
}

interface Reader extends PoolOptions {
  readonly numbers: data.Vocabulary;
  /** Whether a word is likely near the answer when the question has it. */
  readonly rare: (word: string) => boolean;
}

interface Token {
  /** In lower case. */
  readonly word: string;
  readonly from: number;
  /** The character behind it. */
  readonly to: number;
}

/** Words, numbers and marks, with their characters: `data.wordsOf` that knows where they are. */
export function tokensOf(text: string): Token[] {
  const found = text.matchAll(/[\p{L}\p{N}]+(?:'\p{L}+)*|[^\s\p{L}\p{N}]/gu);
  return [...found].map(({ 0: word, index }) => {
    return { word: word.toLowerCase(), from: index, to: index + word.length };
  });
}

function read({ title, paragraphs }: SquadArticle, reader: Reader): Article {
  const questions = paragraphs.flatMap(({ context, qas }) => {
    const passage = tokensOf(context);
    return qas.flatMap(({ id, question, is_impossible: none, answers }): Question[] => {
      const exact = answers.find((answer) => answer.exact !== false);
      if (!none && exact === undefined) return [];
      const words = tokensOf(question);
      const right = none ? [] : [...new Set(answers.map(({ text }) => text))];
      const at = none ? null : placesOf(passage, exact!);
      const whole = { context, passage, words, at, reader };
      const [known, blind] = [startOf({ ...whole, at }), startOf({ ...whole, at: null })];
      if (known === null) {
        throw new Error(
          `squad: an answer is longer than a window: question ${id} of "${title}" has ` +
            `${at![1] - at![0] + 1} words, a window ${reader.seen}. Leave the question out, or ` +
            "take a larger window.",
        );
      }
      const window = windowAt(whole, known);
      return [
        { id, right, known: window, blind: known === blind ? window : windowAt(whole, blind!) },
      ];
    });
  });
  return { title, questions };
}

/** The first and last token of an answer. */
function placesOf(passage: readonly Token[], { text, answer_start: at }: SquadAnswer) {
  const inside = passage.flatMap(({ from, to }, i) =>
    to > at && from < at + text.length ? [i] : [],
  );
  return [inside[0], inside[inside.length - 1]] as const;
}

interface Asked {
  readonly context: string;
  readonly passage: readonly Token[];
  readonly words: readonly Token[];
  /** Tokens of the answer, null for none. */
  readonly at: readonly [number, number] | null;
  readonly reader: Reader;
}

/** The rare words of a question, and where a passage has them. */
function shared({ passage, words, reader: { rare } }: Asked) {
  const asked = new Set(words.map(({ word }) => word).filter(rare));
  return passage.flatMap(({ word }, i) => (asked.has(word) ? [i] : []));
}

/** Where the window begins that has the most rare words of the question, the first of such; with
 * an answer it has that too. Null when none does. */
function startOf(whole: Asked): number | null {
  const { passage, at, reader } = whole;
  const { seen } = reader;
  const last = Math.max(0, passage.length - seen);
  const starts = [last];
  for (let i = 0; i < last; i += Math.max(1, Math.floor(seen / 8))) starts.push(i);
  if (at !== null) starts.push(Math.min(last, at[0]));
  const met = shared(whole);
  let best: number | null = null;
  let most = -1;
  for (const i of starts.sort((a, b) => a - b)) {
    if (at !== null && !inWindow(at, i, seen)) continue;
    const inside = met.filter((place) => i <= place && place < i + seen);
    const count = new Set(inside.map((place) => passage[place].word)).size;
    if (count > most) [best, most] = [i, count];
  }
  return best;
}

const inWindow = ([from, to]: readonly [number, number], start: number, seen: number) =>
  start <= from && to < start + seen;

function windowAt(whole: Asked, start: number): Window {
  const { context, passage, at, reader } = whole;
  const tokens = passage.slice(start, start + reader.seen);
  const answer = at !== null && inWindow(at, start, reader.seen) ? at : null;
  return {
    x: encoded(whole, start),
    from: answer === null ? 0 : answer[0] - start + 1,
    to: answer === null ? 0 : answer[1] - start + 1,
    context,
    tokens: tokens.map(({ from, to }) => [from, to] as const),
  };
}

const NEAR = 8; // words on each side in which those of the question are looked for
const MARKS = 3;
const PLACES = 2 * NEAR + 2;
const KIND = { none: 0, start: 1, asked: 2, lower: 3, capital: 4, number: 5, mark: 6 } as const;

/**
 * Place 0, which says nothing, then the question, then the passage, of each: the word; what kind of
 * token it is; how far the next rare word of the question is; how many such are near.
 */
function encoded(whole: Asked, start: number): Int32Array {
  const { context, passage, words, reader } = whole;
  const { numbers, asked: most, seen } = reader;
  const wide = 1 + MARKS;
  const x = new Int32Array((1 + most + seen) * wide);
  const ids = (tokens: readonly Token[]) => numbers.encode(tokens.map(({ word }) => word));
  const put = (place: number, ...values: number[]) => x.set(values, place * wide);
  put(0, data.UNKNOWN, KIND.start);
  for (const [i, id] of ids(words.slice(0, most)).entries()) put(1 + i, id, KIND.asked);
  const met = shared(whole);
  for (const [i, id] of ids(passage.slice(start, start + seen)).entries()) {
    const token = passage[start + i];
    const ways = met.map((at) => at - start - i).filter((way) => Math.abs(way) <= NEAR);
    const next = ways.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a), NEAR + 1);
    const near = new Set(ways.map((way) => passage[start + i + way].word)).size;
    put(1 + most + i, id, kindOf(context[token.from]), next > NEAR ? 0 : next + NEAR + 1, near);
  }
  return x;
}

function kindOf(first: string): number {
  if (/\p{N}/u.test(first)) return KIND.number;
  if (!/\p{L}/u.test(first)) return KIND.mark;
  return first === first.toLowerCase() ? KIND.lower : KIND.capital;
}
