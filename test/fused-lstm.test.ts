// The LSTM beyond its rows of the table: another engine's numbers, long sequences, what lengths
// mean, how much runs, and what it says to inputs that do not fit.

import { afterAll, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import type { KernelName } from "../src/device/kernels";
import { lstm } from "../src/fused/lstm";
import { grad, valueAndGrad } from "../src/grad/grad";
import { hvp } from "../src/grad/jvp";
import { add, mul } from "../src/ops/arithmetic";
import { crossEntropy } from "../src/ops/losses";
import { square } from "../src/ops/math";
import { matmul } from "../src/ops/matmul";
import { slice } from "../src/ops/movement";
import { key, normal, split } from "../src/ops/random";
import { mean, sum } from "../src/ops/reduce";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { zeros } from "../src/tensor/fill";
import { dispose, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { findDevices } from "./devices";
import { fixture, largest, near } from "./fixture";
import file from "./fixtures/lstm.json";

const { present } = await findDevices();
const names = ["wx", "wh", "b", "out.w", "out.b"];

const { input: load, expected } = fixture(file);

/** Small weights and inputs: x, then wx, wh and b. */
function problem(t: number, b: number, i: number, h: number) {
  const keys = split(key(3), 4);
  const std = 1 / Math.sqrt(h);
  const x = normal(keys[0], [t, b, i]);
  const params = {
    wx: normal(keys[1], [i, 4 * h], { std: 1 / Math.sqrt(i) }),
    wh: normal(keys[2], [h, 4 * h], { std }),
    b: normal(keys[3], [4 * h], { std }),
  };
  dispose(keys);
  return { x, params };
}

const energy = (params: ReturnType<typeof problem>["params"], x: Tensor) =>
  mean(square(lstm(x, params).y));

describe.each(present)("$name", ({ name, device }) => {
  const exact = name === "reference";

  test("the fixture: loss, gradients and Hessian product", async () => {
    setDevice(device);
    const before = device.memory().tensors;
    const params = names.map((n) => load(`params.${n}`));
    const along = names.map((n) => load(`dir.${n}`));
    const [x, h0, c0, labels] = ["x", "h0", "c0", "y"].map((n) => load(`data.${n}`));
    const loss = ([wx, wh, b, w, bias]: Tensor[]) => {
      const { y, h } = lstm(x, { wx, wh, b }, { h0, c0 });
      return add(crossEntropy(add(matmul(h, w), bias), labels), mul(mean(square(y)), 0.1));
    };
    const [value, grads] = valueAndGrad(loss)(params);
    const products = hvp(loss, params, along);
    const rate = exact ? 1e-8 : 1e-4;
    await near(value, expected("loss"), rate);
    for (const [i, n] of names.entries()) {
      await near(grads[i], expected(`grad.${n}`), rate);
      await near(products[i], expected(`hvp.${n}`), rate);
    }
    dispose([params, along, x, h0, c0, labels, value, grads, products]);
    expect(device.memory().tensors).toBe(before);
  });

  test("a second gradient over 50 steps is that of the reference", async () => {
    const run = async () => {
      const { x, params } = problem(50, 3, 4, 6);
      const first = grad(energy)(params, x);
      const second = hvp((p: typeof params) => energy(p, x), params, first);
      const data = await Promise.all([second.wx, second.wh, second.b].map((t) => t.data()));
      dispose([x, params, first, second]);
      return data;
    };
    setDevice(present[0].device);
    const want = await run();
    setDevice(device);
    const got = await run();
    for (const [i, list] of want.entries()) {
      const error = largest(Array.from(got[i], (v, j) => v - list[j]));
      expect(error).toBeLessThanOrEqual(1e-4 * largest(list));
    }
  });

  test("lengths: each sequence as if it ran alone, whatever stands behind its end", async () => {
    setDevice(device);
    const { x, params } = problem(5, 4, 3, 4);
    const lengths = [3, 5, 0, 1];
    const { y, h, c } = lstm(x, params, { lengths: tensor(Int32Array.from(lengths)) });
    const padded = await y.data();
    for (const [r, n] of lengths.entries()) {
      const row = (t: Tensor) => scope(() => slice(t, [r, 0], [1, 4]));
      if (n === 0) {
        expect(largest(await row(h).data())).toBe(0);
        continue;
      }
      const alone = lstm(slice(x, [0, r, 0], [n, 1, 3]), params);
      // The tiles of a product give equal bits for any number of rows.
      const same = exact || name.startsWith("wasm") ? 0 : 1e-6;
      await near(row(h), await alone.h.data(), same);
      await near(row(c), await alone.c.data(), same);
      const states = await alone.y.data();
      for (let s = 0; s < 5; s++) {
        for (let j = 0; j < 4; j++) {
          const want = s < n ? states[s * 4 + j] : 0;
          expect(Math.abs(padded[(s * 4 + r) * 4 + j] - want)).toBeLessThanOrEqual(same);
        }
      }
    }
    const gradients = grad((x: Tensor) =>
      sum(lstm(x, params, { lengths: tensor(Int32Array.from(lengths)) }).h),
    )(x);
    const data = await gradients.data();
    for (let s = 0; s < 5; s++) {
      for (const [r, n] of lengths.entries()) {
        const part = data.slice((s * 4 + r) * 3, (s * 4 + r + 1) * 3);
        if (s >= n) expect(largest(part)).toBe(0);
        else expect(largest(part)).toBeGreaterThan(0);
      }
    }
  });
});

describe("what runs", () => {
  const { device } = present[0];

  test("one kernel forward and one backward, however long the sequence", () => {
    setDevice(device);
    const kernelsOf = (t: number) => {
      const { x, params } = problem(t, 2, 3, 4);
      const step = compile((p: typeof params, x: Tensor) => grad(energy)(p, x));
      dispose(step(params, x));
      const { kernels } = step.stats();
      step.dispose();
      return kernels;
    };
    expect(kernelsOf(40)).toBe(kernelsOf(4));
    const { x, params } = problem(6, 2, 3, 4);
    const heard: KernelName[] = [];
    const run = device.run.bind(device);
    device.run = (kernel, ...rest) => {
      if (kernel.startsWith("lstm")) heard.push(kernel);
      run(kernel, ...rest);
    };
    try {
      dispose(grad(energy)(params, x));
    } finally {
      device.run = run;
    }
    expect(heard).toEqual(["lstmForward", "lstmBackward"]);
  });

  test("an empty sequence gives back the state", async () => {
    setDevice(device);
    const { params } = problem(2, 2, 3, 4);
    const h0 = tensor([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    const { y, h, c } = lstm(zeros([0, 2, 3]), params, { h0 });
    expect(y.shape).toEqual([0, 2, 4]);
    expect(await h.array()).toEqual(await h0.array());
    expect(largest(await c.data())).toBe(0);
  });

  test("errors say what does not fit, and leave nothing behind", () => {
    setDevice(device);
    const { x, params } = problem(2, 2, 3, 4);
    const before = device.memory().tensors;
    const says = (f: () => unknown, text: string) => expect(f).toThrow(text);
    says(
      () => lstm(x, { ...params, b: params.wx }),
      "lstm: sizes do not fit: x is [2, 2, 3], wx is [3, 16], wh is [4, 16], b is [3, 16]. " +
        "Give x [t, b, i], wx [i, 4h], wh [h, 4h], b [4h].",
    );
    const h0 = zeros([3, 4]);
    says(
      () => lstm(x, params, { h0 }),
      "lstm: sizes do not fit: h0 is [3, 4], x is [2, 2, 3] (t b i). Give h0 [2, 4].",
    );
    const mask = zeros([2, 2]);
    says(
      () => lstm(x, params, { mask }),
      'lstm: the mask is float32, not bool. Use a comparison, or cast(mask, "bool").',
    );
    const lengths = zeros([2], "int32");
    says(
      () => lstm(x, params, { mask: zeros([2, 2], "bool"), lengths }),
      "lstm: both mask and lengths are given. Give one of them.",
    );
    expect(device.memory().tensors).toBe(before);
  });
});

afterAll(() => {
  for (const { device } of present) device.dispose();
});
