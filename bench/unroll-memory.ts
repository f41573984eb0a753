// What keeping less of an unroll saves and costs: bytes and time of the compiled meta-gradient of
// T inner steps on an MLP, by mode, interleaved in one process. Prints a table: the block of
// intermediate values, the peak that the plan predicts with results, and the peak measured.
// npm run bench:unroll -- [steps] [runs]

import type { Tensor } from "hypergrad";
import {
  add,
  compile,
  crossEntropy,
  device,
  dispose,
  init,
  key,
  mapTree,
  meta,
  nn,
  relu,
  split,
  tensor,
  uniform,
} from "hypergrad";

const steps = Number(process.argv[2] ?? 100);
const runs = Number(process.argv[3] ?? 5);
const SIZES = [64, 128, 128, 10];
const BATCH = 128;

type Batch = { readonly x: Tensor; readonly y: Tensor };

await init({ device: "wasm" });
const net = nn.mlp(SIZES, relu);
const [forNet, forX, forQuery] = split(key(0), 3);
// Written out: biases start as repeats of one number, which a run has to copy.
const params = mapTree((w) => add(w, 1e-3), net.init(forNet));
const batch = (from: Tensor): Batch => ({
  x: uniform(from, [BATCH, SIZES[0]], { low: -1, high: 1 }),
  y: tensor(Int32Array.from({ length: BATCH }, (_, i) => (i * 7) % SIZES[3])),
});
const tasks = [{ support: batch(forX), query: batch(forQuery) }];
const loss = (p: typeof params, { x, y }: Batch) => crossEntropy(net.apply(p, x), y);

const modes = (["store", "checkpoint", "sqrt", "mixed"] as const).map((mode) => {
  const learner = meta.unroll({ loss, inner: meta.inner.sgd({ lr: 0.05 }), steps, order: 2, mode });
  const step = compile((p: typeof params, list: typeof tasks) => {
    const { value, grads } = learner.metaGrad({ params: p, meta: {} }, list);
    return { value, grads };
  });
  return { mode, step, times: [] as number[], first: 0, peak: 0, gradient: [] as number[] };
});

async function timed(one: (typeof modes)[number]): Promise<number> {
  const before = device().memory().bytes;
  device().resetPeak();
  const start = performance.now();
  const { value, grads } = one.step(params, tasks);
  await value.item();
  const ms = performance.now() - start;
  one.peak = device().memory().peakBytes - before;
  const [first] = grads.params as { w: Tensor }[];
  if (one.gradient.length === 0) one.gradient = Array.from(await first.w.data());
  dispose({ value, grads });
  return ms;
}

for (const one of modes) one.first = await timed(one);
for (let run = 0; run < runs; run++) for (const one of modes) one.times.push(await timed(one));

const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
const [store] = modes;
const best = (one: (typeof modes)[number]) => Math.min(...one.times);
const size = Math.max(...store.gradient.map(Math.abs));
console.log(`MLP ${SIZES.join("-")}, batch ${BATCH}, sgd, ${steps} steps, best of ${runs} runs`);
console.log(
  "mode         MiB  store is  predicted  measured  first s      ms  of store  gradient differs",
);
for (const one of modes) {
  const { bytes, peakBytes } = one.step.stats();
  const off = Math.max(...one.gradient.map((v, i) => Math.abs(v - store.gradient[i]))) / size;
  const columns = [
    one.mode.padEnd(10),
    mib(bytes).padStart(6),
    `${(store.step.stats().bytes / bytes).toFixed(2)} x`.padStart(9),
    mib(peakBytes).padStart(10),
    mib(one.peak).padStart(9),
    (one.first / 1000).toFixed(2).padStart(8),
    best(one).toFixed(1).padStart(7),
    `${(best(one) / best(store)).toFixed(2)} x`.padStart(9),
    off.toExponential(1).padStart(17),
  ];
  console.log(columns.join(" "));
}
