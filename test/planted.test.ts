// Tests of the tests: each mistake is planted once, and the suite that is there for it must find
// it, at the right order; beside each stands the control, which passes.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import type { Device, Storage } from "../src/device/device";
import { functions } from "../src/device/functions";
import type { KernelName } from "../src/device/kernels";
import { referenceDevice } from "../src/device/reference/device";
import { checkGrads, stopGradient } from "../src/grad/index";
import { add, mul, relu, square } from "../src/ops/index";
import { tensor } from "../src/tensor/create";
import { defineOp, type Kind } from "../src/tensor/op";
import { dispose } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { compiled } from "./suites/compiled";
import { decomposition } from "./suites/decomposition";
import { forward } from "./suites/forward";
import { gradients } from "./suites/gradients";
import { parity } from "./suites/parity";
import { leakFree, runSuite, type Suite } from "./suites/suite";
import { type Row, row } from "./table/row";
import { each } from "./table/truth";

const device = referenceDevice();
beforeEach(() => setDevice(device));
afterAll(() => device.dispose());

type Rule = (g: Tensor, x: Tensor) => Tensor;

/** x² by the kernel, with a gradient as told. */
function squareWith(vjp: Rule, kind?: Kind) {
  const op = defineOp({
    name: "planted",
    kind,
    shape: ([x]) => x,
    run: (calls, [x], y) =>
      calls.run("map1", [calls.solid(x)], [y.storage], [functions.square.code, x.size, 1, x.size]),
    vjp: (g, _, [x]) => [() => vjp(g, x)],
  });
  return (x: Tensor) => op([x]);
}

const right = squareWith((g, x) => mul(g, mul(x, 2)));
const wrongFirst = squareWith((g, x) => mul(g, mul(x, 3)));
/** The gradient is 2x + x² − x², right as a value, and its own derivative is wrong by x. */
const wrongSecond = squareWith((g, x) =>
  mul(g, add(mul(x, 2), add(wrongFirst(x), mul(square(x), -1)))),
);
/** Right at orders 1 and 2: what differs is first seen at order 3. */
const wrongThird = squareWith((g, x) => {
  const zero = add(wrongSecond(x), mul(square(x), -1));
  return mul(g, add(mul(x, 2), zero));
});
const oneElement = squareWith((g, x) => mul(g, mul(x, tensor([2, 2, 2.001]))));

const rowOf = (f: Row["f"], more: Partial<Row> = {}) =>
  row("planted", {
    f,
    inputs: [[3]],
    truth: each((x) => x * x),
    ...more,
  });

const textOf = async (suite: Suite, planted: Row, on: Device = device) => {
  const { failures } = await runSuite(suite, on, [planted]);
  return failures.map(({ text }) => text).join();
};

describe("checkGrads", () => {
  const at = (f: (x: Tensor) => Tensor, order: number) =>
    checkGrads(f, [tensor([0.5, -1, 2])], { order });

  test("passes a right gradient to order 4", async () => {
    const { errors, entries } = await at(right, 4);
    expect(errors.length).toBe(4);
    expect(Math.max(...errors)).toBeLessThan(1e-8);
    expect(entries).toBe(12);
  });

  test("finds a wrong factor at order 1, and names the entry", async () => {
    await expect(at(wrongFirst, 1)).rejects.toThrow(
      /^checkGrads: order 1: \[0\], entry 0: gradient .*, differences .*, relative error/,
    );
  });

  test("finds one wrong element", async () => {
    await expect(at(oneElement, 1)).rejects.toThrow(/order 1: \[0\], entry 2/);
  });

  test("finds a right first and wrong second derivative at order 2, not before", async () => {
    expect((await at(wrongSecond, 1)).errors[0]).toBeLessThan(1e-8);
    await expect(at(wrongSecond, 2)).rejects.toThrow(/order 2/);
  });

  test("finds a wrong third derivative at order 3, not before", async () => {
    expect(Math.max(...(await at(wrongThird, 2)).errors)).toBeLessThan(1e-8);
    await expect(at(wrongThird, 3)).rejects.toThrow(/order 3/);
  });

  test("finds a gradient that is missing for one input", async () => {
    const f = (a: Tensor, b: Tensor) => mul(a, stopGradient(b));
    const xs: [Tensor, Tensor] = [tensor([1, 2]), tensor([3, 4])];
    await expect(checkGrads(f, xs)).rejects.toThrow(/order 1: \[1\], entry 0: gradient 0/);
    expect((await checkGrads((a, b) => mul(a, b), xs)).entries).toBe(8);
  });
});

describe("the gradient suite", () => {
  test("passes the control", async () => {
    expect(await textOf(gradients, rowOf(right))).toBe("");
  });
  test.each([
    [1, wrongFirst],
    [1, oneElement],
    [2, wrongSecond],
    [3, wrongThird],
  ])("finds a mistake of order %i", async (order, f) => {
    expect(await textOf(gradients, rowOf(f))).toMatch(`order ${order}`);
  });
  test("finds a wrong kind in forward mode", async () => {
    const vjp: Rule = (g, x) => mul(g, mul(x, 2));
    expect(await textOf(gradients, rowOf(squareWith(vjp, "linear")))).toMatch("jvp");
    expect(await textOf(gradients, rowOf(squareWith(vjp, "elementwise")))).toBe("");
  });
});

describe("the other suites", () => {
  test("forward finds a wrong value", async () => {
    expect(await textOf(forward, rowOf(square))).toBe("");
    const off = (x: Tensor) => mul(square(x), 1 + 1e-9);
    expect(await textOf(forward, rowOf(off))).toMatch("output 0: element 0");
  });

  test("forward finds a wrong extreme", async () => {
    const special = [[Number.NaN]];
    const control = rowOf(relu, { truth: each((x) => Math.max(x, 0)), rule: "exact", special });
    expect(await textOf(forward, control)).toBe("");
    const lost = { ...control, truth: each((x: number) => Math.max(Number.isNaN(x) ? 0 : x, 0)) };
    expect(await textOf(forward, lost)).toMatch("extremes [NaN]: element 0 is NaN");
  });

  test("decomposition finds the same value with another gradient", async () => {
    const same = (x: Tensor) => mul(x, x);
    expect(await textOf(decomposition, rowOf(square, { same }))).toBe("");
    const cut = (x: Tensor) => mul(x, stopGradient(x));
    expect(await textOf(decomposition, rowOf(square, { same: cut }))).toMatch("first gradient");
    const cutLater = rowOf(wrongSecond, { same });
    expect(await textOf(decomposition, cutLater)).toMatch("second gradient");
  });

  test("compiled finds a function that a program cannot mean", async () => {
    let calls = 0;
    const impure = (x: Tensor) => mul(x, ++calls);
    expect(await textOf(compiled, rowOf(impure))).toMatch("value 0");
    expect(await textOf(compiled, rowOf(square))).toBe("");
  });

  test.each([
    ["value", "square"],
    ["first gradient", "gate"],
  ] as const)("parity finds a kernel that is wrong in the %s", async (what, f) => {
    const rows = { square: rowOf(square), gate: rowOf(relu, { rule: "exact" }) };
    const base = referenceDevice();
    const broken = altered(base, (kernel, inputs, outputs, params) => {
      base.run(kernel, inputs, outputs, params);
      if (!kernel.startsWith("map") || params[0] !== functions[f].code) return;
      const { data } = outputs[0] as unknown as { data: Float64Array };
      for (let i = 0; i < data.length; i++) data[i] += 1e-3;
    });
    expect(await textOf(parity, rows[f], broken)).toMatch(what);
    const whole = altered(base, (...call) => base.run(...call));
    expect(await textOf(parity, rows[f], whole)).toBe("");
    base.dispose();
  });

  test("a check that leaves a tensor fails", async () => {
    const checks: (() => Promise<void>)[] = [];
    const report = leakFree(device, (_, check) => checks.push(check));
    report("leak", async () => void square(tensor([1])));
    report("control", async () => dispose([1, 2].map((v) => tensor([v]))));
    await expect(checks[0]()).rejects.toThrow("2 tensors are left in memory");
    await checks[1]();
  });
});

/** A reference device that passes for wasm and runs kernels in its own way. */
function altered(
  base: Device,
  run: (
    kernel: KernelName,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    params: readonly number[],
  ) => void,
): Device {
  return Object.assign(Object.create(base), {
    name: "wasm",
    run,
    allocate: base.allocate.bind(base),
    release: base.release.bind(base),
    write: base.write.bind(base),
    read: base.read.bind(base),
    memory: base.memory.bind(base),
    dispose: base.dispose.bind(base),
  });
}
