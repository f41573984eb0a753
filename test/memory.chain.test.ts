// A chain of 200 products of [512, 512] matrices that nobody keeps needs at most 5 MiB over its
// inputs, eager with each one freed once it was read, and compiled, where nothing is left to free.

import { afterAll, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import type { Device } from "../src/device/device";
import { matmul } from "../src/ops/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { dispose } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { absentTests, findDevices } from "./devices";

const COUNT = 200;
/** Five matrices of [512, 512]; loops in float64 take too long for them, and take small ones. */
const MATRICES = 5;
const sideOn = (device: Device) => (device.name === "reference" ? 16 : 512);

/** Numbers around 2, and a matrix that takes the mean of each row: no product grows or vanishes. */
function operands(n: number): [Tensor, Tensor] {
  const wave = Float32Array.from({ length: n * n }, (_, i) => 2 + Math.sin(1.7 * i));
  return [tensor(wave, [n, n]), tensor(new Float32Array(n * n).fill(1 / n), [n, n])];
}

function eager(x: Tensor, w: Tensor): Tensor {
  let y = matmul(x, w);
  for (let i = 1; i < COUNT; i++) {
    const next = matmul(y, w);
    y.dispose();
    y = next;
  }
  return y;
}

const { present, absent } = await findDevices(["reference", "wasm", "wasm relaxed"]);

for (const { name, device } of present) {
  describe(`${name}: memory of a chain`, () => {
    afterAll(() => device.dispose());

    test.each(["eager", "compiled"])(
      "%s: 200 products peak at 5 matrices over their inputs",
      async (kind) => {
        setDevice(device);
        const n = sideOn(device);
        const [x, w] = operands(n);
        const step = compile((a: Tensor, b: Tensor) => {
          let y = matmul(a, b);
          for (let i = 1; i < COUNT; i++) y = matmul(y, b);
          return y;
        });
        const before = device.memory();
        device.resetPeak();
        const y = kind === "compiled" ? step(x, w) : eager(x, w);
        expect((await y.data()).every((v) => Math.abs(v - 2) < 0.1)).toBe(true);
        const peak = device.memory().peakBytes - before.bytes;
        expect(peak).toBeGreaterThanOrEqual(4 * n * n);
        expect(peak).toBeLessThanOrEqual(MATRICES * 4 * n * n);
        step.dispose();
        dispose([x, w, y]);
      },
      120_000,
    );
  });
}

absentTests(absent);
