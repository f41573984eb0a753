// Meta-learners: each one's update is the one of its paper, by loop and batch, eager and compiled;
// and training with it helps.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ValueError } from "../src/core/errors";
import { stream } from "../src/core/random";
import { setDevice } from "../src/device/current";
import { grad } from "../src/grad/index";
import {
  anil,
  check,
  type Examples,
  imaml,
  inner,
  maml,
  protoNet,
  reptile,
  type Task,
} from "../src/meta/index";
import { add, crossEntropy, key, matmul, mse, mul, square, sum } from "../src/ops/index";
import * as optim from "../src/optim/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { dispose, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, type Tree } from "../src/tensor/tree";
import { findDevices } from "./devices";
import { type Net, net, type Points, sine, sineLoss } from "./meta-sines";

const { present } = await findDevices(["reference", "wasm"]);
afterAll(() => {
  for (const { device } of present) device.dispose();
});

const values = async (tree: Tree) =>
  (await Promise.all(leaves(tree).map(async (t) => Array.from(await t.data())))).flat();
const outer = optim.sgd({ lr: 1 });

describe.each(present.map(({ name, device }) => [name, device] as const))("%s", (name, device) => {
  beforeEach(() => setDevice(device));
  const rate = name === "reference" ? 1e-10 : 1e-4;

  async function same(got: Tree, want: Tree): Promise<void> {
    const [a, b] = [await values(got), await values(want)];
    const size = Math.max(...b.map(Math.abs));
    expect(a.length).toBe(b.length);
    expect(size).toBeGreaterThan(0);
    for (const [i, v] of a.entries()) expect(Math.abs(v - b[i])).toBeLessThan(rate * size);
  }

  /** By loop, by batch and compiled: one meta-gradient. */
  async function oneGradient(
    make: (way: "loop" | "batch") => { metaGrad(l: never, t: never): { grads: Tree } },
    learned: Tree,
    tasks: unknown,
  ): Promise<void> {
    const f = (way: "loop" | "batch") => (l: Tree, t: Tree) =>
      make(way).metaGrad(l as never, t as never).grads;
    const want = f("loop")(learned, tasks as Tree);
    await same(f("batch")(learned, tasks as Tree), want);
    const before = device.memory().tensors;
    scope(() => f("batch")(learned, tasks as Tree) && undefined);
    expect(device.memory().tensors).toBe(before);
    const step = compile(f("batch"));
    await same(step(learned, tasks as Tree), want);
    step.dispose();
  }

  test("MAML with learned rates trains, in one compiled step", async () => {
    const learner = maml({
      ...{ loss: sineLoss, inner: inner.perStep({ lr: 0.1 }), steps: 2, order: 2 as const },
      outer: optim.adam({ lr: 0.02 }),
    });
    const step = compile((state: ReturnType<typeof learner.init>, tasks: Task<Points>[]) => {
      const next = learner.step(state, tasks);
      return { state: next.state, value: next.value };
    });
    const start = learner.init(net(), key(1));
    let state = start;
    const losses: number[] = [];
    for (let i = 0; i < 40; i++) {
      const next = step(
        state,
        [0, 1, 2, 3].map((k) => sine(4 * i + k)),
      );
      losses.push(await next.value.item());
      if (state !== start) dispose(state);
      state = next.state as typeof state;
    }
    const mean = (list: number[]) => list.reduce((a, b) => a + b) / list.length;
    expect(mean(losses.slice(-10))).toBeLessThan(0.6 * mean(losses.slice(0, 5)));
    expect(step.stats().programs).toBe(1);
    step.dispose();
  });

  test("ANIL moves the head alone, and its meta-gradient reaches all", async () => {
    const make = (way: "loop" | "batch") =>
      anil({
        ...{
          loss: sineLoss,
          inner: inner.sgd({ lr: 0.1 }),
          steps: 2,
          order: 2 as const,
          tasks: way,
        },
        ...{ head: (path: string) => path.startsWith("[2]"), outer },
      });
    const learned = { params: net(), meta: {} };
    const fast = make("loop").adapt(learned, sine(1).support);
    for (const i of [0, 1]) expect(await values(fast[i])).toEqual(await values(learned.params[i]));
    expect(await values(fast[2])).not.toEqual(await values(learned.params[2]));
    await oneGradient(make as never, learned, [sine(1), sine(2)]);
    if (name !== "reference") return;
    const report = await check(make("loop"), learned, [sine(1)]);
    expect(report.ordersDiffer).toBe(true);
  });

  test("Reptile's gradient is from where tasks end to where they begin", async () => {
    const make = (way: "loop" | "batch") =>
      reptile({
        loss: sineLoss,
        inner: inner.adam({ lr: 0.01, beta1: 0 }),
        steps: 3,
        tasks: way,
        outer,
      });
    const learned = { params: net(), meta: {} };
    const tasks = [sine(1), sine(2)];
    await oneGradient(make as never, learned, tasks);
    const learner = make("loop");
    const ends = await Promise.all(
      tasks.map(({ support }) => values(learner.adapt(learned, support))),
    );
    const state = learner.init(net());
    const { state: next, value } = learner.step(state, tasks);
    for (const [i, v] of (await values(next.params)).entries()) {
      expect(v).toBeCloseTo((ends[0][i] + ends[1][i]) / 2, 5);
    }
    expect(await value.item()).toBeCloseTo(await learner.evaluate(learned, tasks).value.item(), 5);
  });

  type Line = { w: Tensor };
  const line = ({ w }: Line, { x, y }: Points) => mse(matmul(x, w), y);
  function plane(seed: number): Task<Points> {
    const random = stream(3, seed);
    const draw = (n: number) => Array.from({ length: n }, () => random.normal());
    const points = () => ({ x: tensor(draw(18), [6, 3]), y: tensor(draw(6), [6, 1]) });
    return { support: points(), query: points() };
  }

  test("iMAML's gradient is that of the inner optimum, by differences", async () => {
    const make = (way: "loop" | "batch") =>
      imaml({
        ...{ loss: line, inner: inner.sgd({ lr: 0.15 }), steps: 150, lambda: 2 },
        ...{ cgSteps: 4, tasks: way, outer },
      });
    const tasks = [plane(1), plane(2)];
    const at = [0.3, -0.2, 0.5];
    const learned = (w: number[]) => ({ params: { w: tensor(w, [3, 1]) }, meta: {} });
    const learner = make("loop");
    const value = async (w: number[]) => {
      const found = learner.metaGrad(learned(w), tasks);
      return found.value.item();
    };
    const got = await values(learner.metaGrad(learned(at), tasks).grads.params);
    if (name === "reference") {
      for (let i = 0; i < 3; i++) {
        const moved = (by: number) => value(at.map((v, j) => (i === j ? v + by : v)));
        const slope = ((await moved(1e-4)) - (await moved(-1e-4))) / 2e-4;
        expect(got[i]).toBeCloseTo(slope, 7);
      }
    }
    const few = (way: "loop" | "batch") =>
      imaml({
        ...{ loss: line, inner: inner.sgd({ lr: 0.15 }), steps: 4, lambda: 2, tasks: way, outer },
        damping: 1,
      });
    await oneGradient(few as never, learned(at), tasks);
  });

  test("iMAML solves along negative curvature, and at a residual of 0", async () => {
    const curves = { support: tensor(-3), query: tensor(0) };
    const learner = imaml({
      loss: ({ w }: { w: Tensor }, c: Tensor) => sum(add(w, mul(mul(square(w), 0.5), c))),
      ...{ inner: inner.sgd({ lr: 0.1 }), steps: 0, lambda: 2, cgSteps: 3, outer },
    });
    const { grads } = learner.metaGrad({ params: { w: tensor([1, 2]) }, meta: {} }, [curves]);
    // (I − 3 / 2) x = [1, 1], after one step of three
    expect(await values(grads.params)).toEqual([-2, -2]);
  });

  function episode(seed: number): Task<Examples> {
    const random = stream(5, seed);
    const draw = (n: number) => Array.from({ length: n }, () => random.normal());
    const examples = (y: number[]) => ({
      x: tensor(draw(4 * y.length), [y.length, 4]),
      y: tensor(Int32Array.from(y)),
    });
    return { support: examples([0, 1, 2, 2, 1, 0]), query: examples([2, 0, 1]) };
  }

  test("ProtoNet compares with class means, and its gradient is that of the loss", async () => {
    const embed = ({ w }: Line, x: Tensor) => matmul(x, w);
    const make = (way: "loop" | "batch") => protoNet({ embed, way: 3, tasks: way, outer });
    const random = stream(4);
    const w = tensor(
      Array.from({ length: 8 }, () => random.normal()),
      [4, 2],
    );
    const [learner, { support, query }] = [make("loop"), episode(1)];
    const f = (await matmul(support.x, w).array()) as number[][];
    const q = (await matmul(query.x, w).array()) as number[][];
    const means = [
      [0, 5],
      [1, 4],
      [2, 3],
    ].map(([i, j]) => f[i].map((v, d) => (v + f[j][d]) / 2));
    const logits = (await learner.logits({ w }, support, query.x).array()) as number[][];
    for (const [i, row] of logits.entries()) {
      for (const [k, v] of row.entries()) {
        const apart = q[i].reduce((a, x, d) => a + (x - means[k][d]) ** 2, 0);
        expect(v).toBeCloseTo(-apart, 4);
      }
    }
    const loss = (p: Line) => crossEntropy(learner.logits(p, support, query.x), query.y);
    const { value, grads } = learner.metaGrad({ params: { w }, meta: {} }, [episode(1)]);
    await same(grads.params, grad(loss)({ w }));
    expect(await value.item()).toBeCloseTo(await loss({ w }).item(), 5);
    await oneGradient(make as never, { params: { w }, meta: {} }, [episode(1), episode(2)]);
    const lone = { x: support.x, y: tensor(Int32Array.of(0, 0, 0, 0, 0, 0)) };
    expect(((await learner.prototypes({ w }, lone).array()) as number[][])[1]).toEqual([0, 0]);
  });
});

test("numbers that no learner takes are errors", () => {
  const common = { loss: sineLoss, inner: inner.sgd({ lr: 0.1 }), outer };
  expect(() => reptile({ ...common, steps: -1 })).toThrow(
    new ValueError("reptile: steps is no whole number from 0: -1. Use 0 or more."),
  );
  expect(() => imaml({ ...common, steps: 1, lambda: 0 })).toThrow(
    new ValueError("imaml: lambda out of range: 0. Use a number above 0."),
  );
  expect(() => protoNet({ embed: (_: Net, x) => x, way: 1, outer })).toThrow(
    new ValueError("protoNet: way is no whole number from 2: 1. Use 2 or more."),
  );
  for (const make of [maml, anil]) {
    expect(() =>
      make({ ...common, steps: 1, order: undefined as never, head: () => true }),
    ).toThrow(ValueError);
  }
});
