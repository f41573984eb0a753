// Batch norm with statistics, gamma and beta of each inner step (MAML++): what a step reads and
// what it leaves alone, and that the inner loop tells every loss the step it is at.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { grad } from "../src/grad/index";
import { check, imaml, inner, reptile, type UnrollOptions, unroll } from "../src/meta/index";
import * as nn from "../src/nn/index";
import { add, key, matmul, mse, mul, normal, slice, square, sum, tanh } from "../src/ops/index";
import { sgd } from "../src/optim/index";
import { compile } from "../src/program/compile";
import type { Tensor } from "../src/tensor/tensor";
import { leaves } from "../src/tensor/tree";
import { findDevices } from "./devices";
import { near } from "./fixture";
import { type Net, net, type Points, sine } from "./meta-sines";

const { present } = await findDevices(["reference", "wasm"]);
afterAll(() => {
  for (const { device } of present) device.dispose();
});

describe.each(present)("on $name", ({ name, device }) => {
  beforeEach(() => setDevice(device));
  const rate = name === "reference" ? 1e-12 : 1e-5;

  test.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [7, 2],
  ])("after %i steps row %i of three is read and moved, no other", async (step, row) => {
    const [layer, plain] = [{ perStep: 3 }, {}].map((options) =>
      nn.statefulNorm(2, { momentum: 0.25, ...options }),
    );
    const { params, state } = layer.init(key(1));
    const alone = plain.init(key(1));
    const x = mul(normal(key(2), [4, 3, 2]), 2);
    const [y, moved] = layer.apply(params, state, x, { train: true, step });
    const [want, next] = plain.apply(alone.params, alone.state, x, { train: true });
    await near(y, await want.data(), rate);
    for (const part of ["mean", "variance"] as const) {
      const rows = [0, 1, 2].map((r) => (r === row ? next : alone.state)[part].data());
      const all = (await Promise.all(rows)).flatMap((values) => [...values]);
      await near(moved[part], all, rate);
    }
    const [z, same] = layer.apply(params, moved, x, { train: false, step });
    expect(same).toBe(moved);
    await near(z, await plain.apply(alone.params, next, x, { train: false })[0].data(), rate);

    const loss = (gamma: Tensor) =>
      sum(square(layer.apply({ ...params, gamma }, state, x, { train: true, step })[0]));
    const slopes = [...(await grad(loss)(params.gamma).data())].map((v) => v !== 0);
    expect(slopes).toEqual([0, 0, 1, 1, 2, 2].map((r) => r === row));
  });

  test("what does not fit is told", () => {
    for (const n of [0, -1, 1.5, Number.NaN]) {
      expect(() => nn.statefulNorm(2, { perStep: n })).toThrow(
        `statefulNorm: perStep is no whole number from 1: ${n}. Use 1 or more.`,
      );
    }
    const run = (layer: nn.StatefulNorm, step?: number) => () => {
      const { params, state } = layer.init(key(1));
      layer.apply(params, state, normal(key(2), [4, 2]), { train: true, step });
    };
    expect(run(nn.statefulNorm(2), 1)).toThrow(
      "statefulNorm: a step without steps: step is 1. Make the norm with { perStep }.",
    );
    expect(run(nn.statefulNorm(2, { perStep: 5 }), -1)).toThrow(
      "statefulNorm: no step: step is -1, the norm has 5. Give the inner steps done, from 0.",
    );
  });

  type Model = { readonly net: Net; readonly norm: nn.NormParams };
  const layer = nn.statefulNorm(6, { perStep: 3 });
  const loss = ({ net: [a, b], norm }: Model, { x, y }: Points, step: number): Tensor => {
    const { state } = layer.init(key(3));
    const inside = add(matmul(x, a.w), a.b);
    const [normed] = layer.apply(norm, state, inside, { train: true, step });
    return mse(add(matmul(tanh(normed), b.w), b.b), y);
  };
  const model = (): Model => {
    const { gamma, beta } = layer.init(key(3)).params;
    const other = add(gamma, mul(normal(key(4), [3, 6]), 0.1));
    return { net: net([1, 6, 1]), norm: { gamma: other, beta } };
  };
  const steps = 2;
  type Nothing = Record<string, never>;
  const plusPlus = (options: Partial<UnrollOptions<Model, Nothing, Nothing, Points>> = {}) => {
    const moving = inner.only((path) => path.startsWith("net"), inner.sgd({ lr: 0.05 }));
    return unroll({ loss, inner: moving, steps, order: 2, ...options });
  };

  test("the meta-gradient passes the check, and is that of the compiled step", async () => {
    const learned = { params: model(), meta: {} };
    const tasks = [sine(1), sine(2)];
    for (const options of [{}, { mode: "checkpoint" }, { weights: [0.3, 0.7] }] as const) {
      const learner = plusPlus(options);
      const { errors, ordersDiffer } = await check(learner, learned, tasks);
      expect(errors.params).toBeLessThan(name === "reference" ? 1e-6 : 2e-2);
      expect(ordersDiffer).toBe(true);
    }
    const eager = plusPlus().metaGrad(learned, tasks).grads;
    const program = compile((l: typeof learned, t: typeof tasks) => plusPlus().metaGrad(l, t));
    const { grads } = program(learned, tasks);
    for (const [i, t] of leaves(grads.params).entries()) {
      await near(t, await leaves(eager.params)[i].data(), name === "reference" ? 1e-9 : 1e-4);
    }
    program.dispose();
  });

  test("rows of steps that no loss is at get no gradient", async () => {
    const learned = { params: model(), meta: {} };
    const { grads } = plusPlus({ steps: 1 }).metaGrad(learned, [sine(1)]);
    const rows = await grads.params.norm.gamma.data();
    expect([...rows].map((v) => v !== 0)).toEqual(Array.from({ length: 18 }, (_, i) => i < 12));
  });

  test("every learner tells the loss how many steps were done", () => {
    const told: number[] = [];
    const noted = (params: Net, batch: Points, step: number): Tensor => {
      told.push(step);
      return mse(matmul(slice(batch.x, [0], [2]), params[0].w), slice(batch.y, [0], [2]));
    };
    const common = { loss: noted, inner: inner.sgd({ lr: 0.1 }), steps, outer: sgd({ lr: 1 }) };
    const start = { params: net([1, 1]), meta: {} };
    const seen = (run: () => unknown) => {
      told.length = 0;
      run();
      return [...told];
    };
    const tasks = [sine(1)];
    expect(seen(() => unroll({ ...common, order: 2 }).metaGrad(start, tasks))).toEqual([0, 1, 2]);
    const pushed = unroll({ ...common, order: 2, mode: "forward" });
    expect(new Set(seen(() => pushed.metaGrad(start, tasks)))).toEqual(new Set([0, 1, 2]));
    expect(seen(() => reptile(common).metaGrad(start, tasks))).toEqual([0, 1, 2]);
    const implicit = imaml({ ...common, lambda: 1, cgSteps: 1 });
    expect(seen(() => implicit.metaGrad(start, tasks)).slice(0, 4)).toEqual([0, 1, 2, 2]);
  });
});
