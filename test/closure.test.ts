// The table has a row for every op, every op that gradients use can itself be differentiated, and
// every kernel of the kernel table is run by some row.

import { afterAll, expect, test } from "vitest";
import { kernelNames } from "../src/device/kernels";
import { referenceDevice } from "../src/device/reference/device";
import * as ops from "../src/ops/index";
import { defineOp } from "../src/tensor/op";
import type { Tensor } from "../src/tensor/tensor";
import { ELSEWHERE, GRADIENT_FREE, openOps, WITHOUT_GRADIENT, watch } from "./suites/closure";
import { isDifferentiable } from "./suites/evaluate";
import { table } from "./table";
import { row } from "./table/row";

const device = referenceDevice();
const found = watch(device);
const exported = Object.entries(ops).flatMap(([name, op]) =>
  typeof op === "function" ? [name] : [],
);

test("every exported op has a row, and every row is of an exported op", () => {
  expect([...new Set(table.map(({ op }) => op))].sort()).toEqual(exported.sort());
});

test("every op has a row with a gradient, but those that cannot", () => {
  const has = new Set(table.filter(isDifferentiable).map(({ op }) => op));
  expect(exported.filter((name) => !has.has(name)).sort()).toEqual([...WITHOUT_GRADIENT].sort());
});

test("every op that a gradient used has a gradient", () => {
  expect(found.inGradients.size).toBeGreaterThan(60);
  expect(openOps(found)).toEqual([]);
});

test("every op declared to have no gradient is one, and is used by some row", () => {
  const used = [...found.inValues, ...found.inGradients].filter((op) => !op.differentiable);
  const names = new Set(used.map(({ name }) => name));
  expect(GRADIENT_FREE.filter((name) => !names.has(name))).toEqual([]);
});

test("every kernel is run by some row", () => {
  const missing = kernelNames.filter((name) => !found.kernels.has(name));
  expect(missing.sort()).toEqual([...ELSEWHERE].sort());
});

test("an op without a gradient in another's gradient is found", () => {
  const slope = defineOp({
    name: "slope",
    shape: ([x]) => x,
    run: (calls, [x], y) =>
      calls.run(
        "map2",
        [calls.solid(x), calls.solid(x)],
        [y.storage],
        [0, x.size, 1, x.size, 1, x.size],
      ),
  });
  const cube = defineOp({
    name: "cube",
    shape: ([x]) => x,
    run: (calls, [x], y) =>
      calls.run("map1", [calls.solid(x)], [y.storage], [0, x.size, 1, x.size]),
    vjp: (g, _, [x]) => [() => ops.mul(g, slope([x]))],
  });
  const planted = row("cube", {
    f: (x: Tensor) => cube([x]),
    inputs: [[3]],
    truth: (x) => x,
  });
  expect(openOps(watch(device, [planted]))).toEqual(["slope"]);
});

afterAll(() => device.dispose());
