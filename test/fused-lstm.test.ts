// The LSTM: its fused ops against their decompositions, the fixture of another engine, gradients of
// every order by differences, and masks, state and length.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import type { Device } from "../src/device/device";
import { referenceDevice } from "../src/device/reference/device";
import { wasmDevice } from "../src/device/wasm/device";
import { lstm } from "../src/fused/lstm";
import { checkGrads } from "../src/grad/check";
import { grad, valueAndGrad } from "../src/grad/grad";
import { hvp } from "../src/grad/jvp";
import { add, mul } from "../src/ops/arithmetic";
import { crossEntropy } from "../src/ops/losses";
import { square } from "../src/ops/math";
import { matmul } from "../src/ops/matmul";
import { mean, sum } from "../src/ops/reduce";
import { tensor } from "../src/tensor/create";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, type Tree } from "../src/tensor/tree";

const wasm = await wasmDevice();
const reference = referenceDevice();
const devices: [string, Device][] = [
  ["reference", reference],
  ["wasm", wasm],
];

const fixture = JSON.parse(
  readFileSync(new URL("../../shared/fixtures/lstm.json", import.meta.url), "utf8"),
);
const at = (part: "inputs" | "expected", name: string) => fixture[part][name];
const t = (name: string) => {
  const { data, shape, dtype } = at("inputs", name);
  return tensor(dtype === "int32" ? Int32Array.from(data) : Float64Array.from(data), shape, dtype);
};
const names = ["wx", "wh", "b", "out.w", "out.b"];

test.each(devices)(
  "the fixture: value, gradients and Hessian product on %s",
  async (name, device) => {
    setDevice(device);
    const before = device.memory().tensors;
    const params = names.map((n) => t(`params.${n}`));
    const dir = names.map((n) => t(`dir.${n}`));
    const [x, h0, c0, labels] = ["x", "h0", "c0", "y"].map((n) => t(`data.${n}`));
    const loss = ([wx, wh, b, w, bias]: Tensor[]) => {
      const { y, h } = lstm(x, { wx, wh, b }, { h0, c0 });
      return add(crossEntropy(add(matmul(h, w), bias), labels), mul(mean(square(y)), 0.1));
    };
    const [value, grads] = valueAndGrad(loss)(params);
    const products = hvp(loss, params, dir);
    const tolerance = name === "reference" ? 1e-8 : 1e-4;
    const close = async (got: Tensor, want: readonly number[]) => {
      const scale = Math.sqrt(want.reduce((a, v) => a + v * v, 0) / want.length);
      const data = await got.data();
      want.forEach((v, i) =>
        expect(Math.abs(data[i] - v)).toBeLessThan(tolerance * Math.max(scale, Math.abs(v))),
      );
    };
    await close(value, [at("expected", "loss")]);
    for (const [i, n] of names.entries()) {
      await close(grads[i], at("expected", `grad.${n}`).data);
      await close(products[i], at("expected", `hvp.${n}`).data);
    }
    for (const made of leaves([params, dir, x, h0, c0, labels, value, grads, products] as Tree))
      made.dispose();
    expect(device.memory().tensors).toBe(before);
  },
);
