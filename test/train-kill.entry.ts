// A training as a process of its own, for tests that kill it: goes on from the state at its first
// argument, which it saves after every step, and puts the final parameters at its second.

import { batches } from "../src/data/batches";
import { saveSafetensors } from "../src/data/save";
import { readBytes } from "../src/data/source";
import { writeBytes } from "../src/data/write";
import { init } from "../src/device/init";
import { dropout } from "../src/nn/dropout";
import { linear } from "../src/nn/linear";
import { sequential } from "../src/nn/sequential";
import { relu } from "../src/ops/activation";
import { crossEntropy } from "../src/ops/losses";
import { key } from "../src/ops/random";
import { adam } from "../src/optim/adam";
import type { Tree } from "../src/tensor/tree";
import { fit as train } from "../src/train/fit";

const [state, final] = process.argv.slice(2);
await init({ device: "wasm" });
const net = sequential(linear(20, 300), relu, dropout(0.2), linear(300, 200), relu, linear(200, 4));
let total = 0;
const { params } = await train<ReturnType<typeof net.init>, Tree>({
  params: net.init(key(1)),
  loss: (p, { x, y }, context) => crossEntropy(net.apply(p, x, context), y),
  optimizer: adam({ lr: 0.01 }),
  batches: batches({
    ...{ count: 64, size: 8, seed: 2 },
    collate: (ids, random) => ({
      x: {
        data: Float32Array.from({ length: 160 }, (_, i) => Math.sin(ids[i % 8]) + random.uniform()),
        shape: [8, 20],
      },
      y: { data: Int32Array.from(ids, (id) => id % 4), shape: [8] },
    }),
  }),
  epochs: 4,
  seed: 3,
  save: {
    every: 1,
    write: async (bytes) => {
      process.stdout.write(`saving ${total}\n`);
      await writeBytes(state, bytes);
      process.stdout.write(`saved ${total}\n`);
    },
  },
  onStep: (report) => {
    total = report.total;
  },
  resume: await readBytes(state).catch(() => undefined),
});
await writeBytes(final, await saveSafetensors(params));
