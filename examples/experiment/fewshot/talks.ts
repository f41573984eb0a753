// Built-in questions on articles of SQuAD's form: made-up words, and in each article another word
// says that the answer follows, which one question with its answer gives away.

import { data } from "hypergrad";
import type { SpanPools } from "./spans";
import { type SquadArticle, type SquadQuestion, spanPools } from "./squad";

const SIGNS = 12; // words that can announce an answer
const PLAIN = 40; // words that mean nothing
const WORDS = 14; // of a paragraph
const EACH = 24; // questions of an article

/** Articles of paragraphs in which three of twelve signs stand, each before a name. The answer is
 * the name behind the article's own sign; where that is not among the three, there is none. */
export function talkArticles(count: number, seed: number): SquadArticle[] {
  return Array.from({ length: count }, (_, article) => {
    const random = data.stream(seed, article);
    const own = random.integer(SIGNS);
    const paragraphs = Array.from({ length: EACH }, (_, at) => {
      const none = random.integer(4) === 0;
      const others = random.choose(SIGNS - 1, 3).map((sign) => sign + (sign >= own ? 1 : 0));
      const signs = random.shuffle(none ? others : [own, ...others.slice(1)]);
      const words = Array.from({ length: WORDS }, () => `plain${random.integer(PLAIN)}`);
      const names = signs.map((sign, i) => {
        const place = 1 + 4 * i + random.integer(2);
        const name = `Name${random.integer(PLAIN)}`;
        words.splice(place, 2, `sign${sign}`, name);
        return { sign, name, at: words.slice(0, place + 1).join(" ").length + 1 };
      });
      const said = names.find(({ sign }) => sign === own);
      const answers = said === undefined ? [] : [{ text: said.name, answer_start: said.at }];
      const question = `Who was it that plain${random.integer(PLAIN)}?`;
      const asked: SquadQuestion = {
        id: `${seed}/${article}/${at}`,
        ...{ question, is_impossible: said === undefined, answers },
      };
      return { context: words.join(" "), qas: [asked] };
    });
    return { title: `talk ${seed}/${article}`, paragraphs };
  });
}

export function talkPools(): SpanPools {
  const [train, valid, test] = [60, 20, 20].map((count, i) => talkArticles(count, i + 1));
  return spanPools({ train, valid, test }, { asked: 6, seen: WORDS, words: 200, common: 0 });
}
