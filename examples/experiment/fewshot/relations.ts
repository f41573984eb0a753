// FewRel's sentences as pools of relations, no relation in two of them; words are counted on the
// training relations alone.

import { data } from "hypergrad";
import type { TextPool, TextPools } from "./text";

const LENGTH = 36; // words kept of a sentence
const WORDS = 4000; // of the vocabulary
const [NONE, UNKNOWN] = [0, 1];

interface Sentence {
  readonly words: readonly string[];
  /** Of every word, where it stands: one list a mark. */
  readonly places: readonly (readonly number[])[];
}

type Relations = ReadonlyMap<string, readonly Sentence[]>;

/** Setting A: sentences without marks of the entities; 56, 8 and 16 relations of one file. A
 * word's place is counted from the sentence's start. */
export async function relationPools(folder: string): Promise<TextPools> {
  const text = await textOf(`${folder}/fewrel/fewrel80_sentences.tsv.gz`);
  const all = new Map<string, Sentence[]>();
  const tested = new Set<string>();
  for (const line of text.split("\n").slice(1)) {
    const [relation, , part, sentence] = line.split("\t");
    if (sentence === undefined) continue;
    if (part === "val_wiki") tested.add(relation);
    const words = sentence.split(" ").slice(0, LENGTH);
    const own = all.get(relation) ?? [];
    all.set(relation, [...own, { words, places: [words.map((_, i) => i)] }]);
  }
  const names = [...all.keys()].sort();
  const rest = shuffled(names.filter((name) => !tested.has(name)));
  const test = names.filter((name) => tested.has(name));
  return pools(all, { train: rest.slice(8), valid: rest.slice(0, 8), test }, LENGTH);
}

interface MarkedOptions {
  /** Files whose relations are trained on besides. Default none. */
  readonly more?: readonly string[];
  /** Training relations, the first of the list. Default all. */
  readonly most?: number;
  /** Whether each entity is one word that says no more than which of the two it is. Default
   * false. */
  readonly nameless?: boolean;
}

/** Setting B: sentences with both entities marked. Six of the 16 relations of the encyclopedia are
 * tested; the other ten and those of the newspaper that are not among the six are trained on, but
 * five, for validation. A word has two places: how far it is from each entity. */
export async function markedRelationPools(
  folder: string,
  { more = [], most, nameless = false }: MarkedOptions = {},
): Promise<TextPools> {
  const read = (part: string) => marked(folder, part, nameless);
  const [wiki, news] = [await read("val_wiki"), await read("val_nyt")];
  const order = shuffled([...wiki.keys()].sort());
  const test = order.slice(0, 6);
  const others = shuffled([...news.keys()].filter((id) => !test.includes(id)).sort());
  const valid = others.filter((id) => !wiki.has(id)).slice(0, 5);
  const train = [...new Set([...order.slice(6), ...others])].filter((id) => !valid.includes(id));
  const all = new Map(
    [...wiki.keys(), ...others].map((id) => {
      return [id, [...(wiki.get(id) ?? []), ...(news.get(id) ?? [])]];
    }),
  );
  for (const id of test) all.set(id, wiki.get(id)!);
  for (const part of more) {
    for (const [id, sentences] of await read(part)) {
      all.set(id, sentences);
      train.push(id);
    }
  }
  return pools(all, { train: train.slice(0, most), valid, test }, 2 * LENGTH);
}

type Mark = readonly [name: string, id: string, places: readonly (readonly number[])[]];
type Marked = { readonly tokens: readonly string[]; readonly h: Mark; readonly t: Mark };

async function marked(folder: string, part: string, nameless: boolean) {
  const json = JSON.parse(await textOf(`${folder}/fewrel/${part}.json.gz`));
  const sentence = (given: Marked): Sentence => {
    const { h, t } = given;
    const tokens = nameless ? unnamed(given) : given.tokens;
    const [head, tail] = [h, t].map(([, , places]) => places[0][0]);
    // Both entities are to be seen, also in long sentences.
    const from = Math.max(0, Math.min(head, tail, tokens.length - LENGTH));
    const words = tokens.slice(from, from + LENGTH).map((word) => word.toLowerCase());
    const far = (entity: number) =>
      words.map((_, i) => Math.max(-LENGTH, Math.min(LENGTH - 1, from + i - entity)) + LENGTH);
    return { words, places: [far(head), far(tail)] };
  };
  const entries = Object.entries(json as Record<string, Marked[]>);
  return new Map(entries.map(([id, list]) => [id, list.map(sentence)]));
}

/** The words of each entity as one that says no more than which of the two it is. */
function unnamed({ tokens, h, t }: Marked): readonly string[] {
  const words = [...tokens];
  for (const [i, [, , places]] of [h, t].entries()) {
    for (const at of places.flat()) words[at] = `<entity ${i}>`;
  }
  return words;
}

const textOf = async (file: string) => new TextDecoder().decode(await data.readUnpacked(file));

const shuffled = (names: readonly string[]): string[] => data.stream(0, 7).shuffle([...names]);

function pools(
  all: Relations,
  parts: { readonly [part in keyof TextPools]: readonly string[] },
  places: number,
): TextPools {
  const counts = new Map<string, number>();
  for (const { words } of parts.train.flatMap((name) => all.get(name)!)) {
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const common = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const numbers = new Map(common.slice(0, WORDS - 2).map(([word], i) => [word, i + 2]));
  const marks = all.get(parts.train[0])![0].places.length;
  const encoded = (sentence: Sentence) => {
    const ids = new Int32Array(LENGTH * (1 + marks)).fill(NONE);
    for (const [i, word] of sentence.words.entries()) {
      const place = sentence.places.map((far) => far[i]);
      ids.set([numbers.get(word) ?? UNKNOWN, ...place], i * (1 + marks));
    }
    return ids;
  };
  const pool = (list: readonly string[]): TextPool => ({
    names: list,
    classes: list.map((name) => all.get(name)!.map(encoded)),
    length: LENGTH,
    vocabulary: WORDS,
    ...{ marks, places },
  });
  return { train: pool(parts.train), valid: pool(parts.valid), test: pool(parts.test) };
}
