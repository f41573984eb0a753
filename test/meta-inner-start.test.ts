// Inner optimizers before they have learned anything: each moves as the method it begins as, and
// what it sees of a gradient is what its paper says.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { checkpoint, grad } from "../src/grad/index";
import { valueGradFactors } from "../src/meta/factors";
import { inner, unroll } from "../src/meta/index";
import { preprocessed } from "../src/meta/inner/lstm";
import type { AnyInner } from "../src/meta/innerOptimizer";
import { conv2d, key, matmul, mean, mul, normal, reshape, square, tanh } from "../src/ops/index";
import * as optim from "../src/optim/index";
import { tensor } from "../src/tensor/create";
import { scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, mapTree, type Tree } from "../src/tensor/tree";
import { findDevices } from "./devices";
import { net, sine, sineLoss } from "./meta-sines";

const { present } = await findDevices(["reference", "wasm"]);
afterAll(() => {
  for (const { device } of present) device.dispose();
});

const values = async (tree: Tree) =>
  (await Promise.all(leaves(tree).map(async (t) => Array.from(await t.data())))).flat();

const RATE = { lr: 0.1 };

/** Where `steps` inner steps of a fresh optimizer lead. */
const ends = (optimizer: AnyInner, steps = 3) =>
  scope(() => {
    const params = net();
    const learner = unroll({ loss: sineLoss, inner: optimizer, steps, order: 2 });
    return learner.adapt({ params, meta: learner.initMeta(params, key(3)) }, sine(1).support);
  });

function outerEnds(optimizer: optim.Optimizer): Tree {
  let params = net();
  let state = optimizer.init(params);
  for (let k = 0; k < 3; k++) {
    const grads = grad((p: typeof params) => sineLoss(p, sine(1).support))(params);
    [params, state] = optimizer.update(grads, state, params);
  }
  return params;
}

describe.each(present.map(({ name, device }) => [name, device] as const))("%s", (name, device) => {
  beforeEach(() => setDevice(device));
  const digits = name === "reference" ? 9 : 4;

  async function close(got: Tree, want: Tree): Promise<void> {
    const [a, b] = [await values(got), await values(want)];
    expect(a.length).toBe(b.length);
    for (const [i, v] of a.entries()) expect(v).toBeCloseTo(b[i], digits);
  }

  test("momentum and adam move as the optimizers of that name, learned or not", async () => {
    for (const learn of [false, true]) {
      const beta = { momentum: 0.8 };
      await close(
        ends(inner.momentum({ lr: 0.05, ...beta, learn })),
        outerEnds(optim.momentum({ lr: 0.05, ...beta })),
      );
      const betas = { beta1: 0.8, beta2: 0.95, eps: 1e-2 };
      await close(
        ends(inner.adam({ lr: 0.05, ...betas, learn })),
        outerEnds(optim.adam({ lr: 0.05, ...betas })),
      );
    }
  });

  test("learned rates, matrices and nets begin as plain gradient descent", async () => {
    const want = ends(inner.sgd({ lr: 0.05 }));
    expect((await values(want)).some((v) => v !== 0)).toBe(true);
    const beginners: AnyInner[] = [
      inner.metaSgd({ lr: 0.05 }),
      inner.perStep({ lr: 0.05 }),
      inner.curvature({ lr: 0.05 }),
      inner.updateNet({ lr: 0.05 }),
      inner.only(() => true, inner.sgd({ lr: 0.05 })),
    ];
    for (const one of beginners) await close(ends(one), want);
    for (const per of ["net", "layer"] as const) {
      // Not the same later: the net has seen something else by then.
      const one = inner.lrNet({ lr: 0.05, per, hidden: 4 });
      const learned = one.initMeta(net(), key(3));
      const flat = {
        ...one,
        initMeta: () => ({ ...learned, layers: learned.layers.map(zeroWeights) }),
      };
      await close(ends(flat as AnyInner), want);
    }
  });

  test("an update net begins as plain gradient descent whatever the loss is made of", async () => {
    const params = { k: normal(key(1), [2, 2, 1, 3]), w: normal(key(2), [3, 2]) };
    const support = normal(key(4), [2, 3, 3, 1]);
    type P = typeof params;
    const features = ({ k }: P, x: Tensor) => tanh(conv2d(tanh(x), k));
    const plain = (p: P, x: Tensor) => mean(square(matmul(features(p, x), p.w)));
    const losses: ((p: P, x: Tensor) => Tensor)[] = [
      (p, x) => scope(() => plain(p, x)),
      (p, x) => scope(() => mean(square(matmul(tanh(reshape(x, [2, 3, 3])), p.w)))),
      (p, x) => checkpoint((q: P) => plain(q, x))(p),
      (p, x) => checkpoint(() => plain(p, x))(),
      (p, x) => mean(square(matmul(checkpoint(features)(p, x), p.w))),
    ];
    for (const loss of [plain, ...losses]) {
      const moved = (one: AnyInner) => {
        const options = { loss, inner: one, steps: 2, order: 2 } as const;
        const task = { support, query: support };
        return (["loop", "batch"] as const).map((tasks) => {
          const learner = unroll({ ...options, tasks });
          const learned = { params, meta: learner.initMeta(params) };
          const { grads } = learner.metaGrad(learned, [task]);
          return [learner.adapt(learned, support), grads.params];
        });
      };
      const want = moved(inner.sgd({ lr: 0.1 }));
      await close(moved(inner.updateNet({ lr: 0.1, stopScale: false })), want);
    }
  });

  const zeroWeights = (layer: { w: Tensor; b: Tensor }) => ({ ...layer, w: mul(layer.w, 0) });

  test("perStep has rates for each step of the unroll, and the last one beyond", async () => {
    const one = inner.perStep({ lr: 0.1 });
    const learner = unroll({ loss: sineLoss, inner: one, steps: 2, order: 2 });
    const rates = learner.initMeta(net());
    expect(rates.length).toBe(2);
    const [first, last] = rates;
    const meta = [first, leavesTimes(last, 0)];
    const learned = { params: net(), meta };
    const ended = (steps: number) => learner.adapt(learned, sine(1).support, { steps });
    expect(await values(ended(4))).toEqual(await values(ended(1)));
    expect(await values(ended(1))).not.toEqual(await values(net()));
  });

  const leavesTimes = (tree: Tree, by: number): Tree =>
    (tree as { w: Tensor; b: Tensor }[]).map(({ w, b }) => ({ w: mul(w, by), b: mul(b, by) }));

  test("an update net can take a factor away: its edits have either sign", async () => {
    const params = { w: tensor([0.5], [1, 1]) };
    const one = inner.updateNet({ lr: 0.1, hidden: 2 });
    const loss = ({ w }: typeof params, x: Tensor) => mean(square(matmul(x, w)));
    const learner = unroll({ loss, inner: one, steps: 1, order: 2 });
    const fresh = learner.initMeta(params, key(1));
    const moved = async (offset: number) => {
      const [first, second] = fresh.layers[0].scales;
      const scales = [{ ...first, o: tensor([offset, 0]) }, second];
      const meta = { ...fresh, layers: [{ ...fresh.layers[0], scales }] };
      const { w } = learner.adapt({ params, meta }, tensor([2], [1, 1]));
      return 0.5 - (await w.item());
    };
    // u = 2 has the root mean square 2: the net adds tanh(offset) times that.
    const plain = await moved(0);
    expect(plain).toBeCloseTo(0.1 * 2 * 2 * (2 * 0.5), 6);
    expect(await moved(-20)).toBeCloseTo(0, 6);
    expect(await moved(20)).toBeCloseTo(2 * plain, 6);
  });

  test("learned optimizers have the sizes of their papers", () => {
    const count = (tree: Tree) => leaves(tree).reduce((n, x) => n + x.size, 0);
    expect(count(inner.mlp().initMeta(net(), key(0)))).toBe(1762);
    const lstm = inner.lstm();
    expect(count(lstm.initMeta(net(), key(0)))).toBe(4 * 20 * (2 + 20 + 1) + 4 * 20 * 41 + 20);
    const weights = net().reduce((n, { w, b }) => n + w.size + b.size, 0);
    expect(leaves(lstm.init(net())).map(({ shape }) => shape)).toEqual(
      Array(4).fill([weights, 20]),
    );
  });

  test("gradients are seen by logarithm and sign, small ones as they are", async () => {
    const g = tensor([Math.exp(-5), -1, Math.exp(-11), 0]);
    const got = (await preprocessed(g, 10).array()) as number[][];
    const want = [
      [-0.5, 1],
      [0, -1],
      [-1, Math.exp(-1)],
      [-1, 0],
    ];
    for (const [i, row] of got.entries()) {
      for (const [j, v] of row.entries()) expect(v).toBeCloseTo(want[i][j], 5);
    }
  });

  test("the factors of linear and conv weights make their gradients", async () => {
    const params = {
      conv: normal(key(1), [3, 3, 2, 4]),
      dense: normal(key(2), [36, 5]),
      shift: normal(key(4), [5]),
      twice: normal(key(5), [5, 5]),
    };
    const x = normal(key(3), [2, 5, 5, 2]);
    const loss = (p: typeof params) => {
      const image = tanh(conv2d(x, p.conv, { stride: 2, padding: 1 }));
      const h = matmul(reshape(image, [2, 36]), p.dense);
      const again = matmul(tanh(matmul(h, p.twice)), p.twice);
      return mean(square(mul(again, p.shift)));
    };
    const want = grad(loss)(params);
    const [, grads, factors] = valueGradFactors(loss, params);
    await close(grads, want);
    expect(factors.map((list) => list.length)).toEqual([1, 1, 0, 2]);
    const whole = leaves(want);
    for (const [i, list] of factors.entries()) {
      if (list.length === 0) continue;
      const parts = list.map(({ u, d }) => matmul(u, d, { transposeA: true }));
      const made = (await Promise.all(parts.map(values))).reduce((a, b) =>
        a.map((v, k) => v + b[k]),
      );
      const expected = await values(whole[i]);
      for (const [k, v] of made.entries()) expect(v).toBeCloseTo(expected[k], digits);
    }
  });

  test("only some parameters move, and what is learned is theirs alone", async () => {
    const last = (path: string) => path === "[2].w";
    const one = inner.only(last, inner.metaSgd({ lr: 0.1 }));
    expect(leaves(one.initMeta(net())).map(({ shape }) => shape)).toEqual([[6, 1]]);
    const end = ends(one) as unknown as ReturnType<typeof net>;
    const start = net();
    for (const [i, { w, b }] of end.entries()) {
      expect(await values(b)).toEqual(await values(start[i].b));
      if (i < 2) expect(await values(w)).toEqual(await values(start[i].w));
      else expect(await values(w)).not.toEqual(await values(start[i].w));
    }
  });

  test("only of only, and of edits by path: all see parameters at their own paths", async () => {
    const weights = (path: string) => path.endsWith("w");
    const twice = inner.only(
      (path) => path.startsWith("[2]"),
      inner.only(weights, inner.sgd(RATE)),
    );
    const once = inner.only((path) => path === "[2].w", inner.sgd(RATE));
    await close(ends(twice), ends(once));
    const start = await values(net());
    expect((await values(ends(once))).filter((v, i) => v !== start[i]).length).toBe(6);
    const none = inner.only((path) => path.startsWith("head"), inner.sgd(RATE));
    expect(() => ends(none)).toThrow(
      "inner.only: no parameter moves: of [0].b, [0].w, [1].b, [1].w, [2].b, [2].w none is " +
        "accepted. Accept one at least.",
    );
    const edits = inner.updateNet({ ...RATE, hidden: 2, edits: (path) => path === "[1].w" });
    const part = inner.only((path) => !path.startsWith("[0]"), edits);
    expect(Object.keys(part.initMeta(net()).nets)).toEqual(["6x6"]);
  });

  test("a rate that a net predicts stays within its bounds", async () => {
    const one = inner.lrNet({ lr: 0.01, low: 1e-3, high: 0.1 });
    const wild = mapTree((x) => mul(x, 1e3), one.initMeta(net(), key(1)));
    const grads = net();
    const info = { meta: wild, step: 0, steps: 3, loss: tensor(1) };
    const [, { logLr }] = one.update(grads, one.init(grads), net(), info);
    const rate = Math.exp((await values(logLr))[0]);
    expect(rate).toBeGreaterThanOrEqual(1e-3 * (1 - 1e-6));
    expect(rate).toBeLessThanOrEqual(0.1 * (1 + 1e-6));
    // Of the step before, `keep` of the log rate stays.
    const slow = inner.lrNet({ lr: 0.01, low: 1e-3, high: 0.1, keep: 0.75 });
    const [, after] = slow.update(grads, slow.init(grads), net(), info);
    const mean = 0.75 * Math.log(0.01) + 0.25 * Math.log(rate);
    expect((await values(after.logLr))[0]).toBeCloseTo(mean, 5);
  });
});
