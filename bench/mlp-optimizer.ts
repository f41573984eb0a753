// An MLP optimizer meta-trained by the gradient through the loop, by evolution strategies and by
// persistent ones, each with as many meta-steps: mean inner loss on 8 × 8 digits.

import {
  add,
  compile,
  concat,
  crossEntropy,
  data,
  dispose,
  exp,
  key,
  mapTree,
  matmul,
  mean,
  meta,
  mul,
  nn,
  normal,
  optim,
  relu,
  reshape,
  rsqrt,
  scope,
  slice,
  split,
  square,
  stack,
  sub,
  type Tensor,
  type Tree,
  tensor,
  zeros,
  zerosLike,
} from "hypergrad";

type Net = readonly { readonly w: Tensor; readonly b: Tensor }[];
type Batch = { readonly x: Tensor; readonly y: Tensor };

const [WINDOW, HORIZON, SIZE] = [10, 100, 32];
/** How each way's meta-gradient is found, by its name in the literature. */
const WAYS = { gradient: "store", ES: "es", PES: "pes" } as const;

/** θ ← θ − 1e-3 · dir · exp(1e-3 · mag), (dir, mag) of an MLP 3-64-2 over gradient, value and
 * momentum of each weight, each over its root mean square in the tensor (Metz et al. 2022). */
const inner: meta.InnerOptimizer<Net, Tree> = {
  initMeta: (_, own = key(0)) =>
    split(own, 2).map((k, i) => {
      const [from, to] = [3, 64, 2].slice(i);
      return { w: normal(k, [from, to], { std: 1 / Math.sqrt(from) }), b: add(zeros([to]), 0) };
    }),
  init: (params) => mapTree(zerosLike, params),
  update: (grads, momenta, params, { meta: net }) => {
    const next = mapTree((m, g) => add(mul(m, 0.9), mul(g, 0.1)), momenta, grads as Tree);
    const move = (p: Tensor, g: Tensor, m: Tensor) => {
      const column = (x: Tensor) => reshape(mul(x, rsqrt(add(mean(square(x)), 1e-5))), [x.size, 1]);
      const [first, last] = net;
      const h = relu(add(matmul(concat([g, p, m].map(column), 1), first.w), first.b));
      const out = add(matmul(h, last.w), last.b);
      const part = (i: number) => reshape(slice(out, [0, i], [p.size, 1]), p.shape);
      return sub(p, mul(mul(part(0), exp(mul(part(1), 1e-3))), 1e-3));
    };
    return [mapTree(move, params as Tree, grads as Tree, next) as typeof params, next];
  },
};

/** The training images of MNIST as 8 × 8, by means of 4 × 4 pixels with a border of 2. */
async function digits(folder: string) {
  const read = (name: string) => data.readUnpacked(`${folder}/mnist/train-${name}-ubyte.gz`);
  const images = (await read("images-idx3")).subarray(16);
  const labels = Int32Array.from((await read("labels-idx1")).subarray(8));
  const x = new Float32Array(labels.length * 64);
  for (let i = 0; i < labels.length; i++) {
    for (let row = 0; row < 28; row++) {
      for (let column = 0; column < 28; column++) {
        const at = i * 64 + ((row + 2) >> 2) * 8 + ((column + 2) >> 2);
        x[at] += images[i * 784 + row * 28 + column] / (16 * 255);
      }
    }
  }
  return { x, labels };
}

interface MlpOptions {
  readonly seed: number;
  /** Meta-steps of Adam. */
  readonly steps: number;
  /** Inner loops of a meta-step. */
  readonly tasks: number;
  /** Of Adam: each way is tried with each. */
  readonly rates: readonly number[];
  /** One way alone: gradient, ES or PES. Default: all. */
  readonly only?: string;
}

/** Mean inner loss over a whole run of held-out tasks before meta-training, and after it by each
 * way and rate. */
export async function mlpOptimizers(
  folder: string,
  { seed, steps, tasks, rates, only }: MlpOptions,
): Promise<Record<string, number>> {
  const { x, labels } = await digits(folder);
  const net = nn.models.mnistMlp({ inputs: 64, hidden: [128], classes: 10, dropout: 0 });
  const loss = (p: Tree, { x, y }: Batch) => crossEntropy(net.apply(p as never, x), y);
  const at = (batch: Batch, step: number): Batch => ({
    x: reshape(slice(batch.x, [step, 0, 0], [1, SIZE, 64]), [SIZE, 64]),
    y: reshape(slice(batch.y, [step, 0], [1, SIZE]), [SIZE]),
  });
  const loopOf = (mode: meta.Mode) =>
    meta.unroll({
      ...{ loss, inner, steps: WINDOW, order: 1, mode, batch: at, tasks: "batch" },
      weights: new Array<number>(WINDOW).fill(1 / WINDOW),
    });
  /** Batches of a window's steps, and one that judges each, stacked. */
  const windowOf = (random: data.Stream, count: number) => {
    const draw = (shape: readonly number[]): Batch => {
      const ids = Array.from({ length: shape.reduce((a, b) => a * b) }, () =>
        random.integer(labels.length),
      );
      const rows = new Float32Array(ids.length * 64);
      for (const [i, id] of ids.entries()) rows.set(x.subarray(id * 64, (id + 1) * 64), i * 64);
      const y = Int32Array.from(ids, (id) => labels[id]);
      return { x: tensor(rows, [...shape, 64]), y: tensor(y, shape, "int32") };
    };
    return { support: draw([count, WINDOW, SIZE]), query: draw([count, SIZE]) };
  };
  const template = net.init(key(seed)) as Tree;
  /** Fresh inner loops of as many tasks, stacked. */
  const begin = (loop: ReturnType<typeof loopOf>, from: number, count: number): Tree =>
    scope(() => {
      const [first, ...others] = Array.from(
        { length: count },
        (_, i) => loop.start(net.init(key(from + i)) as Tree) as Tree,
      );
      return mapTree((...xs) => stack(xs), first, ...others);
    });

  async function judged(learned: Net): Promise<number> {
    const loop = loopOf("store");
    const random = data.stream(seed, 1);
    const window = compile((own: Net, params: Tree, carry: Tree, task: Tree) => {
      const found = loop.window({ params, meta: own }, task as never, carry as never);
      return { carry: found.carry as Tree, value: found.value };
    });
    let carry = begin(loop, 1e8, 8);
    let total = 0;
    for (let k = 0; k < HORIZON; k += WINDOW) {
      const task = windowOf(random, 8);
      const made = window(learned, template, carry, task as Tree);
      dispose({ carry, task } as Tree);
      carry = made.carry;
      total += ((await made.value.item()) * WINDOW) / HORIZON;
      made.value.dispose();
    }
    dispose(carry);
    window.dispose();
    return total;
  }

  async function trained(mode: meta.Mode, rate: number): Promise<Net> {
    const loop = loopOf(mode);
    type Learner = { net: Net; adam: Tree };
    const outer = optim.adam({ lr: rate });
    type Step = { readonly learner: Tree; readonly carry: Tree };
    const step = compile((...given: [Tree, Tree, Tree, Tree, Tensor]): Step => {
      const [learner, params, carry, task, random] = given;
      const { net: own, adam } = learner as Learner;
      const learned = { params, meta: own };
      const found = loop.window(learned, task as never, carry as never, { key: random });
      const grads = optim.clipByNorm(found.grads.meta as Tree, 1);
      const [next, state] = outer.update(grads, adam as never, own as Tree);
      return { learner: { net: next, adam: state } as Tree, carry: found.carry as Tree };
    });
    let learner: Learner = scope(() => {
      const own = inner.initMeta(zeros([1]), key(seed));
      return { net: own, adam: outer.init(own as Tree) as Tree };
    });
    const random = data.stream(seed, 2);
    let carry: Tree = [];
    for (let k = 0; k < steps; k++) {
      if ((k * WINDOW) % HORIZON === 0) {
        dispose(carry);
        carry = begin(loop, 1000 * (k + 1), tasks);
      }
      const [task, own] = [windowOf(random, tasks), key(1e6 * (seed + 1) + k)];
      const made: Step = step(learner as Tree, template, carry, task as Tree, own);
      dispose({ learner, carry, task, own } as Tree);
      learner = made.learner as Learner;
      carry = made.carry;
    }
    dispose({ carry, adam: learner.adam } as Tree);
    step.dispose();
    return learner.net;
  }

  const found: Record<string, number> = {};
  const untrained = inner.initMeta(zeros([1]), key(seed));
  found.before = await judged(untrained);
  dispose(untrained);
  for (const [name, mode] of Object.entries(WAYS)) {
    if (only !== undefined && only !== name) continue;
    for (const rate of rates) {
      const net = await trained(mode, rate);
      found[`${name}, Adam ${rate}`] = await judged(net);
      dispose(net);
    }
  }
  dispose(template);
  return found;
}
