// Inner loops that diverge: the task is counted and named, with step and norms, and stays in the
// mean; bad rates and tasks that cannot be made are refused with their numbers.

import { afterAll, beforeAll, expect, test } from "vitest";
import { ValueError } from "../src/core/errors";
import { characters, episodes } from "../src/data/index";
import { setDevice } from "../src/device/current";
import { wasmDevice } from "../src/device/wasm/device";
import { divergences, inner, type Task, unroll } from "../src/meta/index";
import { mul } from "../src/ops/index";
import { mapTree, type Tree } from "../src/tensor/tree";
import { net, type Points, sine, sineLoss } from "./meta-sines";

let device: Awaited<ReturnType<typeof wasmDevice>>;
beforeAll(async () => {
  device = await wasmDevice();
  setDevice(device);
});
afterAll(() => device.dispose());

const learner = (trace: boolean) =>
  unroll({ loss: sineLoss, inner: inner.sgd({ lr: 0.1 }), steps: 5, order: 2, trace });
const wild = () =>
  mapTree((x) => mul(x, 1e25), sine(2) as unknown as Tree) as unknown as Task<Points>;

test("a task that diverges is named, with its step and norms, and stays in the mean", async () => {
  const tasks = [sine(1), wild(), sine(3)];
  const { value, stats } = learner(true).metaGrad({ params: net(), meta: {} }, tasks);
  const found = await divergences(stats);
  expect(found.tasks.map(({ task }) => task)).toEqual([1]);
  const [{ step, loss, norms }] = found.tasks;
  expect(step).toBe(0);
  expect(Number.isFinite(loss)).toBe(false);
  expect(norms.length).toBe(6);
  expect(found.text).toMatch(
    /^task 1 diverged at inner step \d: loss (NaN|Infinity), \|v\| by step /,
  );
  expect(Number.isFinite(await value.item())).toBe(false);
  expect(await stats.nonFinite.item()).toBe(1);
  expect((await stats.losses.data()).length).toBe(3);
});

test("nothing is said of tasks that are fine", async () => {
  const { stats } = learner(true).metaGrad({ params: net(), meta: {} }, [sine(1)]);
  expect(await divergences(stats)).toEqual({ tasks: [], text: "all tasks are finite" });
});

test("without a trace there is no step to tell", async () => {
  const { stats } = learner(false).metaGrad({ params: net(), meta: {} }, [wild()]);
  await expect(divergences(stats)).rejects.toThrow(
    new ValueError("divergences: the stats have no trace. Give unroll trace: true."),
  );
});

const rates: [string, () => unknown][] = [
  ["sgd", () => inner.sgd({ lr: -0.1 })],
  ["momentum", () => inner.momentum({ lr: Number.NaN })],
  ["adam", () => inner.adam({ lr: -1 })],
  ["metaSgd", () => inner.metaSgd({ lr: Number.NaN })],
  ["perStep", () => inner.perStep({ lr: -1e-9 })],
  ["curvature", () => inner.curvature({ lr: Number.NaN })],
  ["updateNet", () => inner.updateNet({ lr: -2 })],
  ["lrNet", () => inner.lrNet({ lr: Number.NaN })],
];

test.each(rates)("%s refuses a rate that is negative or NaN", (name, f) => {
  expect(f).toThrow(ValueError);
  expect(f).toThrow(new RegExp(`^inner\\.${name}: lr out of range: (-\\S+|NaN)\\.`));
});

test("an order that is left out is refused", () => {
  const options = { loss: sineLoss, inner: inner.sgd({ lr: 0.1 }), steps: 1 };
  expect(() => unroll(options as never)).toThrow(
    new ValueError(
      "unroll: no order: undefined. Write order: 2 for the exact meta-gradient or order: 1 for " +
        "the first-order one.",
    ),
  );
});

test("tasks that cannot be drawn are refused", () => {
  const classes = characters({ seed: 0, classes: 3, perClass: 4 });
  expect(() => episodes({ classes, way: 5, shot: 1, query: 1, key: 0 })).toThrow(
    new ValueError(
      "episodes: too few classes: way is 5, the pool has 3. Use a smaller way or a larger pool.",
    ),
  );
  expect(() => episodes({ classes, way: 3, shot: 3, query: 2, key: 0 })).toThrow(
    /^episodes: too few images: shot 3 \+ query 2 = 5, class ".*" has 4\. Use fewer shots or/,
  );
});
