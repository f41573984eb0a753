// The domains: sine curves and drawn characters are built in; with data Omniglot, small photographs
// and what is transferred to. Test classes are never training classes.

import { data } from "hypergrad";
import { convNet, type Domain, pointNet, type Stream } from "./domain";
import { TEST_KEY, VALID_KEY } from "./streams";

/** y = A sin(x − phase), ten points each (Finn et al. 2017). */
export function sineDomain(): Domain {
  const [shot, query] = [10, 10];
  const stream = (seed: number, own = shot) => data.sinusoids({ key: seed, shot: own, query });
  return {
    ...{ name: "sine curves", kind: "points", net: pointNet(), way: 1, shot, query },
    ...{
      steps: 1,
      testSteps: 10,
      innerLr: 0.01,
      outerLr: 1e-3,
      metaBatch: 25,
      testTasks: 600,
      threshold: 1,
    },
    about: "sine curves: 10 support and 10 query points, 25 tasks a meta-step, inner rate 0.01",
    train: stream,
    valid: stream(VALID_KEY),
    test: stream(TEST_KEY),
  };
}

export interface Pools {
  readonly train: data.ClassPool;
  readonly valid: data.ClassPool;
  readonly test: data.ClassPool;
}

interface ImageOptions {
  readonly name: string;
  readonly pools: Pools;
  readonly filters: number;
  readonly shot?: number;
  readonly query?: number;
  readonly way?: number;
  readonly innerLr?: number;
  readonly outerLr?: number;
  readonly testTasks: number;
  readonly threshold: number;
  /** Default 1 and 10. */
  readonly steps?: number;
  readonly testSteps?: number;
  /** Of the meta-batch. */
  readonly tasks?: number;
  readonly elsewhere?: {
    readonly name: string;
    readonly pool: data.ClassPool;
    readonly testTasks: number;
    readonly threshold: number;
  };
}

export function imageDomain(options: ImageOptions): Domain {
  const { name, pools, filters, shot = 1, query = 1, way = 5, innerLr = 0.4 } = options;
  const { testTasks, threshold, steps = 1, testSteps = 10, tasks = 8, outerLr = 1e-3 } = options;
  const { elsewhere } = options;
  const stream = (classes: data.ClassPool) => (seed: number, own?: number) =>
    data.episodes({ classes, way, shot: own ?? shot, query, key: seed });
  const { train, valid, test } = pools;
  const conv = { channels: train.channels, filters, way };
  const labelled = (seed: number): Stream => {
    const draw = stream(train)(seed);
    return (index) => {
      const task = draw(index);
      const named = (side: data.Batch): data.Batch => ({
        ...side,
        y: side.y.map((label) => task.ids.classes[label]),
      });
      return { ...task, support: named(task.support), query: named(task.query) };
    };
  };
  return {
    ...{
      name,
      kind: "images",
      net: convNet(conv),
      conv,
      way,
      shot,
      query,
      steps,
      testSteps,
      innerLr,
    },
    ...{ metaBatch: tasks, outerLr, testTasks, threshold },
    about:
      `${name}: ${train.classes} training, ${valid.classes} validation and ${test.classes} test ` +
      `classes, ${way}-way ${shot}-shot, ${query} query a class, in training and test, batch ` +
      `statistics in the norm (transductive), 4 conv layers of ${filters} filters, ` +
      `${tasks} tasks a meta-step, inner rate ${innerLr}, outer rate ${outerLr}`,
    train: stream(train),
    valid: stream(valid)(VALID_KEY),
    test: stream(test)(TEST_KEY),
    elsewhere: elsewhere && { ...elsewhere, test: stream(elsewhere.pool)(TEST_KEY) },
    joint: { classes: train.classes, stream: labelled },
  };
}

/** Split first, rotated after: no test character is a training character turned. */
export function split(pool: data.ClassPool, first: number, valid: number, seed = 0): Pools {
  const [train, rest] = data.splitClasses(pool, { first, seed });
  const [held, test] = data.splitClasses(rest, { first: valid, seed });
  return {
    train: data.rotations(train),
    valid: data.rotations(held),
    test: data.rotations(test),
  };
}

export const characterPools = (): Pools => split(data.characters({ seed: 0 }), 280, 40);

/** All 1,623 characters: 1,100 for training, 100 and 423 for validation and test, by a seeded
 * shuffle. */
export async function omniglotPools(folder: string): Promise<Pools> {
  const parts = [
    await data.omniglot(`${folder}/omniglot`, "background"),
    await data.omniglot(`${folder}/omniglot`, "evaluation"),
  ];
  return split(joined(parts), 1100, 100);
}

const SMALL = {
  train: ["Balinese", "Early_Aramaic", "Greek", "Korean", "Latin"],
  valid: ["Armenian"],
  test: ["Japanese_(katakana)", "Sanskrit", "Tagalog"],
};

/** Whole alphabets: 136 characters for training and 106 for tests. */
export async function smallOmniglotPools(folder: string): Promise<Pools> {
  const pool = await data.omniglot(`${folder}/omniglot`, "background");
  const of = (alphabets: readonly string[]) => {
    const ids = pool.names.flatMap((name, c) => (alphabets.includes(name.split("/")[0]) ? c : []));
    return data.rotations(data.selectClasses(pool, ids));
  };
  return { train: of(SMALL.train), valid: of(SMALL.valid), test: of(SMALL.test) };
}

/** Photographs of 32 × 32: the few-shot classes, split as their source does. */
export async function photographPools(folder: string): Promise<Pools> {
  const names = JSON.parse(await text(`${folder}/tinyimagenet/tinyimagenet32_fs.json`)).splits;
  const part = async (name: "train" | "val" | "test") => {
    const file = `${folder}/tinyimagenet/tinyimagenet32_fs_${name}.bin.gz`;
    return recordPool(await data.readUnpacked(file), names[name].length);
  };
  return { train: await part("train"), valid: await part("val"), test: await part("test") };
}

/** Five kinds of flowers, as test classes for what was learned on other photographs. */
export async function flowerPool(folder: string): Promise<data.ClassPool> {
  const parts = ["train", "test"].map((part) =>
    data.readUnpacked(`${folder}/flowers/flowers32_${part}.bin.gz`),
  );
  const [a, b] = await Promise.all(parts);
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return recordPool(bytes, 5);
}

/** Ten digits, each drawn by many hands. */
export async function digitPool(folder: string): Promise<data.ClassPool> {
  const images = await data.readUnpacked(`${folder}/mnist/t10k-images-idx3-ubyte.gz`);
  const labels = await data.readUnpacked(`${folder}/mnist/t10k-labels-idx1-ubyte.gz`);
  const size = 28 * 28;
  return poolOf(labels.subarray(8), 10, { height: 28, width: 28, channels: 1 }, (i, out) => {
    out.set(images.subarray(16 + i * size, 16 + (i + 1) * size));
  });
}

/** Records of a label and three planes of 32 × 32. */
function recordPool(bytes: Uint8Array, classes: number): data.ClassPool {
  const [side, length] = [1024, 3073];
  const labels = Uint8Array.from({ length: bytes.length / length }, (_, i) => bytes[i * length]);
  return poolOf(labels, classes, { height: 32, width: 32, channels: 3 }, (i, out) => {
    for (let p = 0; p < side; p++) {
      for (let c = 0; c < 3; c++) out[3 * p + c] = bytes[i * length + 1 + c * side + p];
    }
  });
}

type Size = { readonly height: number; readonly width: number; readonly channels: number };

function poolOf(
  labels: Uint8Array,
  classes: number,
  size: Size,
  read: (i: number, out: Uint8Array) => void,
): data.ClassPool {
  const each = size.height * size.width * size.channels;
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]++;
  const next = counts.map((_, c) => counts.slice(0, c).reduce((a, b) => a + b, 0));
  const images = new Uint8Array(labels.length * each);
  for (const [i, label] of labels.entries()) {
    const at = next[label]++ * each;
    read(i, images.subarray(at, at + each));
  }
  const names = counts.map((_, c) => String(c));
  return data.classPool({ images, ...size, counts, names });
}

function joined(parts: readonly data.ClassPool[]): data.ClassPool {
  const images = new Uint8Array(parts.reduce((sum, part) => sum + part.images.length, 0));
  let at = 0;
  for (const part of parts) {
    images.set(part.images, at);
    at += part.images.length;
  }
  const { height, width } = parts[0];
  const counts = parts.flatMap((part) => part.names.map((_, c) => data.countOf(part, c)));
  return data.classPool({ images, height, width, counts, names: parts.flatMap((p) => p.names) });
}

const text = async (file: string) => new TextDecoder().decode(await data.readBytes(file));
