// Tasks as one batch: the same meta-gradient as one by one, eager and compiled, at both orders and
// in both modes, and the same when tasks come stacked.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { HypergradError, ShapeError, ValueError } from "../src/core/errors";
import { stream } from "../src/core/random";
import { setDevice } from "../src/device/current";
import { inner, type MetaGradient, type Task, type UnrollOptions, unroll } from "../src/meta/index";
import { add, matmul, mse, relu, stack } from "../src/ops/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { dispose, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, type Tree } from "../src/tensor/tree";
import { findDevices } from "./devices";

type Params = { w: Tensor; b: Tensor }[];
type Nothing = Record<string, never>;
type Points = { x: Tensor; y: Tensor };

const { present } = await findDevices(["reference", "wasm"]);

/** 1-20-20-1, He et al. */
function net(): Params {
  const random = stream(1);
  const sizes = [1, 20, 20, 1];
  return sizes.slice(1).map((n, i) => {
    const w = Array.from({ length: sizes[i] * n }, () => random.normal() * Math.sqrt(2 / sizes[i]));
    const b = Array.from({ length: n }, () => 0.1 * random.normal());
    return { w: tensor(w, [sizes[i], n]), b: tensor(b) };
  });
}

/** A sine of random amplitude and phase, seen at `count` points (Finn et al. 2017, 5.1). */
function task(seed: number, count = 6): Task<Points> {
  const random = stream(2, seed);
  const [amplitude, phase] = [0.1 + 4.9 * random.uniform(), Math.PI * random.uniform()];
  const points = () => {
    const x = Array.from({ length: count }, () => 10 * random.uniform() - 5);
    const y = x.map((v) => amplitude * Math.sin(v - phase));
    return { x: tensor(x, [count, 1]), y: tensor(y, [count, 1]) };
  };
  return { support: points(), query: points() };
}

function loss(params: Params, { x, y }: Points): Tensor {
  let h = x;
  for (const [i, { w, b }] of params.entries()) {
    h = add(matmul(h, w), b);
    if (i < params.length - 1) h = relu(h);
  }
  return mse(h, y);
}

function learner(options: Partial<UnrollOptions<Params, Nothing, Nothing, Points>>) {
  return unroll({ loss, inner: inner.sgd({ lr: 0.01 }), steps: 3, order: 2, ...options });
}

function stackAll(tasks: Task<Points>[]): Task<Points> {
  const part = (which: "support" | "query", name: "x" | "y") =>
    stack(tasks.map((one) => one[which][name]));
  const both = (which: "support" | "query") => ({ x: part(which, "x"), y: part(which, "y") });
  return { support: both("support"), query: both("query") };
}

for (const { name, device } of present) {
  const rate = name === "reference" ? 1e-12 : 1e-5;

  /** All but the count of tasks that are not finite, which is 0. */
  function told(x: Tree): Tree {
    if (!("stats" in x)) return x;
    const { value, grads, stats } = x as MetaGradient<Params, Nothing>;
    return { value, grads, losses: stats.losses };
  }

  async function expectSame(gotAll: Tree, wantAll: Tree): Promise<void> {
    const [all, got] = [leaves(told(wantAll)), leaves(told(gotAll))];
    for (const [i, t] of got.entries()) {
      const expected = Array.from(await all[i].data());
      const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      expect(scale).toBeGreaterThan(0);
      expect(t.shape).toEqual(all[i].shape);
      for (const [j, v] of (await t.data()).entries()) {
        expect(Math.abs(v - expected[j])).toBeLessThanOrEqual(rate * scale);
      }
    }
  }

  describe(name, () => {
    beforeEach(() => setDevice(device));
    afterAll(() => device.dispose());
    const tasks = () => [1, 2, 3, 4].map((seed) => task(seed));

    for (const order of [1, 2] as const) {
      for (const mode of ["store", "checkpoint"] as const) {
        test(`one batch gives what tasks in turn give: order ${order}, ${mode}`, async () => {
          const [params, list] = [net(), tasks()];
          const learned = { params, meta: {} };
          const before = device.memory().tensors;
          const want = learner({ order, mode }).metaGrad(learned, list);
          const batch = learner({ order, mode, tasks: "batch" });
          const got = batch.metaGrad(learned, list);
          expect(device.memory().tensors).toBe(before + 2 * leaves(want).length);
          await expectSame(got, want);
          const step = compile((p: Params, t: Task<Points>[]) => {
            return learner({ order, mode }).metaGrad({ params: p, meta: {} }, t);
          });
          await expectSame(step(params, list), want);
          const wide = compile((p: Params, t: Task<Points>) => {
            return learner({ order, mode }).metaGrad({ params: p, meta: {} }, t);
          });
          await expectSame(wide(params, stackAll(list)), want);
          step.dispose();
          wide.dispose();
        });
      }
    }

    test("stacked tasks in turn, and in one batch", async () => {
      const [learned, list] = [{ params: net(), meta: {} }, tasks()];
      const want = learner({}).metaGrad(learned, list);
      const all = stackAll(list);
      await expectSame(learner({}).metaGrad(learned, all), want);
      await expectSame(learner({ tasks: "loop" }).metaGrad(learned, all), want);
    });

    test("a compiled step takes tasks of unequal shapes in turn", async () => {
      const [params, list] = [net(), [task(1), task(2, 5)]];
      const f = (p: Params, t: Task<Points>[]) =>
        learner({}).metaGrad({ params: p, meta: {} }, t).grads;
      const step = compile(f);
      await expectSame(step(params, list), f(params, list));
      step.dispose();
      expect(() => learner({ tasks: "batch" }).metaGrad({ params, meta: {} }, list)).toThrow(
        ShapeError,
      );
    });

    test("a batch of tasks needs fewer kernels, in a number that does not grow with them", () => {
      const params = net();
      const count = (way: "loop" | "batch", n: number) => {
        const list = Array.from({ length: n }, (_, i) => task(i));
        const step = compile((p: Params, t: Task<Points>) => {
          const one = learner({ tasks: way, steps: 1 });
          return one.metaGrad({ params: p, meta: {} }, t).grads;
        });
        dispose(scope(() => step(params, stackAll(list))));
        const { kernels } = step.stats();
        step.dispose();
        return kernels;
      };
      expect(count("batch", 5)).toBe(count("batch", 3));
      expect(count("loop", 5)).toBeGreaterThan(2 * count("batch", 5));
    });

    test("no tasks and unknown words are errors", () => {
      const learned = { params: net(), meta: {} };
      expect(() => learner({}).metaGrad(learned, [])).toThrow(
        new HypergradError("metaGrad: no tasks: got an empty list. Give at least one."),
      );
      expect(() => learner({ tasks: "all" as "loop" })).toThrow(
        new ValueError('unroll: unknown tasks: "all". Use "loop" or "batch".'),
      );
    });
  });
}
