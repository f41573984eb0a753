// Group: what compiled steps promise on webgpu: eager's values, everything made once, one submit a
// run, reads that do not hold up the next step. Each story throws with what it saw otherwise.

import { setDevice } from "../../src/device/current";
import { findAdapter } from "../../src/device/webgpu/adapter";
import { WebGPUDevice } from "../../src/device/webgpu/device";
import { grad, valueAndGrad } from "../../src/grad/index";
import * as meta from "../../src/meta/index";
import * as nn from "../../src/nn/index";
import * as ops from "../../src/ops/index";
import { key } from "../../src/ops/random";
import { type CompileOptions, compile } from "../../src/program/compile";
import { tensor } from "../../src/tensor/create";
import { dispose, scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { leavesOf, type Tree } from "../../src/tensor/tree";
import { type Story, same, storyGroup } from "./group";

const numbers = (n: number, shift: number) =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + shift));

async function valuesOf(tree: Tree): Promise<Float32Array[]> {
  const list = leavesOf("test", tree);
  return Promise.all(list.map(async (x) => Float32Array.from(await x.data())));
}

/** Fused kernels may round in another order: 1e-6 of the largest of an array. */
function near(got: readonly Float32Array[], want: readonly Float32Array[], what: string): void {
  same(
    got.map((x) => x.length),
    want.map((x) => x.length),
    `${what}: sizes`,
  );
  for (const [i, y] of want.entries()) {
    const largest = y.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
    const at = got[i].findIndex((v, k) => !(Math.abs(v - y[k]) <= 1e-6 * largest));
    if (at >= 0) throw new Error(`${what}: value ${i} [${at}]: ${got[i][at]}, not ${y[at]}`);
  }
}

const net = nn.sequential(nn.linear(3, 8), ops.tanh, nn.linear(8, 1));
const loss = (p: Tree, { x, y }: { x: Tensor; y: Tensor }) =>
  ops.mean(ops.square(ops.sub(net.apply(p as never, x), y)));
const points = (shift: number) => ({
  x: tensor(numbers(12, shift), [4, 3]),
  y: tensor(numbers(4, 2 * shift), [4, 1]),
});
const learner = meta.unroll({ loss, inner: meta.inner.sgd({ lr: 0.1 }), steps: 2, order: 2 });
const convs = nn.sequential(
  nn.conv(1, 4, { size: 3, stride: 2, padding: 1 }),
  nn.norm(4),
  ops.relu,
  nn.conv(4, 4, { size: 3, stride: 2, padding: 1 }),
  (x: Tensor) => ops.mean(x, { axis: [1, 2] }),
);
const labels = () => tensor([0, 1, 3], [3], "int32");
const picture = (shift: number) => tensor(numbers(192, shift), [3, 8, 8, 1]);

/** Functions and their arguments, from a number. */
const functions: Record<string, [(...args: never[]) => Tree, (shift: number) => Tree[]]> = {
  "a gradient": [
    (p: Tree, batch: { x: Tensor; y: Tensor }) => valueAndGrad((q: Tree) => loss(q, batch))(p),
    (shift) => [net.init(key(shift)), points(shift)],
  ],
  "a second-order meta-gradient": [
    (params: Tree, support: { x: Tensor; y: Tensor }, query: { x: Tensor; y: Tensor }) =>
      learner.metaGrad({ params, meta: {} }, [{ support, query }]) as unknown as Tree,
    (shift) => [net.init(key(shift)), points(shift), points(shift + 1)],
  ],
  "a conv net's gradient": [
    (p: Tree, x: Tensor) =>
      valueAndGrad((q: Tree) => ops.crossEntropy(convs.apply(q as never, x), labels()))(p),
    (shift) => [convs.init(key(shift)), picture(shift)],
  ],
  "whole numbers, order and ties": [
    (x: Tensor) => [ops.topK(x, 3).indices, ops.argmax(x, { axis: 1 }), ops.cumsum(x, { axis: 0 })],
    (shift) => [tensor(numbers(20, shift), [4, 5])],
  ],
};

const equal = Object.entries(functions).map(([name, [f, argumentsOf]]): [string, Story] => [
  `compiled equals eager: ${name}`,
  async () => {
    const plain = f as (...args: Tree[]) => Tree;
    const step = compile(plain);
    for (const shift of [1, 2, 3]) {
      const args = scope(() => argumentsOf(shift));
      const want = scope(() => plain(...args));
      const got = step(...args);
      near(await valuesOf(got), await valuesOf(want), `run ${shift}`);
      dispose([args, want, got]);
    }
    same(step.stats().programs, 1, "programs");
    step.dispose();
  },
]);

/** One step of descent on a sum of squares: [new weights, loss before]. */
const descent = (options?: CompileOptions) =>
  compile((w: Tensor) => {
    const [value, g] = valueAndGrad((q: Tensor) => ops.sum(ops.square(ops.square(q))))(w);
    return [ops.sub(w, ops.mul(g, 0.01)), value] as [Tensor, Tensor];
  }, options);

/** The losses of ten such steps, by the same arithmetic in float64. */
function lossesOf(w: Float32Array, count: number): number[] {
  let at = Array.from(w);
  return Array.from({ length: count }, () => {
    const value = at.reduce((sum, x) => sum + x ** 4, 0);
    at = at.map((x) => x - 0.04 * x ** 3);
    return value;
  });
}

function nearAll(got: readonly number[], want: readonly number[], what: string): void {
  same(got.length, want.length, `${what}: count`);
  for (const [i, x] of want.entries()) {
    if (!(Math.abs(got[i] - x) <= 1e-5 * x)) throw new Error(`${what} ${i}: ${got[i]}, not ${x}`);
  }
}

const stories: Record<string, Story> = {
  ...Object.fromEntries(equal),

  "a training loop makes everything once, and submits once a run": async (device) => {
    const start = numbers(40, 1);
    const step = descent();
    const before = device.memory().tensors;
    let w = tensor(start);
    const losses: number[] = [];
    const seen: ReturnType<WebGPUDevice["stats"]>[] = [];
    for (let i = 0; i < 10; i++) {
      const [next, value] = step(w);
      w.dispose();
      w = next;
      losses.push(await value.item());
      value.dispose();
      seen.push(device.stats());
    }
    nearAll(losses, lossesOf(start, 10), "loss");
    const { dispatches } = step.stats().kernels > 0 ? seen[0] : seen[1];
    const each = seen[9].dispatches - seen[8].dispatches;
    for (let i = 4; i < 10; i++) {
      const [a, b] = [seen[i - 1], seen[i]];
      same(b.submits - a.submits, 1, `submits of run ${i}`);
      same(b.dispatches - a.dispatches, each, `dispatches of run ${i}`);
      same([b.groups, b.pipelines], [a.groups, a.pipelines], `what run ${i} made`);
      same(b.pooled, a.pooled, `pool after run ${i}`);
    }
    same(dispatches >= each && each > 0, true, "dispatches");
    w.dispose();
    step.dispose();
    same(device.memory().tensors, before, "tensors");
  },

  "a loss is on its way before the next step is encoded": async (device) => {
    const start = numbers(40, 2);
    const step = descent();
    let w = tensor(start);
    const losses: number[] = [];
    let last: Promise<number> | null = null;
    const before = device.stats().submits;
    for (let i = 0; i < 10; i++) {
      const [next, value] = step(w); // with the last loss asked for and not awaited
      same(device.stats().submits - before, i, `submits as run ${i} is encoded`);
      const loss = value.item();
      dispose([w, value]);
      w = next;
      if (last !== null && i % 3 === 0) losses.push(await last);
      else if (last !== null) last.then((x) => losses.push(x));
      last = loss;
    }
    losses.push(await last!);
    nearAll(losses, lossesOf(start, 10), "loss");
    const submits = device.stats().submits - before;
    if (submits > 10) throw new Error(`${submits} submits of 10 runs`);
    w.dispose();
    step.dispose();
  },

  "memory that others took, or that was given back, is replaced": async (device) => {
    const step = descent();
    const w = tensor(numbers(3000, 3));
    const [want] = lossesOf(numbers(3000, 3), 1);
    const run = async (what: string) => {
      const [next, value] = step(w);
      nearAll([await value.item()], [want], what);
      dispose([next, value]);
    };
    await run("first");
    const taken = Array.from({ length: 8 }, () => tensor(numbers(3000, 4)));
    await run("with the pool empty");
    dispose(taken);
    await run("with the pool full");
    device.trim();
    await run("after a trim");
    const [next, value] = step(w);
    step.dispose(); // before the run was submitted
    nearAll([await value.item()], [want], "disposed of at once");
    dispose([w, next, value]);
  },

  "a profile tells the GPU's time of every kernel": async (device) => {
    const step = descent({ profile: true });
    const w = tensor(numbers(100_000, 5));
    for (let i = 0; i < 3; i++) {
      const [next, value] = step(w);
      await value.item();
      dispose([next, value]);
    }
    const { profile, untimed, kernels } = step.stats();
    const timed = device.features.includes("timestamp-query");
    same(untimed === null, timed, "told to be timed");
    if (timed) {
      same(
        profile.reduce((n, row) => n + row.calls, 0),
        kernels,
        "calls",
      );
      const ms = profile.reduce((n, row) => n + row.ms, 0);
      if (!(ms > 0 && ms < 60_000)) throw new Error(`${ms} ms in all`);
    }
    w.dispose();
    step.dispose();
  },

  "without timestamp queries a profile says so": async (device) => {
    const adapter = (await findAdapter())!;
    const own = new WebGPUDevice(await adapter.requestDevice(), device.info, true);
    setDevice(own);
    const step = descent({ profile: true });
    const [, value] = step(tensor([1, 2]));
    same(await value.item(), 17, "value");
    const { profile, untimed } = step.stats();
    same(profile, [], "profile");
    same(/no timestamp queries/.test(untimed ?? ""), true, `${untimed}`);
    own.dispose();
    setDevice(device);
  },

  "a gradient of a compiled step is that of its function": async () => {
    const step = compile((x: Tensor) => ops.sum(ops.exp(x)));
    const x = tensor([0, 1]);
    const g = grad((q: Tensor) => step(q))(x);
    const want = Float32Array.of(1, Math.E);
    near([Float32Array.from(await g.data())], [want], "gradient");
    dispose([x, g]);
    step.dispose();
  },
};

export const programGroup = storyGroup("compiled steps", stories);
