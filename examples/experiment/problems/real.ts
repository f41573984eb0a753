// The problems of the definitions on the data sets: MNIST, CIFAR-10, IMDB, spoken digits, Titanic,
// each in sizes that a CPU trains in minutes; floors and remarks are in the `about` lines.

import { data, nn, relu } from "hypergrad";
import { chosen, type Problem, type Size, shuffled } from "./problem";

const wholeOrder = (seed: number, count: number) => shuffled(data.stream(seed, 11), count);

/** Images as numbers of mean 0 and deviation 1. */
function normalised(images: Uint8Array): Float32Array {
  let [sum, squares] = [0, 0];
  for (const v of images) {
    sum += v;
    squares += v * v;
  }
  const mean = sum / images.length;
  const deviation = Math.sqrt(squares / images.length - mean * mean);
  const numbers = new Float32Array(images.length);
  for (let i = 0; i < images.length; i++) numbers[i] = (images[i] - mean) / deviation;
  return numbers;
}

/** Images and labels of one of MNIST's two parts. */
async function digits(folder: string, part: "train" | "t10k") {
  const read = (name: string) => data.readUnpacked(`${folder}/mnist/${part}-${name}-ubyte.gz`);
  const [images, labels] = [await read("images-idx3"), await read("labels-idx1")];
  return { x: normalised(images.subarray(16)), y: labels.subarray(8) };
}

export async function mnist(folder: string): Promise<Problem> {
  const from = await digits(folder, "train");
  const [train, valid, test] = chosen(wholeOrder(0, 60_000), [20_000, 2000, 2000], 784, from);
  return {
    ...{ name: "MNIST, MLP", shape: [784], classes: 10, train, valid, test },
    ...{ batch: 64, threshold: 0.9 },
    about: "MNIST, 20,000 / 2,000 / 2,000 images of its training part, MLP 784-256-256-10",
    net: ({ units = 256, layers = 2, dropout = 0 }: Size = {}) =>
      nn.models.mnistMlp({ dropout, hidden: new Array<number>(layers).fill(units) }),
  };
}

/** An MLP 784-100-10 and a small CNN on the same images, which share their numbers. */
export async function mnistNets(folder: string): Promise<Problem[]> {
  const own = await digits(folder, "train");
  const [train, valid] = chosen(wholeOrder(0, 60_000), [50_000, 2000, 0], 784, own);
  const [test] = chosen(wholeOrder(1, 10_000), [10_000, 0, 0], 784, await digits(folder, "t10k"));
  const parts = { classes: 10, train, valid, test, batch: 128, threshold: 0.95 };
  const counts = "MNIST, 50,000 / 2,000 / 10,000 images, the last of its test part";
  return [
    {
      ...{ ...parts, name: "MNIST, MLP 784-100-10", shape: [784] },
      about: `${counts}, MLP 784-100-10`,
      net: ({ units = 100, layers = 1, dropout = 0 }: Size = {}) =>
        nn.models.mnistMlp({ dropout, hidden: new Array<number>(layers).fill(units) }),
    },
    {
      ...{ ...parts, name: "MNIST, small CNN", shape: [28, 28, 1] },
      about: `${counts}, conv 8 and 16 of stride 2, a linear layer`,
      net: ({ units = 8 }: Size = {}) =>
        nn.sequential(
          ...[nn.conv(1, units, { stride: 2, padding: "same" }), relu],
          ...[nn.conv(units, 2 * units, { stride: 2, padding: "same" }), relu],
          ...[nn.flatten, nn.linear(49 * 2 * units, 10)],
        ),
    },
  ];
}

/** Records of a label and three planes, as images with channels last. */
function records(bytes: Uint8Array): { images: Uint8Array; labels: Uint8Array } {
  const count = bytes.length / 3073;
  const images = new Uint8Array(count * 3072);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = bytes[i * 3073];
    for (let p = 0; p < 1024; p++) {
      for (let c = 0; c < 3; c++) {
        images[i * 3072 + 3 * p + c] = bytes[i * 3073 + 1 + c * 1024 + p];
      }
    }
  }
  return { images, labels };
}

export async function cifar(folder: string): Promise<Problem> {
  const read = async (name: string) =>
    records(await data.readUnpacked(`${folder}/cifar10/${name}.bin.gz`));
  const [own, held] = [await read("cifar10_train_8000"), await read("cifar10_test_2000")];
  const first = { x: normalised(own.images), y: own.labels };
  const [train, valid] = chosen(wholeOrder(0, 8000), [7000, 1000, 0], 3072, first);
  const last = { x: normalised(held.images), y: held.labels };
  const [test] = chosen(wholeOrder(1, 2000), [2000, 0, 0], 3072, last);
  return {
    ...{ name: "CIFAR-10, CNN", shape: [32, 32, 3], classes: 10, train, valid, test },
    ...{ batch: 64, threshold: 0.4 },
    about:
      "CIFAR-10, a subset of decoded JPEGs, 7,000 / 1,000 / 2,000 (results are below published " +
      "ones; ridge regression has 0.383), conv 16, pool, conv 32, pool, 64",
    net: ({ units = 16, layers = 2, dropout = 0 }: Size = {}) =>
      nn.models.cifarCnn({
        ...{ dropout, hidden: [64], filters: Array.from({ length: layers }, (_, i) => units << i) },
      }),
  };
}

const [WORDS, LENGTH] = [5000, 80];

export async function imdb(folder: string): Promise<Problem> {
  const read = async (part: string) => {
    const bytes = await data.readUnpacked(`${folder}/imdb/imdb_${part}.tsv.gz`);
    const lines = new TextDecoder().decode(bytes).split("\n").slice(1).filter(Boolean);
    return lines.map((line) => {
      const [label, , , ...text] = line.split("\t");
      return { label: Number(label), words: data.wordsOf(text.join(" ")).slice(-LENGTH) };
    });
  };
  const [own, held] = [await read("train"), await read("test")];
  const counts = new Map<string, number>();
  for (const { words } of own) {
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const common = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const numbers = new Map(common.slice(0, WORDS - 2).map(([word], i) => [word, i + 2]));
  const encoded = (list: typeof own) => {
    const x = new Int32Array(list.length * LENGTH);
    for (const [i, { words }] of list.entries()) {
      for (const [t, word] of words.entries()) x[i * LENGTH + t] = numbers.get(word) ?? 1;
    }
    return { x, y: list.map(({ label }) => label) };
  };
  const [train, valid] = chosen(wholeOrder(0, own.length), [8000, 1000, 0], LENGTH, encoded(own));
  const [test] = chosen(wholeOrder(1, held.length), [2000, 0, 0], LENGTH, encoded(held));
  return {
    ...{ name: "IMDB, LSTM", shape: [LENGTH], classes: 2, train, valid, test },
    ...{ batch: 64, threshold: 0.7 },
    about:
      `IMDB, a subset, 8,000 / 1,000 / 2,000 reviews, their last ${LENGTH} words of ${WORDS}, ` +
      "embedding 32, LSTM 32, mean (naive Bayes on whole reviews has 0.812)",
    net: ({ units = 32, layers = 1, dropout = 0 }: Size = {}) =>
      nn.models.textLstm({ vocabulary: WORDS, size: 32, units, layers, dropout, pool: "mean" }),
  };
}

const [FRAMES, MELS] = [48, 24];
const QUIET = Math.log(1e-6); // a frame of silence

export async function speech(folder: string): Promise<Problem> {
  const bytes = await data.readUnpacked(`${folder}/fsdd/fsdd_pcm16.bin.gz`);
  const json = JSON.parse(
    new TextDecoder().decode(await data.readBytes(`${folder}/fsdd/fsdd.json`)),
  );
  const samples = data.pcm16(bytes);
  const frames = data.logMel({ rate: 8000, mels: MELS, hop: 0.0125 });
  const list = json.recordings as [number, number, number, number, number][];
  const width = FRAMES * MELS;
  const x = new Float32Array(list.length * width);
  for (const [i, [, , , from, length]] of list.entries()) {
    const own = frames(samples.subarray(from, from + length)).data;
    for (let k = 0; k < width; k++) x[i * width + k] = ((own[k] ?? QUIET) - QUIET) / 10;
  }
  const places = list.map((_, i) => i);
  const held = places.filter((i) => list[i][2] < 5);
  const rest = data.stream(0, 12).shuffle(places.filter((i) => list[i][2] >= 5));
  const y = list.map(([digit]) => digit);
  const [train, valid] = chosen(rest, [2400, 300, 0], width, { x, y });
  const [test] = chosen(held, [300, 0, 0], width, { x, y });
  return {
    ...{ name: "spoken digits, Transformer", shape: [FRAMES, MELS], classes: 10 },
    ...{ train, valid, test, batch: 64, threshold: 0.7 },
    about: `spoken digits, speakers shared, ${FRAMES} frames of ${MELS} bands, Transformer of 32`,
    net: ({ units = 64, layers = 1, dropout = 0 }: Size = {}) =>
      nn.models.speechTransformer({
        ...{ mels: MELS, classes: 10, size: 32, heads: 4, layers, units, dropout },
      }),
  };
}

export async function titanic(folder: string): Promise<Problem> {
  const number = { kind: "number" } as const;
  const category = { kind: "category" } as const;
  const table = await data.readTable(`${folder}/titanic/titanic.csv`, {
    ...{ Survived: number, Pclass: category, Sex: category, Age: number, SibSp: number },
    ...{ Parch: number, Fare: number, Embarked: category },
  } as const);
  const { Survived, ...columns } = table.columns;
  const order = wholeOrder(0, table.count);
  const [first, second] = [Math.round(0.7 * table.count), Math.round(0.85 * table.count)];
  const features = data.tableFeatures(columns as never, order.slice(0, first));
  const all = order.map((_, i) => i);
  const from = { x: features.rows(all), y: Survived.values };
  const counts = [first, second - first, table.count - second] as const;
  const [train, valid, test] = chosen(order, counts, features.width, from);
  return {
    ...{ name: "Titanic, MLP", shape: [features.width], classes: 2, train, valid, test },
    ...{ batch: 32, threshold: 0.78 },
    about: `Titanic, ${counts.join(" / ")} rows by a seed, MLP 32-16 (most died: 0.616)`,
    net: ({ units = 32, dropout = 0 }: Size = {}) =>
      nn.models.titanicMlp(features.width, {
        ...{ hidden: [units, Math.ceil(units / 2)], dropout, classes: 2 },
      }),
  };
}

/** The base nets of S0, the quickest first, as plain gradient descent trains them in some hundred
 * steps: words begin far apart, and the images' net has half the filters. */
export async function baseNets(folder: string): Promise<Problem[]> {
  const [words, images] = [await imdb(folder), await cifar(folder)];
  return [
    await titanic(folder),
    await speech(folder),
    {
      ...{ ...words, threshold: 0.65 },
      about: words.about.replace("embedding 32, LSTM 32, mean", "embedding 32, LSTM 32, maximum"),
      net: ({ units = 32 }: Size = {}) =>
        nn.models.textLstm({ vocabulary: WORDS, size: 32, units, std: 1, pool: "max" }),
    },
    {
      ...images,
      about: images.about.replace("conv 16, pool, conv 32", "conv 8, pool, conv 16"),
      net: ({ units = 8 }: Size = {}) => images.net({ units }),
    },
  ];
}

/** The base nets of S2, of half the width that its definition has, or less. */
export async function realControlled(folder: string): Promise<Problem[]> {
  return [await mnist(folder), await cifar(folder), await imdb(folder)];
}
