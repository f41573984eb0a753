// The modes without a backward pass against mode "store": forward and finite differences by their
// gradients, evolution strategies by the mean of many draws with a fixed seed.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ValueError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { check, inner, type Mode, type Task, type UnrollOptions, unroll } from "../src/meta/index";
import { expand, key, stack } from "../src/ops/index";
import { compile } from "../src/program/compile";
import { leaves, mapTree, type Tree } from "../src/tensor/tree";
import { findDevices } from "./devices";
import { type Net, net, type Points, sine, sineLoss } from "./meta-sines";

// biome-ignore lint/suspicious/noExplicitAny: any inner optimizer
type Options = Partial<UnrollOptions<Net, any, any, Points>>;
const optimizers = {
  momentum: inner.momentum({ lr: 0.1, learn: true }),
  adam: inner.adam({ lr: 0.02, eps: 1e-2, learn: true }),
  "a rate for each step": inner.perStep({ lr: 0.1 }),
} as const;
const learnerOf = (options: Options = {}) =>
  unroll({ loss: sineLoss, inner: optimizers.momentum, steps: 3, order: 2, ...options });

const values = async (tree: Tree) =>
  (await Promise.all(leaves(tree).map(async (t) => Array.from(await t.data())))).flat();
const norm = (xs: readonly number[]) => Math.hypot(...xs);
const far = (a: readonly number[], b: readonly number[]) =>
  norm(a.map((x, i) => x - b[i])) / norm(b);

const together = ([first, ...others]: Task<Points>[]): Task<Points> =>
  mapTree(
    (x, ...rest) => stack([x, ...rest]),
    first as unknown as Tree,
    ...(others as unknown as Tree[]),
  ) as unknown as Task<Points>;

const { present } = await findDevices(["reference", "wasm"]);
afterAll(() => {
  for (const { device } of present) device.dispose();
});

describe.each(present.map(({ name, device }) => [name, device] as const))("%s", (name, device) => {
  beforeEach(() => setDevice(device));
  const rounding = name === "reference" ? 1e-10 : 2e-4;

  describe.each(Object.entries(optimizers))("%s", (_, own) => {
    const tasks = () => [sine(1), sine(2)];
    const gradient = (options: Options, form: "list" | "stacked" = "list") => {
      const learner = learnerOf({ inner: own, ...options });
      const learned = { params: net(), meta: learner.initMeta(net()) };
      const given = form === "list" ? tasks() : together(tasks());
      return learner.metaGrad(learned, given);
    };

    test.each([1, 2] as const)("forward mode is exact at order %i", async (order) => {
      const want = gradient({ order });
      for (const form of ["list", "stacked"] as const) {
        const got = gradient({ order, mode: "forward" }, form);
        expect(far(await values(got.grads), await values(want.grads))).toBeLessThan(rounding);
        expect(await got.value.item()).toBeCloseTo(await want.value.item(), 5);
        const losses = await values(got.stats.losses);
        expect(far(losses, await values(want.stats.losses))).toBeLessThan(rounding);
      }
    });

    test("forward mode by meta alone leaves the parameters' gradient 0", async () => {
      const want = await values(gradient({}).grads.meta);
      const { grads } = gradient({ mode: "forward", by: "meta" });
      expect(far(await values(grads.meta), want)).toBeLessThan(rounding);
      expect(norm(await values(grads.params))).toBe(0);
    });

    test("finite differences are near, and compiled the same", async () => {
      const want = await values(gradient({}).grads);
      const got = await values(gradient({ mode: "finiteDifference" }).grads);
      // The step is ε = 0.01 along the unit vector, the error of a central difference some ε²; in
      // float32 rounding of gradients is divided by ε.
      const bound = name === "reference" ? 1e-3 : 1e-2;
      expect(far(got, want)).toBeLessThan(bound);
      expect(far(got, want)).toBeGreaterThan(0);
      const learner = learnerOf({ inner: own, mode: "finiteDifference" });
      const step = compile(
        (params: Net, meta: Tree, list: Task<Points>[]) =>
          learner.metaGrad({ params, meta }, list).grads,
      );
      const compiled = await values(step(net(), learner.initMeta(net()), tasks()));
      step.dispose();
      expect(far(compiled, want)).toBeLessThan(bound);
    });
  });

  test("forward mode takes weights, windows and compile", async () => {
    const weights = [0.2, 0.3, 0.5];
    const [store, pushed] = (["store", "forward"] as const).map((mode) =>
      learnerOf({ mode, weights, by: mode === "forward" ? "meta" : undefined }),
    );
    const params = net();
    const meta = store.initMeta(params);
    const begun = [store.start(params), store.start(params)];
    const tasks = [sine(1), sine(2)];
    const [a, b] = [store, pushed].map((one) => {
      const first = one.window({ params, meta }, tasks, begun);
      return one.window({ params, meta }, tasks, first.carry);
    });
    expect(far(await values(b.grads.meta), await values(a.grads.meta))).toBeLessThan(rounding);
    expect(far(await values(b.carry as Tree), await values(a.carry as Tree))).toBeLessThan(
      rounding,
    );
    const step = compile((m: Tree, list: Task<Points>[]) =>
      pushed.metaGrad({ params, meta: m }, list),
    );
    const want = store.metaGrad({ params, meta }, tasks).grads.meta;
    const got = step(meta, tasks).grads.meta;
    expect(far(await values(got as Tree), await values(want as Tree))).toBeLessThan(rounding);
    step.dispose();
  });

  test("the check of meta-gradients passes in forward mode", async () => {
    const learner = learnerOf({ mode: "forward" });
    const learned = { params: net(), meta: learner.initMeta(net()) };
    const report = await check(learner, learned, [sine(1)]);
    expect(report.ordersDiffer).toBe(true);
  });

  // An estimate of slope s along one number is (g · ε)(ε / σ²): its variance is |g|² + g².
  const spread = (g: readonly number[], draws: number) => norm(g) * Math.sqrt(2 / draws);

  test("evolution strategies give the gradient on average", async () => {
    const draws = 800;
    const learner = learnerOf({ mode: "es", by: "meta", evolution: { pairs: draws / 2 } });
    const meta = learner.initMeta(net());
    const tasks = [sine(1), sine(2)];
    const want = await values(learnerOf().metaGrad({ params: net(), meta }, tasks).grads.meta);
    const got = learner.metaGrad({ params: net(), meta }, tasks, { key: key(3) });
    const found = await values(got.grads.meta);
    for (const [i, v] of found.entries()) {
      expect(Math.abs(v - want[i])).toBeLessThan(4 * spread(want, draws));
    }
    expect(norm(await values(got.grads.params))).toBe(0);
    const again = learner.metaGrad({ params: net(), meta }, tasks, { key: key(3) });
    expect(await values(again.grads.meta)).toEqual(found);
    const other = learner.metaGrad({ params: net(), meta }, tasks, { key: key(4) });
    expect(await values(other.grads.meta)).not.toEqual(found);
  });

  test("evolution strategies reach the parameters too", async () => {
    const learner = learnerOf({ mode: "es", evolution: { pairs: 600 } });
    const meta = learner.initMeta(net());
    const { grads } = learner.metaGrad({ params: net(), meta }, [sine(1)], { key: key(5) });
    const want = await values(learnerOf().metaGrad({ params: net(), meta }, [sine(1)]).grads);
    const found = await values(grads);
    const error = norm(found.map((v, i) => v - want[i]));
    expect(error).toBeLessThan(1.3 * norm(want) * Math.sqrt((want.length + 1) / 600));
  });

  test("persistent ones are unbiased over windows, where others are not", async () => {
    const draws = 1500;
    const params = net();
    const meta = learnerOf().initMeta(params);
    // Steps 2, 4 and 6 of one loop count: what three windows of two steps give together.
    const whole = learnerOf({ steps: 6, weights: [0, 1, 0, 1, 0, 1] });
    const want = await values(whole.metaGrad({ params, meta }, [sine(1)]).grads.meta);
    const many = (tree: unknown) =>
      mapTree((x) => expand(x, [draws, ...x.shape]), tree as Tree) as never;
    const windows = async (mode: "es" | "pes") => {
      const learner = learnerOf({ steps: 2, mode });
      let carry = many(learner.start(params));
      const total = want.map(() => 0);
      for (let w = 0; w < 3; w++) {
        const found = learner.window({ params, meta }, many(sine(1)), carry, { key: key(7 + w) });
        carry = found.carry as never;
        for (const [i, v] of (await values(found.grads.meta)).entries()) total[i] += v;
      }
      return norm(total.map((v, i) => v - want[i])) / norm(want);
    };
    // Noise of the perturbations of earlier windows adds up: variances 1, 2 and 3.
    const bound = 4 * Math.sqrt((2 * (1 + 2 + 3)) / draws);
    expect(await windows("pes")).toBeLessThan(bound);
    expect(await windows("es")).toBeGreaterThan(bound);
  });

  test("where nothing is learned, the value and zeros", async () => {
    const params = net();
    const value = async (mode: Mode) => {
      const options = { loss: sineLoss, inner: inner.sgd({ lr: 0.1 }), steps: 2, mode } as const;
      const learner = unroll({ ...options, order: 2, by: "meta" });
      const asked = { params, meta: {} };
      const found = [
        learner.metaGrad(asked, [sine(1)], { key: key(1) }),
        learner.window(asked, [sine(1)], [learner.start(params)], { key: key(1) }),
      ];
      const slopes = await values(found.map(({ grads }) => grads.params));
      if (mode !== "store") expect(slopes.every((v) => v === 0)).toBe(true);
      return values(found.map((one) => one.value));
    };
    const want = await value("store");
    for (const mode of ["forward", "es", "pes"] as const) {
      for (const [i, v] of (await value(mode)).entries()) expect(v).toBeCloseTo(want[i], 4);
    }
  });

  test("errors", () => {
    const learner = learnerOf({ mode: "es" });
    const learned = { params: net(), meta: learner.initMeta(net()) };
    expect(() => learner.metaGrad(learned, [sine(1)])).toThrow(
      new ValueError(
        'metaGrad: no key: mode "es" draws perturbations. Give { key }, another one each time.',
      ),
    );
    expect(() => learnerOf({ evolution: { sigma: Number.NaN } })).toThrow(
      new ValueError("unroll: sigma out of range: NaN. Use a number above 0."),
    );
    expect(() => learnerOf({ mode: "pes", evolution: { pairs: 2 } })).toThrow(
      new ValueError(
        'unroll: pairs do not fit: 2 of each task in mode "pes", where a task is one pair. Give ' +
          "more tasks instead.",
      ),
    );
    const large = net([1, 70, 70, 1]);
    const pushed = learnerOf({ mode: "forward" });
    expect(() =>
      pushed.metaGrad({ params: large, meta: pushed.initMeta(large) }, [sine(1)]),
    ).toThrow(
      new ValueError(
        'metaGrad: too many numbers for mode "forward": 5183, it takes 4096 at most. Give ' +
          '`by: "meta"`, or use mode "checkpoint".',
      ),
    );
  });
});
