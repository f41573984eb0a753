// Problems that need no data: drawn characters, texts of a small grammar, sounds that are warped
// templates, a table with noise. Each is a function of its seed.

import { data, nn } from "hypergrad";
import { dealt, type Problem, type Size } from "./problem";

const SIDE = 14;

/** Ten drawn characters, 14 × 14. */
function characterParts(seed: number, classes: number, counts: readonly [number, number, number]) {
  const total = counts.reduce((a, b) => a + b);
  const perClass = Math.ceil(total / classes);
  const pool = data.characters({ seed, classes, perClass });
  const random = data.stream(seed, 1);
  const order = random.shuffle(Array.from({ length: classes * perClass }, (_, i) => i));
  return dealt(counts, SIDE * SIDE, false, (i, x) => {
    const [c, k] = [Math.floor(order[i] / perClass), order[i] % perClass];
    const image = data.imageOf(pool, c, k);
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const at = 2 * row * 28 + 2 * column;
        const sum = image[at] + image[at + 1] + image[at + 28] + image[at + 29];
        x[row * SIDE + column] = sum / (4 * 255);
      }
    }
    return c;
  });
}

const COUNTS = [1000, 300, 500] as const;

export function characterMlp(seed = 0, classes = 10): Problem {
  const [train, valid, test] = characterParts(seed, classes, COUNTS);
  return {
    ...{ name: "characters, MLP", shape: [SIDE * SIDE], classes, train, valid, test },
    ...{ batch: 32, threshold: 0.7 },
    about: `${classes} drawn characters, 14 × 14, MLP 196-32-${classes}`,
    net: ({ units = 32, layers = 1, dropout = 0 }: Size = {}) =>
      nn.models.mnistMlp({
        ...{ inputs: SIDE * SIDE, classes, dropout },
        hidden: new Array<number>(layers).fill(units),
      }),
  };
}

export function characterCnn(seed = 1, classes = 10): Problem {
  const [train, valid, test] = characterParts(seed, classes, COUNTS);
  return {
    ...{ name: "characters, CNN", shape: [SIDE, SIDE, 1], classes, train, valid, test },
    ...{ batch: 32, threshold: 0.7 },
    about: `${classes} drawn characters, 14 × 14, two rounds of conv, ReLU, max-pool, 8 and 16`,
    net: ({ units = 8, layers = 2, dropout = 0 }: Size = {}) =>
      nn.models.cifarCnn({
        ...{ size: SIDE, channels: 1, classes, dropout, hidden: [32], padding: "same" },
        filters: Array.from({ length: layers }, (_, i) => units * 2 ** i),
      }),
  };
}

const TEXT = 16;
const VOCABULARY = 40;

/** Words for and against, words that turn the next one round, words that say nothing; the sum
 * decides, and is never 0. */
export function textLstm(seed = 2, vocabulary = VOCABULARY): Problem {
  const random = data.stream(seed, 2);
  const [words, turns] = [Math.floor(vocabulary / 4), Math.floor(vocabulary / 10)];
  const draw = (_: number, x: Float32Array | Int32Array): number => {
    for (;;) {
      let [sum, turned] = [0, false];
      for (let t = 0; t < TEXT; t++) {
        const word = 1 + random.integer(vocabulary - 1);
        x[t] = word;
        const sign = word <= words ? 1 : word <= 2 * words ? -1 : 0;
        sum += turned ? -sign : sign;
        turned = word > 2 * words && word <= 2 * words + turns;
      }
      if (sum !== 0) return sum > 0 ? 1 : 0;
    }
  };
  const [train, valid, test] = dealt([1500, 300, 500], TEXT, true, draw);
  return {
    ...{ name: "texts, LSTM", shape: [TEXT], classes: 2, train, valid, test },
    ...{ batch: 32, threshold: 0.75 },
    about: `texts of ${TEXT} words of ${vocabulary}, with negation, embedding 16, LSTM 16`,
    net: ({ units = 16, layers = 1, dropout = 0 }: Size = {}) =>
      nn.models.textLstm({ vocabulary, size: 16, units, layers, dropout, std: 0.5 }),
  };
}

const [FRAMES, BANDS] = [12, 8];

/** Ten sounds: each a template of frames, played at its own speed and loudness, with noise. */
export function soundTransformer(seed = 3, classes = 10): Problem {
  const random = data.stream(seed, 3);
  const templates = Array.from({ length: classes }, () =>
    Array.from({ length: 4 * BANDS }, () => random.normal()),
  );
  const draw = (i: number, x: Float32Array | Int32Array): number => {
    const c = i % classes;
    const [speed, start] = [0.7 + 0.6 * random.uniform(), 0.3 * random.uniform()];
    for (let t = 0; t < FRAMES; t++) {
      const at = Math.min(3, Math.floor(4 * Math.max(0, (speed * t) / FRAMES - start + 0.15)));
      for (let b = 0; b < BANDS; b++) {
        x[t * BANDS + b] = templates[c][at * BANDS + b] + 0.8 * random.normal();
      }
    }
    return c;
  };
  const [train, valid, test] = dealt(COUNTS, FRAMES * BANDS, false, draw);
  return {
    ...{ name: "sounds, Transformer", shape: [FRAMES, BANDS], classes, train, valid, test },
    ...{ batch: 32, threshold: 0.7 },
    about: `${classes} sounds, ${FRAMES} frames of ${BANDS} bands, Transformer of size 16`,
    net: ({ units = 32, layers = 1, dropout = 0 }: Size = {}) =>
      nn.models.speechTransformer({
        ...{ mels: BANDS, classes, size: 16, heads: 2, layers, units, dropout },
      }),
  };
}

const COLUMNS = 9;

/** A table as of passengers: a few columns decide together, and one row in ten is wrong. */
export function tableMlp(seed = 4): Problem {
  const random = data.stream(seed, 4);
  const draw = (_: number, x: Float32Array | Int32Array): number => {
    for (let c = 0; c < COLUMNS; c++) x[c] = c < 3 ? random.integer(2) : random.normal();
    const score = 1.5 * x[0] - 1 + x[3] * (x[1] > 0 ? 1 : -1) + 0.5 * x[4] * x[4] - 0.5 * x[2];
    const truth = score > 0 ? 1 : 0;
    return random.uniform() < 0.1 ? 1 - truth : truth;
  };
  const [train, valid, test] = dealt([600, 200, 500], COLUMNS, false, draw);
  return {
    ...{ name: "table, MLP", shape: [COLUMNS], classes: 2, train, valid, test },
    ...{ batch: 32, threshold: 0.78 },
    about: `a table of ${COLUMNS} columns with one label in ten wrong, MLP ${COLUMNS}-32-16-2`,
    net: ({ units = 32, dropout = 0 }: Size = {}) =>
      nn.models.titanicMlp(COLUMNS, { hidden: [units, Math.ceil(units / 2)], dropout, classes: 2 }),
  };
}
