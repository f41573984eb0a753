// The data sets of S1, each with a network whose size is searched: those that earlier studies are
// made on, and those that no study saw; no set is both.

import { data, nn } from "hypergrad";
import { reviews } from "../../train/text-imdb";
import { newsParts } from "../../train/text-news";
import { questions } from "../../train/text-trec";
import type { Text } from "../../train/text-words";
import { characterMlp, soundTransformer, tableMlp } from "../problems/builtIn";
import { dealt, type Part, type Problem, type Size, shuffled } from "../problems/problem";
import { cifar, mnist } from "../problems/real";

export interface Sets {
  readonly earlier: readonly Problem[];
  readonly unseen: readonly Problem[];
}

export function builtInSets(): Sets {
  return {
    earlier: [characterMlp(10), tableMlp(11)],
    unseen: [characterMlp(20, 8), soundTransformer(21)],
  };
}

/** MNIST, AG News and IMDB earlier; CIFAR-10 and TREC unseen. */
export async function realSets(folder: string): Promise<Sets> {
  const news = await newsParts(`${folder}/agnews`);
  const imdb = ["train", "test"].map((part) => reviews(`${folder}/imdb/imdb_${part}.tsv.gz`));
  const trec = ["train_5500", "TREC_10"].map((part) => questions(`${folder}/trec/${part}.label`));
  return {
    earlier: [
      halved(await mnist(folder), { name: "MNIST, CNN", side: 28, channels: 1 }),
      texts("AG News, Transformer", news, { classes: 4, length: 24, net: transformer }),
      texts("IMDB, RNN", await Promise.all(imdb), { classes: 2, length: 32, net: rnn }),
    ],
    unseen: [
      halved(await cifar(folder), { name: "CIFAR-10, CNN", side: 32, channels: 3 }),
      texts("TREC, RNN", await Promise.all(trec), { classes: 6, length: 16, net: rnn }),
    ],
  };
}

interface Images {
  readonly name: string;
  readonly side: number;
  readonly channels: number;
}

/** Images of half the side, by means of 2 × 2 pixels, and a CNN of 8, 16 and 32 filters whose
 * rounds and hidden units are searched. */
function halved(problem: Problem, { name, side, channels }: Images): Problem {
  const half = side / 2;
  const part = ({ x, y }: Part): Part => {
    const small = new Float32Array(y.length * half * half * channels);
    for (let i = 0; i < small.length; i++) {
      const [c, column] = [i % channels, Math.floor(i / channels) % half];
      const row = Math.floor(i / (channels * half)); // of all images, one below the other
      const at = (r: number, k: number) =>
        x[((2 * row + r) * side + 2 * column + k) * channels + c];
      small[i] = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
    }
    return { x: small, y };
  };
  const { train, valid, test, classes } = problem;
  const [source] = problem.about.split(", MLP");
  return {
    ...problem,
    ...{ name, shape: [half, half, channels] },
    ...{ train: part(train), valid: part(valid), test: part(test) },
    about: `${source.split(", conv")[0]}, as ${half} × ${half}, CNN of 8, 16, 32 filters`,
    net: ({ units = 64, layers = 2, dropout = 0 }: Size = {}) =>
      nn.models.cifarCnn({
        ...{ size: half, channels, classes, dropout, hidden: [units], padding: "same" },
        filters: [8, 16, 32].slice(0, layers),
      }),
  };
}

type TextNet = (form: { vocabulary: number; classes: number }, size: Size) => nn.Layer;

const WORDS = 2000;
const EMBEDDING = 32;
const JUDGED = 500;
const MOST_TESTED = 1000;

const rnn: TextNet = (form, { units = 64, layers = 1, dropout = 0 }) =>
  nn.models.textRnn({ ...form, size: EMBEDDING, units, layers, dropout, pool: "max" });

const transformer: TextNet = (form, { units = 64, layers = 1, dropout = 0 }) =>
  nn.models.textTransformer({ ...form, size: EMBEDDING, heads: 4, units, layers, dropout });

/** Texts as their first words; 500 of the training texts judge trials. */
function texts(
  name: string,
  [own, held]: readonly (readonly Text[])[],
  { classes, length, net }: { classes: number; length: number; net: TextNet },
): Problem {
  const random = data.stream(0, 13);
  const order = shuffled(random, own.length);
  const [learned, judged] = [order.slice(JUDGED), order.slice(0, JUDGED)];
  const vocabulary = data.vocabulary(
    learned.map((i) => own[i].words),
    { size: WORDS },
  );
  const list = [...learned, ...judged].map((i) => own[i]).concat(held.slice(0, MOST_TESTED));
  const counts = [learned.length, JUDGED, list.length - own.length] as const;
  const parts = dealt(counts, length, true, (i, x) => {
    x.set(vocabulary.encode(list[i].words, { most: length }));
    return list[i].label;
  });
  const form = { vocabulary: vocabulary.size, classes };
  return {
    ...{ name, classes, shape: [length], train: parts[0], valid: parts[1], test: parts[2] },
    ...{ batch: 64, threshold: 0.7 },
    about: `${name}, ${counts.join(" / ")} texts, first ${length} words of ${WORDS}`,
    net: (size = {}) => net(form, size),
  };
}
