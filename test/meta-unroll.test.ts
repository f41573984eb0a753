// The inner loop's options: what stats tell, multi-step loss, truncation, windows that go on from
// each other, memory by mode, and every error, word for word.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ShapeError, ValueError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { GradientError, grad, jacobian } from "../src/grad/index";
import {
  check,
  inner,
  multiStepWeights,
  type Task,
  type UnrollOptions,
  unroll,
} from "../src/meta/index";
import { add, mul, stack, sum } from "../src/ops/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { dispose } from "../src/tensor/scope";
import { leaves, mapTree, type Tree } from "../src/tensor/tree";
import { findDevices } from "./devices";
import { type Net, net, type Points, sine, sineLoss } from "./meta-sines";

type Options = Partial<UnrollOptions<Net, Record<string, never>, Record<string, never>, Points>>;
const sgd = (options: Options = {}) =>
  unroll({ loss: sineLoss, inner: inner.sgd({ lr: 0.1 }), steps: 3, order: 2, ...options });
const withMomentum = (steps: number) =>
  unroll({ loss: sineLoss, inner: inner.momentum({ lr: 0.1, learn: true }), steps, order: 2 });

const values = (tree: Tree) =>
  Promise.all(leaves(tree).map(async (t) => Array.from(await t.data())));
const normOf = async (tree: Tree) => Math.hypot(...(await values(tree)).flat());

function together(tasks: Task<Points>[]): Task<Points> {
  const [first, ...others] = tasks as unknown as Tree[];
  return mapTree((x, ...rest) => stack([x, ...rest]), first, ...others) as unknown as Task<Points>;
}

const { present } = await findDevices(["reference", "wasm"]);
afterAll(() => {
  for (const { device } of present) device.dispose();
});

describe.each(present.map(({ name, device }) => [name, device] as const))("%s", (name, device) => {
  beforeEach(() => setDevice(device));
  const digits = name === "reference" ? 10 : 4;

  async function same(got: Tree, want: Tree): Promise<void> {
    const [a, b] = [(await values(got)).flat(), (await values(want)).flat()];
    expect(a.length).toBe(b.length);
    const size = Math.max(...b.map(Math.abs));
    expect(size).toBeGreaterThan(0);
    for (const [i, v] of a.entries()) expect(v / size).toBeCloseTo(b[i] / size, digits);
  }

  test("norms run from that of the meta-gradient to that of the query gradient", async () => {
    const [params, task] = [net(), sine(1)];
    for (const way of ["loop", "batch"] as const) {
      const learner = sgd({ trace: true, tasks: way });
      const { grads, stats } = learner.metaGrad({ params, meta: {} }, [task]);
      expect(stats.norms.map(({ shape }) => shape)).toEqual([[1], [1], [1], [1]]);
      expect(await stats.norms[0].item()).toBeCloseTo(await normOf(grads), digits);
      const end = learner.adapt({ params, meta: {} }, task.support);
      const last = await normOf(grad((p: Net) => sineLoss(p, task.query))(end));
      expect(await stats.norms[3].item()).toBeCloseTo(last, digits);
      expect(await stats.support[0].item()).toBeCloseTo(
        await sineLoss(params, task.support).item(),
        5,
      );
      const two = learner.adapt({ params, meta: {} }, task.support, { steps: 2 });
      expect(await stats.support[2].item()).toBeCloseTo(
        await sineLoss(two, task.support).item(),
        5,
      );
    }
  });

  test("norms are of each task, whether by loop or by batch, compiled too", async () => {
    const [params, tasks] = [net(), [sine(1), sine(2), sine(3)]];
    const f = (way: "loop" | "batch") => (p: Net, list: Task<Points>[]) =>
      sgd({ trace: true, tasks: way }).metaGrad({ params: p, meta: {} }, list).stats.norms;
    const want = f("loop")(params, tasks);
    await same(f("batch")(params, tasks), want);
    const step = compile(f("batch"));
    await same(step(params, tasks), want);
    step.dispose();
  });

  test("at order one all norms are the last", async () => {
    const { stats } = sgd({ trace: true, order: 1 }).metaGrad({ params: net(), meta: {} }, [
      sine(1),
    ]);
    const norms = (await values(stats.norms)).flat();
    for (const v of norms) expect(v).toBeCloseTo(norms[3], digits);
  });

  test("a task that diverges is counted, not dropped", async () => {
    const params = net();
    const wild = mapTree((x) => mul(x, 1e30), sine(1) as unknown as Tree);
    const tasks = [sine(1), wild as unknown as Task<Points>];
    const { value, stats } = sgd({ steps: 5 }).metaGrad({ params, meta: {} }, tasks);
    const [first, second] = await stats.losses.data();
    if (name === "wasm") {
      expect([Number.isFinite(first), Number.isFinite(second)]).toEqual([true, false]);
      expect(await stats.nonFinite.item()).toBe(1);
      expect(Number.isFinite(await value.item())).toBe(false);
    } else expect(second).toBeGreaterThan(1e38);
    const fine = sgd().metaGrad({ params, meta: {} }, [sine(1)]);
    expect(await fine.stats.nonFinite.item()).toBe(0);
  });

  test("evaluate is the query loss after adapt, and flags steps beyond those trained", async () => {
    const learned = { params: net(), meta: {} };
    const tasks = [sine(1), sine(2)];
    for (const list of [tasks, together(tasks)]) {
      const { value, losses, beyond } = sgd().evaluate(learned, list, { steps: 5 });
      expect(await beyond.item()).toBe(2);
      const fast = sgd().adapt(learned, tasks[1].support, { steps: 5 });
      expect((await losses.data())[1]).toBeCloseTo(await sineLoss(fast, tasks[1].query).item(), 5);
      expect(await value.item()).toBeCloseTo(
        ((await losses.data())[0] + (await losses.data())[1]) / 2,
        5,
      );
    }
    expect(await sgd().evaluate(learned, tasks).beyond.item()).toBe(0);
    const before = device.memory().tensors;
    dispose(sgd().evaluate(learned, tasks));
    expect(device.memory().tensors).toBe(before);
  });

  test("the multi-step loss weighs the query loss after each step", async () => {
    const [learned, task] = [{ params: net(), meta: {} }, sine(1)];
    const weights = [0.2, 0.3, 0.5];
    const lossAfter = async (steps: number) =>
      sineLoss(sgd().adapt(learned, task.support, { steps }), task.query).item();
    const want =
      0.2 * (await lossAfter(1)) + 0.3 * (await lossAfter(2)) + 0.5 * (await lossAfter(3));
    for (const mode of ["store", "checkpoint", "sqrt", "mixed"] as const) {
      const { value, grads } = sgd({ weights, mode }).metaGrad(learned, [task]);
      expect(await value.item()).toBeCloseTo(want, 5);
      const given = sgd({ mode }).metaGrad(learned, [task], { weights: tensor(weights) });
      await same(given.grads, grads);
    }
    const one = sgd().metaGrad(learned, [task], { weights: tensor([0, 0, 1]) });
    await same(one.grads, sgd().metaGrad(learned, [task]).grads);
  });

  test("windows end where one run does, and gradients stay inside them", async () => {
    const [params, tasks] = [net(), [sine(1), sine(2)]];
    const learner = withMomentum(2);
    const learned = { params, meta: learner.initMeta(params) };
    const whole = withMomentum(4).adapt(learned, tasks[1].support);
    for (const form of ["list", "stacked"] as const) {
      const list = form === "list" ? tasks : together(tasks);
      const from = tasks.map(() => learner.start(params));
      const start = form === "list" ? from : (together(from as never) as never);
      const first = learner.window(learned, list, start);
      const second = learner.window(learned, list, first.carry);
      const end = form === "list" ? (second.carry as typeof from)[1].params : null;
      if (end !== null) await same(end, whole);
      const all = await values(second.grads.params);
      expect(Math.max(...all.flat().map(Math.abs))).toBe(0);
      expect(await normOf(second.grads.meta)).toBeGreaterThan(0);
      const cut = unroll({
        ...{ loss: sineLoss, inner: inner.momentum({ lr: 0.1, learn: true }), steps: 4, order: 2 },
        truncate: 2,
      });
      await same(cut.metaGrad(learned, list).grads.meta, second.grads.meta);
    }
  });

  test("truncation keeps values and cuts gradients", async () => {
    const [learned, tasks] = [{ params: net(), meta: {} }, [sine(1)]];
    const cut = sgd({ truncate: 1 }).metaGrad(learned, tasks);
    const whole = sgd().metaGrad(learned, tasks);
    await same(cut.value, whole.value);
    expect(Math.max(...(await values(cut.grads)).flat().map(Math.abs))).toBe(0);
    await expect(check(sgd({ truncate: 2 }), learned, tasks)).rejects.toThrow(GradientError);
  });
});

describe("reference", () => {
  beforeEach(() => setDevice(present.find(({ name }) => name === "reference")!.device));

  test("multi-step objectives pass the check in every mode", async () => {
    const learned = { params: net(), meta: {} };
    for (const mode of ["store", "checkpoint", "mixed"] as const) {
      const report = await check(sgd({ weights: [0.2, 0.3, 0.5], mode }), learned, [sine(1)]);
      expect(report.errors.params).toBeLessThan(1e-6);
    }
  });

  test("each step sees its part of the support set", async () => {
    const parts = [sine(1).support, sine(2).support, sine(3).support];
    const learner = unroll({
      loss: (p: Net, batch: Points | Points[]) => sineLoss(p, batch as Points),
      ...{ inner: inner.sgd({ lr: 0.1 }), steps: 3, order: 2 as const },
      batch: (support, step) => (support as Points[])[step],
    });
    let params = net();
    for (const part of parts) {
      const g = grad((p: Net) => sineLoss(p, part))(params);
      params = mapTree((p, d) => add(p, mul(d, -0.1)), params, g);
    }
    const got = learner.adapt({ params: net(), meta: {} }, parts);
    expect(await values(got)).toEqual(await values(params));
  });

  test("the gradient of a meta-gradient is one and the same in all modes", async () => {
    const params = net([1, 2, 1]);
    const second = (mode: "store" | "checkpoint" | "mixed") => {
      const learner = sgd({ mode, steps: 2 });
      const f = (p: Net) => {
        const { grads } = learner.metaGrad({ params: p, meta: {} }, [sine(1)]);
        return leaves(grads)
          .map((g) => mul(g, g))
          .map((g) => sum(g))
          .reduce((a, b) => add(a, b));
      };
      return values(grad(f)(params));
    };
    const want = (await second("store")).flat();
    for (const mode of ["checkpoint", "mixed"] as const) {
      for (const [i, v] of (await second(mode)).flat().entries()) expect(v).toBeCloseTo(want[i], 9);
    }
    expect(Math.max(...want.map(Math.abs))).toBeGreaterThan(0);
  });

  test("a Jacobian of meta-gradients is the same in all modes", async () => {
    const [{ w }] = net([1, 2, 1]);
    const rest = net([1, 2, 1]);
    const second = (mode: "store" | "mixed") => {
      const learner = sgd({ mode, steps: 2 });
      const f = (x: typeof w) => {
        const p = [{ ...rest[0], w: x }, rest[1]];
        return learner.adapt({ params: p, meta: {} }, sine(1).support)[0].w;
      };
      return values(jacobian(f)(w));
    };
    expect(await second("mixed")).toEqual(await second("store"));
  });

  test("sqrt and mixed keep fewer bytes in a compiled step, for the same gradient", async () => {
    const params = net([16, 32, 32, 4]);
    const points = (seed: number) => {
      const x = Array.from({ length: 64 * 16 }, (_, i) => Math.sin(seed + 1.7 * i));
      const y = Array.from({ length: 64 * 4 }, (_, i) => Math.cos(seed + 0.3 * i));
      return { x: tensor(x, [64, 16]), y: tensor(y, [64, 4]) };
    };
    const tasks = [{ support: points(1), query: points(2) }];
    const measured = async (mode: "store" | "checkpoint" | "sqrt" | "mixed") => {
      const learner = sgd({ mode, steps: 36 });
      const step = compile(
        (p: Net, list: typeof tasks) =>
          learner.metaGrad({ params: p, meta: {} }, list).grads.params,
      );
      const g = (await values(step(params, tasks))).flat();
      const { bytes } = step.stats();
      step.dispose();
      return { bytes, g };
    };
    const store = await measured("store");
    const size = Math.max(...store.g.map(Math.abs));
    for (const [mode, less] of [
      ["checkpoint", 2],
      ["sqrt", 4.5],
      ["mixed", 4.5],
    ] as const) {
      const { bytes, g } = await measured(mode);
      expect(store.bytes / bytes).toBeGreaterThanOrEqual(less);
      for (const [i, v] of g.entries()) expect(Math.abs(v - store.g[i])).toBeLessThan(1e-5 * size);
    }
  });

  test("weights of MAML++ fall to the last step's favour, and sum to one", () => {
    expect(multiStepWeights(5, 0, 10)).toEqual(
      [0.2, 0.2, 0.2, 0.2, 0.2].map((v) => expect.closeTo(v)),
    );
    expect(multiStepWeights(5, 5, 10)).toEqual(
      [0.1, 0.1, 0.1, 0.1, 0.6].map((v) => expect.closeTo(v)),
    );
    const last = multiStepWeights(5, 40, 10);
    expect(last[0]).toBeCloseTo(0.006);
    expect(last.reduce((a, b) => a + b)).toBeCloseTo(1);
  });

  test("a wrong meta-gradient is found, and the first order is named", async () => {
    const learned = { params: net(), meta: {} };
    await expect(check(sgd({ order: 1 }), learned, [sine(1)])).rejects.toThrow(
      /^check: the meta-gradient is wrong: along direction 0 of params .* is of order 1/,
    );
    const learner = sgd();
    const wrong = {
      ...learner,
      metaGrad: (...args: Parameters<typeof learner.metaGrad>) => {
        const found = learner.metaGrad(...args);
        return { ...found, grads: mapTree((g) => mul(g, 1.01), found.grads) };
      },
    };
    await expect(check(wrong, learned, [sine(1)])).rejects.toThrow(GradientError);
    const linear = unroll({
      ...{ loss: (p: Net, { x }: Points) => sum(mul(p[0].b, sum(x))), steps: 2, order: 2 as const },
      inner: inner.sgd({ lr: 0.1 }),
    });
    const flat = await check(linear, learned, [sine(1)]);
    expect(flat).toMatchObject({ ordersDiffer: false, orderGap: 0 });
  });

  test("errors say what does not fit", () => {
    const error = (f: () => unknown, text: string, kind = ValueError) => {
      expect(f).toThrow(new kind(text));
    };
    const order = "Write order: 2 for the exact meta-gradient or order: 1 for the first-order one.";
    error(() => sgd({ order: undefined as never }), `unroll: no order: undefined. ${order}`);
    error(() => sgd({ steps: -1 }), "unroll: steps is no whole number from 0: -1. Use 0 or more.");
    error(
      () => sgd({ steps: 1.5 }),
      "unroll: steps is no whole number from 0: 1.5. Use 0 or more.",
    );
    error(
      () => sgd({ mode: "all" as never }),
      'unroll: unknown mode: "all". Use one of "store", "checkpoint", "sqrt", "mixed", ' +
        '"finiteDifference", "forward", "es", "pes".',
    );
    error(
      () => sgd({ truncate: 0 }),
      "unroll: truncate is no whole number from 1: 0. Use 1 or more.",
    );
    error(
      () => sgd({ weights: [1] }),
      "unroll: weights do not fit: they are [1], steps is 3. Give one for each step, from 1.",
      ShapeError,
    );
    const learned = { params: net(), meta: {} };
    error(
      () => sgd().metaGrad(learned, [sine(1)], { weights: tensor([1, 2]) }),
      "metaGrad: weights do not fit: they are [2], steps is 3. Give one for each step, from 1.",
      ShapeError,
    );
    error(
      () => sgd().metaGrad(learned, [sine(1)], { order: 3 as never }),
      `metaGrad: no order: 3. ${order}`,
    );
    error(
      () => sgd().adapt(learned, sine(1).support, { steps: Number.NaN }),
      "adapt: steps is no whole number from 0: NaN. Use 0 or more.",
    );
    expect(() => sgd().evaluate(learned, [])).toThrow(
      "evaluate: no tasks: got an empty list. Give at least one.",
    );
    for (const name of [
      "sgd",
      "momentum",
      "adam",
      "metaSgd",
      "perStep",
      "curvature",
      "updateNet",
    ] as const) {
      for (const lr of [-0.1, Number.NaN]) {
        error(
          () => inner[name]({ lr }),
          `inner.${name}: lr out of range: ${lr}. Use a number from 0.`,
        );
      }
      expect(() => inner[name]({ lr: 0 })).not.toThrow();
    }
    error(
      () => inner.lrNet({ lr: 2 }),
      "inner.lrNet: lr out of range: 2. Use a number between low, 0.0001, and high, 1.",
    );
    error(
      () => inner.lrNet({ keep: 1 }),
      "inner.lrNet: keep out of range: 1. Use a number in [0, 1).",
    );
    error(
      () => inner.perStep({ lr: 0.1, steps: 0 }),
      "inner.perStep: steps is no whole number from 1: 0. Use 1 or more.",
    );
  });
});
