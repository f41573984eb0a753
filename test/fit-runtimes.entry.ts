// Suite: one training, cut in two by its saved state, as a page, Deno and Node run it. Its result
// is the bits of the last parameters.

import { batches } from "../src/data/batches";
import { gunzip } from "../src/data/gzip";
import { idxImages, imageBatch, normalizationOf } from "../src/data/images";
import { init } from "../src/device/init";
import { linear } from "../src/nn/linear";
import { sequential } from "../src/nn/sequential";
import { relu } from "../src/ops/activation";
import { equal } from "../src/ops/compare";
import { crossEntropy } from "../src/ops/losses";
import { key } from "../src/ops/random";
import { argmax } from "../src/ops/reduce";
import { reshape } from "../src/ops/reshape";
import { adam } from "../src/optim/adam";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, type Tree } from "../src/tensor/tree";
import { evaluator } from "../src/train/evaluate";
import { fit as train } from "../src/train/fit";

export interface Result {
  readonly bits: string;
  /** The same, trained in one go. */
  readonly whole: string;
  readonly accuracy: number;
  readonly steps: readonly number[];
  /** How the first part ended. */
  readonly ended: string;
}

/** Two idx files of 96 images of 4 x 4, bright above or below, packed as the web has them. */
function files(): Blob[] {
  const count = 96;
  const images = new Uint8Array(16 + count * 16);
  images.set([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 4, 0, 0, 0, 4]);
  const labels = new Uint8Array(8 + count);
  labels.set([0, 0, 8, 1, 0, 0, 0, count]);
  for (let i = 0; i < count; i++) {
    labels[8 + i] = i % 2;
    for (let p = 0; p < 16; p++) {
      images[16 + 16 * i + p] = ((i * 31 + p * 17) % 120) + (p >> 3 === i % 2 ? 100 : 0);
    }
  }
  return [images, labels].map((bytes) => new Blob([bytes]));
}

async function packed(blob: Blob): Promise<Blob> {
  const stream = blob.stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  await gunzip(bytes, "images");
  return new Blob([bytes]);
}

export default async (): Promise<Result> => {
  await init({ device: "wasm", deterministic: true });
  const [images, labels] = await Promise.all(files().map(packed));
  const set = await idxImages(images, labels, { classes: 2 });
  const norm = normalizationOf(set);
  const rows = (seed?: number) =>
    batches({
      ...{ count: set.count, size: 16, seed },
      collate: (ids, random) => imageBatch(set, ids, norm, random, { shift: 1 }),
    });
  const flat = (x: Tensor) => reshape(x, [x.shape[0], 16]);
  const net = sequential(flat, linear(16, 8), relu, linear(8, 2));
  const evaluate = evaluator(rows(), (p: ReturnType<typeof net.init>, { x, y }) => ({
    accuracy: equal(argmax(net.apply(p, x), { axis: -1 }), y),
  }));
  const steps: number[] = [];
  const run = async (stopAt: number, resume?: Uint8Array) => {
    const saved: Uint8Array[] = [];
    const abort = new AbortController();
    const result = await train<ReturnType<typeof net.init>, Tree>({
      params: net.init(key(1)),
      loss: (p, { x, y }) => crossEntropy(net.apply(p, x), y),
      optimizer: adam({ lr: 0.01 }),
      ...{ batches: rows(2), epochs: 6, evaluate, resume, signal: abort.signal },
      save: { write: (bytes) => void saved.push(bytes) },
      onStep: ({ total }) => {
        steps.push(total);
        if (total === stopAt) abort.abort();
      },
    });
    return { ...result, saved: saved[saved.length - 1] };
  };
  const bitsOf = async (params: Tree) => {
    const values = await Promise.all(leaves(params).map((t) => t.data()));
    return values.map((v) => new Uint32Array(v.buffer, v.byteOffset, v.length).join(" ")).join(" ");
  };
  const whole = await run(0);
  const first = await run(10);
  const last = await run(0, first.saved);
  const { accuracy } = await evaluate(last.params);
  const [bits, one] = [await bitsOf(last.params), await bitsOf(whole.params)];
  return { bits, whole: one, accuracy, steps, ended: first.ended };
};
