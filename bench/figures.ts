// Figures of published or measured references, each by one command and as a mean over seeds:
// hypergradient descent on MNIST, learned optimizers, ProtoNet and MAML on full Omniglot.
// npm run bench:figures -- hd|l2l|mlp|proto|maml [--data DIR] [--seed N] [--seeds N] [--steps N]
// and of mlp: [--tasks N] [--rates 0.001,0.01] [--only gradient|ES|PES]

import { parseArgs } from "node:util";
import {
  add,
  compile,
  crossEntropy,
  data,
  dispose,
  init,
  key,
  leaves,
  mapTree,
  matmul,
  meta,
  mul,
  normal,
  optim,
  scope,
  split,
  square,
  sub,
  sum,
  type Tensor,
  type Tree,
  tensor,
  uniform,
  valueAndGrad,
  zeros,
  zerosLike,
} from "hypergrad";
import { imageDomain, omniglotPools } from "../examples/experiment/fewshot/domains";
import { mamlMethod, protoMethod } from "../examples/experiment/fewshot/methods";
import { mlpOptimizers } from "./mlp-optimizer";

const text = { type: "string" } as const;
const { values: given, positionals } = parseArgs({
  options: {
    ...{ data: text, seed: text, seeds: text, steps: text, tasks: text, device: text },
    ...{ rates: text, only: text },
  },
  allowPositionals: true,
});
const folder = given.data ?? "../shared/data";

/** What one seed gave, by name. */
type Found = Readonly<Record<string, number>>;

/** Logistic regression, batch 128, decay 1e-4, rate and its rate 1e-3: loss on the test images
 * after each epoch (Baydin et al. 2018: SGD .769 and with hypergradients .316 after the first). */
async function hypergradients(seed: number): Promise<Found> {
  const read = (name: string) => data.readUnpacked(`${folder}/mnist/${name}-ubyte.gz`);
  const part = async (name: string, count: number) => {
    const images = (await read(`${name}-images-idx3`)).subarray(16);
    const labels = (await read(`${name}-labels-idx1`)).subarray(8);
    const x = Float32Array.from(images, (v) => (v / 255 - 0.1307) / 0.3081);
    return { x, y: Int32Array.from(labels), count };
  };
  const [train, test] = [await part("train", 60_000), await part("t10k", 10_000)];
  type Params = { w: Tensor; b: Tensor };
  const found: Record<string, number> = {};
  const loss = (p: Params, x: Tensor, y: Tensor) => crossEntropy(add(matmul(x, p.w), p.b), y);
  for (const beta of [0, 1e-3]) {
    const step = compile((p: Params, before: Params, rate: Tensor, x: Tensor, y: Tensor) => {
      const [, raw] = valueAndGrad(loss)(p, x, y);
      const g = mapTree((d, w) => add(d, mul(w, 1e-4)), raw, p);
      const olds = leaves(before);
      const products = leaves(g).map((d, i) => sum(mul(d, olds[i])));
      const next = add(rate, mul(add(products[0], products[1]), beta));
      return { p: mapTree((w, d) => sub(w, mul(d, next)), p, g), g, next };
    });
    const judge = compile(loss as (...xs: Tree[]) => Tensor);
    let p: Params = {
      w: uniform(key(seed), [784, 10], { low: -1 / 28, high: 1 / 28 }),
      b: zeros([10]),
    };
    let before: Params = mapTree(zerosLike, p);
    let rate = tensor(1e-3);
    for (let epoch = 0; epoch < 3; epoch++) {
      const order = data.stream(seed, epoch).shuffle(Array.from({ length: 60_000 }, (_, i) => i));
      for (let at = 0; at + 128 <= order.length; at += 128) {
        const ids = order.slice(at, at + 128);
        const x = new Float32Array(128 * 784);
        for (const [i, id] of ids.entries())
          x.set(train.x.subarray(id * 784, (id + 1) * 784), i * 784);
        const [xs, ys] = [tensor(x, [128, 784]), tensor(Int32Array.from(ids, (i) => train.y[i]))];
        const made = step(p, before, rate, xs, ys);
        dispose({ p, before, rate, xs, ys });
        ({ p, g: before, next: rate } = made);
      }
      const [xs, ys] = [tensor(test.x, [10_000, 784]), tensor(test.y)];
      const y = judge(p, xs, ys);
      const name = beta > 0 ? "SGD with hypergradients" : "SGD";
      found[`${name}, epoch ${epoch + 1}`] = await y.item();
      dispose({ xs, ys, y });
    }
  }
  return found;
}

type Quadratics = { readonly w: Tensor; readonly y: Tensor };

/** f = mean over 32 problems of |W x − y|², 10 numbers each; the sum of f over steps 0 to 100 on
 * held-out problems. */
async function quadratics(seed: number): Promise<Found> {
  const [problems, size, horizon, window] = [32, 10, 100, 20];
  // The gradient of each problem's own sum, so the loss is a sum; f is its mean.
  const loss = (x: Tensor, { w, y }: Quadratics) => sum(square(sub(matmul(w, x), y)));
  const inner = meta.inner.lstm({ scale: 0.1, input: "raw" });
  const weights = new Array<number>(window).fill(1 / problems);
  const loop = meta.unroll({ loss, inner, steps: window, order: 1, weights });
  const outer = optim.adam({ lr: tensor(0) });
  const draw = (s: number): Quadratics => {
    const [a, b] = split(key(s), 2);
    return { w: uniform(a, [problems, size, size]), y: uniform(b, [problems, size, 1]) };
  };
  const begin = (s: number) => loop.start(normal(key(s), [problems, size, 1], { std: 0.01 }));
  type Net = meta.Learned<Tensor, Tree>["meta"];
  type Learner = { net: Net; adam: Tree };
  type Carry = ReturnType<typeof begin>;
  const metaStep = compile((learner: Learner, carry: Carry, problem: Quadratics, rate: Tensor) => {
    const task = { support: problem, query: problem };
    const learned = { params: carry.params, meta: learner.net as never };
    const found = loop.window(learned, [task], [carry]);
    const grads = optim.clipByNorm(found.grads.meta as Tree, 10);
    const [net, adam] = optim.adam({ lr: rate }).update(grads, learner.adam as never, learner.net);
    const [next] = found.carry as readonly Carry[];
    return { learner: { net, adam: adam as Tree }, carry: next };
  });
  const advance = compile((net: Net, carry: Carry, problem: Quadratics) => {
    const [value, grads] = valueAndGrad(loss)(carry.params, problem);
    const info = { meta: net as never, step: 0, steps: 1, loss: value };
    const [params, state] = inner.update(grads, carry.state as never, carry.params, info);
    return { carry: { params, state } as unknown as Carry, value: mul(value, 1 / problems) };
  });
  let learner: Learner = scope(() => {
    const net = inner.initMeta(zeros([1]), key(seed)) as unknown as Net;
    return { net, adam: outer.init(net) as Tree };
  });
  const from = performance.now();
  const runs = Number(given.steps ?? 300);
  for (let r = 0; r < runs; r++) {
    const problem = draw(1000 + 1_000_000 * seed + r);
    let carry = begin(500_000 + 1_000_000 * seed + r);
    for (let k = 0; k < horizon; k += window) {
      const rate = tensor(3e-3);
      const made = metaStep(learner, carry, problem, rate);
      dispose({ learner, carry, rate } as unknown as Tree);
      ({ learner, carry } = made);
    }
    dispose({ carry, problem } as unknown as Tree);
  }
  const seconds = (performance.now() - from) / 1000;
  let [total, last] = [0, 0];
  const held = 20;
  for (let h = 0; h < held; h++) {
    const problem = draw(900_000_000 + h);
    let carry = begin(910_000_000 + h);
    for (let k = 0; k <= horizon; k++) {
      const made = advance(learner.net, carry, problem);
      dispose(carry as unknown as Tree);
      carry = made.carry;
      const value = await made.value.item();
      made.value.dispose();
      total += value / held;
      if (k === horizon) last += value / held;
    }
    dispose({ carry, problem } as unknown as Tree);
  }
  return {
    "sum over steps 0 to 100": total,
    "after 100 steps": last,
    "seconds, training": seconds,
  };
}

/** Full Omniglot, 5-way 1-shot, 1,100 × 4 training and 423 × 4 test classes, 32 filters. */
async function omniglot(which: "proto" | "maml", seed: number): Promise<Found> {
  const pools = await omniglotPools(folder);
  const steps = Number(given.steps ?? (which === "proto" ? 4960 : 8000));
  const domain = imageDomain({
    ...{ name: "Omniglot", pools, filters: 32, testTasks: 600, threshold: 0.9 },
    ...{ testSteps: which === "proto" ? 0 : 3 },
  });
  const method = which === "proto" ? protoMethod : mamlMethod({ order: 2 });
  let shown = performance.now();
  const tell = async (done: number, total: number, note = "") => {
    if (performance.now() - shown < 20_000) return;
    shown = performance.now();
    console.log(`  ${Math.round((100 * done) / total)} % ${note}`);
  };
  // One step's arithmetic, from a training that has no more than one.
  const { metrics: one } = await method({
    ...{ domain: { ...domain, testTasks: 2 }, seed, flops: 0, tell },
  });
  const flops = one.flops * 1e9 * steps * (1 + 1e-9);
  const { metrics, halves, note } = await method({ domain, seed, flops, tell });
  console.log(`  ${note}`);
  return { accuracy: metrics.last, "half the 95 % interval": halves!.last };
}

/** By name: how to find it, how many seeds, and the figures to reach. */
const known: Readonly<
  Record<string, { run: (seed: number) => Promise<Found>; seeds: number; reach: Found }>
> = {
  hd: { run: hypergradients, seeds: 1, reach: { "SGD with hypergradients, epoch 1": 0.32 } },
  l2l: {
    run: quadratics,
    seeds: 3,
    reach: { "sum over steps 0 to 100": 21.3, "after 100 steps": 0.076 },
  },
  mlp: {
    run: (seed) =>
      mlpOptimizers(folder, {
        ...{ seed, steps: Number(given.steps ?? 400), tasks: Number(given.tasks ?? 32) },
        ...{ rates: (given.rates ?? "0.001,0.01").split(",").map(Number), only: given.only },
      }),
    seeds: 1,
    reach: {},
  },
  proto: { run: (seed) => omniglot("proto", seed), seeds: 1, reach: { accuracy: 0.967 } },
  maml: { run: (seed) => omniglot("maml", seed), seeds: 1, reach: { accuracy: 0.96 } },
};

const [name] = positionals;
if (!(name in known)) {
  console.error(`figures: name one of ${Object.keys(known).join(", ")}; got ${name ?? "none"}`);
  process.exitCode = 2;
} else {
  await init({ device: (given.device ?? "auto") as "auto" });
  const { run, seeds, reach } = known[name];
  const [first, count] = [Number(given.seed ?? 0), Number(given.seeds ?? seeds)];
  const all: Found[] = [];
  for (let seed = first; seed < first + count; seed++) {
    all.push(await run(seed));
    const own = Object.entries(all.at(-1)!).map(([what, x]) => `${what} ${x.toPrecision(4)}`);
    console.log(`${name}, seed ${seed}: ${own.join("; ")}`);
  }
  for (const what of Object.keys(all[0])) {
    const mean = all.reduce((sum, found) => sum + found[what], 0) / count;
    const wanted = reach[what] === undefined ? "" : ` (to reach: ${reach[what]})`;
    console.log(`mean of ${count}, ${what}: ${mean.toPrecision(4)}${wanted}`);
  }
}
