// Every inner optimizer: its meta-gradient is that of differences, in every mode, compiled and on
// both devices; it moves parameters by its formula.

import { afterAll, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { check, inner, type Mode, unroll } from "../src/meta/index";
import type { AnyInner } from "../src/meta/innerOptimizer";
import { add, key, mul, normal } from "../src/ops/index";
import { compile } from "../src/program/compile";
import { scope } from "../src/tensor/scope";
import { leaves, mapTree, type Tree } from "../src/tensor/tree";
import { findDevices } from "./devices";
import { net, sine, sineLoss } from "./meta-sines";

const all: Record<string, () => AnyInner> = {
  sgd: () => inner.sgd({ lr: 0.1 }),
  momentum: () => inner.momentum({ lr: 0.1 }),
  "momentum, learned": () => inner.momentum({ lr: 0.1, learn: true }),
  adam: () => inner.adam({ lr: 0.05, eps: 1e-2 }),
  "adam, learned": () => inner.adam({ lr: 0.05, eps: 1e-2, learn: true }),
  metaSgd: () => inner.metaSgd({ lr: 0.1 }),
  perStep: () => inner.perStep({ lr: 0.1 }),
  curvature: () => inner.curvature({ lr: 0.1 }),
  "lrNet, one rate": () => inner.lrNet({ lr: 0.1 }),
  "lrNet, by layer": () => inner.lrNet({ lr: 0.1, per: "layer", hidden: 8 }),
  "lrNet, a moving mean": () => inner.lrNet({ lr: 0.1, hidden: 8, keep: 0.8 }),
  lstm: () => inner.lstm({ hidden: [5, 4], scale: 0.1 }),
  "lstm, raw input": () => inner.lstm({ hidden: [5, 4], scale: 0.1, input: "raw" }),
  mlp: () => inner.mlp({ hidden: [8, 8], scale: 0.1 }),
  celo2: () => inner.celo2({ lr: 0.05, weightDecay: 0.1 }),
  updateNet: () => inner.updateNet({ lr: 0.1, hidden: 3, stopScale: false }),
  "only the last layer": () =>
    inner.only((path) => path.startsWith("[2]"), inner.metaSgd({ lr: 0.1 })),
};

const { present } = await findDevices(["reference", "wasm"]);
const reference = present.find(({ name }) => name === "reference")!.device;

/** What is learned, moved off its symmetric start so that every gradient is exercised. */
function learnedBy(optimizer: AnyInner) {
  return scope(() => {
    const params = net();
    const fresh = optimizer.initMeta(params, key(1), 3) as Tree;
    let seed = 10;
    const meta = mapTree((x) => add(x, mul(normal(key(seed++), x.shape), 0.03)), fresh);
    return { params, meta };
  });
}

const learner = (optimizer: AnyInner, mode: Mode = "store", steps = 3) =>
  unroll({ loss: sineLoss, inner: optimizer, steps, order: 2, mode });

async function values(tree: Tree): Promise<number[][]> {
  return Promise.all(leaves(tree).map(async (t) => Array.from(await t.data())));
}

/** Relative to the largest entry of a tensor, or to `least` of the largest of all. */
function farthest(got: number[][], want: number[][], least = 1e-3): number {
  const size = (list: number[]) => list.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const overall = size(want.map(size));
  return want.reduce((worst, list, i) => {
    const scale = Math.max(size(list), least * overall);
    const off = size(list.map((v, j) => v - got[i][j]));
    return Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off / scale);
  }, 0);
}

afterAll(() => {
  for (const { device } of present) device.dispose();
});

describe.each(Object.keys(all))("%s", (name) => {
  const make = all[name];

  test("the meta-gradient is that of differences; orders one and two differ", async () => {
    setDevice(reference);
    const two = learner(make(), "store", 2); // few, so that no relu turns between the differences
    const report = await check(two, learnedBy(make()), [sine(1), sine(2)], { eps: 1e-7 });
    expect(report.errors.params).toBeLessThan(1e-6);
    expect(report.errors.meta).toBeLessThan(1e-6);
    expect(report.ordersDiffer).toBe(true);
  });

  test("all modes have one gradient, freeing all else", async () => {
    setDevice(reference);
    const [learned, tasks] = [learnedBy(make()), [sine(1), sine(2)]];
    const want = learner(make()).metaGrad(learned, tasks);
    for (const mode of ["checkpoint", "sqrt", "mixed"] as const) {
      const before = reference.memory().tensors;
      const got = learner(make(), mode).metaGrad(learned, tasks);
      const held = leaves(got.stats).length + 1 + leaves(learned).length;
      expect(reference.memory().tensors).toBeLessThanOrEqual(before + held);
      expect(farthest(await values(got.grads), await values(want.grads))).toBeLessThan(1e-10);
    }
  });

  test("wasm, eager and compiled, has the gradient of the reference", async () => {
    setDevice(reference);
    const want = await values(
      learner(make()).metaGrad(learnedBy(make()), [sine(1), sine(2)]).grads,
    );
    setDevice(present.find(({ name }) => name === "wasm")!.device);
    const [learned, tasks] = [learnedBy(make()), [sine(1), sine(2)]];
    const eager = learner(make()).metaGrad(learned, tasks);
    expect(farthest(await values(eager.grads), want)).toBeLessThan(1e-3);
    for (const mode of ["store", "mixed"] as const) {
      const one = learner(make(), mode);
      const step = compile((params: Tree, meta: Tree, list: Tree) =>
        one.metaGrad({ params, meta } as never, list as never),
      );
      const got = step(learned.params, learned.meta, tasks as never);
      expect(farthest(await values(got.grads as Tree), want)).toBeLessThan(1e-3);
      step.dispose();
    }
  });
});
