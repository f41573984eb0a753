// What compile cannot do ends in an error that says what and why, before anything has changed.

import { afterAll, beforeAll, expect, test } from "vitest";
import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { referenceDevice } from "../../src/device/reference/device";
import { wasmDevice } from "../../src/device/wasm/device";
import { vmap } from "../../src/grad/index";
import * as ops from "../../src/ops/index";
import { compile } from "../../src/program/compile";
import { tensor } from "../../src/tensor/create";
import { zeros } from "../../src/tensor/fill";
import { apply, defineOp } from "../../src/tensor/op";
import { scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";

let device: Device;
beforeAll(async () => {
  device = await wasmDevice();
  setDevice(device);
});
afterAll(() => device.dispose());

const unknown = "[object Tensor [] float32, a value known only when the program runs]";

const used =
  "compile: a shape or a branch depends on a value: tensor [] float32 was used as a number, and " +
  "is known only when the program runs. Use where(), or pass the number from outside.";

const shapes: Record<string, [f: (x: Tensor) => Tensor, text: string]> = {
  reshape: [(x) => ops.reshape(x, [ops.sum(x) as never]), unknown],
  expand: [(x) => ops.expand(x, [ops.sum(x) as never, 3]), unknown],
  zeros: [(x) => zeros([ops.sum(x) as never]), unknown],
  slice: [(x) => ops.slice(x, [0], [ops.sum(x) as never]), used],
  topK: [(x) => ops.topK(x, ops.sum(x) as never).values, unknown],
};

for (const [name, [f, text]] of Object.entries(shapes)) {
  test(`a shape that depends on a value: ${name}`, () => {
    const x = tensor([1, 2, 3]);
    const before = device.memory().tensors;
    const step = compile(f);
    expect(() => scope(() => step(x))).toThrow(text);
    expect(device.memory().tensors).toBe(before);
  });
}

test("a branch that depends on a value", () => {
  const step = compile((x: Tensor) => ((ops.sum(x) as never as number) > 0 ? x : ops.neg(x)));
  expect(() => step(tensor([1]))).toThrow(
    "compile: a shape or a branch depends on a value: tensor [] float32 was used as a number",
  );
  const plain = () => Number(tensor([1, 2]));
  expect(plain).toThrow(
    "tensor: used as a number: tensor [2] float32. Use ops, or read it first: await t.item().",
  );
});

test("a donated argument that there is not: nothing ran, nothing is freed", async () => {
  const x = tensor([1, 2]);
  const before = device.memory().tensors;
  const step = compile((x: Tensor) => ops.mul(x, 2), { donate: [0, 1] });
  expect(() => step(x)).toThrow(
    "compile: no such argument to donate: donate has 1, the call has 1. Count them from 0.",
  );
  expect(device.memory().tensors).toBe(before);
  expect(await x.array()).toEqual([1, 2]);
});

test("arguments, or a tensor closed over, on another device", () => {
  const there = tensor([1, 2]);
  setDevice(referenceDevice());
  const here = tensor([3, 4]);
  setDevice(device);
  const text = "inputs live on two devices: reference and wasm. Upload one again";
  const both = compile((x: Tensor, y: Tensor) => ops.add(x, y));
  expect(() => both(here, there)).toThrow(`compile: ${text}`);
  expect(() => compile((x: Tensor) => ops.add(x, there))(here)).toThrow(`add: ${text}`);
  expect(() => compile((x: Tensor) => [x, there])(here)).toThrow(`compile: ${text}`);
});

test("a donated input used again, by the step and by an op", async () => {
  const step = compile((x: Tensor) => ops.mul(x, 2), { donate: [0] });
  const x = tensor([1, 2]);
  expect(await step(x).array()).toEqual([2, 4]);
  const text = "this tensor was freed by a compiled step it was donated to. Use it before it is";
  expect(() => step(x)).toThrow(`compile: ${text}`);
  expect(() => ops.neg(x)).toThrow(`neg: ${text}`);
});

test("an op with no batching rule is named, in a compiled vmap too", () => {
  const odd = defineOp({
    name: "odd",
    shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
    run: () => {},
  });
  const step = compile(vmap((x: Tensor) => apply(odd.op, [x], undefined)[0]));
  expect(() => step(tensor([[1], [2]]))).toThrow(
    "vmap: no batching rule: odd. Add `batch` to its record.",
  );
});

test("a tensor that another capture made cannot be closed over", () => {
  let kept: Tensor | null = null;
  compile((x: Tensor) => {
    kept = ops.exp(x);
    return kept;
  })(tensor([1]));
  const step = compile((x: Tensor) => ops.add(x, kept!));
  expect(() => step(tensor([1]))).toThrow(
    "add: a tensor of another compiled function, or of an earlier capture. Pass it as an argument.",
  );
});
