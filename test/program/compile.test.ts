// What compile promises: the meaning of its function, no work twice, and clear errors.

import { beforeAll, expect, test } from "vitest";
import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { wasmDevice } from "../../src/device/wasm/device";
import { checkpoint, grad, valueAndGrad } from "../../src/grad/index";
import * as ops from "../../src/ops/index";
import { compile } from "../../src/program/compile";
import { tensor } from "../../src/tensor/create";
import { dispose, scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";

let device: Device;
beforeAll(async () => {
  device = await wasmDevice();
  setDevice(device);
});

const data = (n: number, shift = 0) =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(i + shift));

test("other data run the same program, other shapes make a new one", async () => {
  let calls = 0;
  const step = compile((x: Tensor) => {
    calls++;
    return ops.sum(ops.square(x));
  });
  expect(await step(tensor([1, 2])).item()).toBe(5);
  expect(await step(tensor([3, 4])).item()).toBe(25);
  expect(calls).toBe(1);
  expect(await step(tensor([1, 2, 3])).item()).toBe(14);
  expect(calls).toBe(2);
  expect(step.stats().programs).toBe(2);
});

test("a learning rate is an argument: changing it compiles nothing", async () => {
  const step = compile((w: Tensor, lr: Tensor) =>
    ops.sub(w, ops.mul(grad((p: Tensor) => ops.sum(ops.square(p)))(w), lr)),
  );
  expect(await step(tensor([1, 2]), tensor(0.5)).array()).toEqual([0, 0]);
  expect(await step(tensor([1, 2]), tensor(0.25)).array()).toEqual([0.5, 1]);
  expect(step.stats().programs).toBe(1);
});

test("trees go in and come out; inputs and constants may be returned as they are", async () => {
  const step = compile((p: { w: Tensor; b: Tensor }) => ({
    w: p.w,
    twice: [ops.mul(p.b, 2), p.w],
  }));
  const out = step({ w: tensor([1]), b: tensor([3]) });
  expect(await out.w.array()).toEqual([1]);
  expect(await out.twice[0].array()).toEqual([6]);
  expect(await out.twice[1].array()).toEqual([1]);
});

test("other forms of the arguments make other programs, empty ones too", async () => {
  const step = compile((x: Tensor, list: Tensor[] | Tensor[][]) => ops.mul(x, list.length));
  const x = tensor([1, 2]);
  expect(await step(x, []).array()).toEqual([0, 0]);
  expect(await step(x, [[], []]).array()).toEqual([2, 4]);
  const read = compile((p: Record<string, Tensor | Record<string, Tensor>>) =>
    "a.b" in p ? p["a.b"] : ops.neg((p.a as Record<string, Tensor>).b),
  );
  expect(await (read({ "a.b": x }) as Tensor).array()).toEqual([1, 2]);
  expect(await (read({ a: { b: x } }) as Tensor).array()).toEqual([-1, -2]);
});

test("a tensor closed over is read at each run, and its absence is an error", async () => {
  const bias = tensor([10, 20]);
  const step = compile((x: Tensor) => ops.add(x, bias));
  expect(await step(tensor([1, 2])).array()).toEqual([11, 22]);
  bias.dispose();
  expect(() => step(tensor([1, 2]))).toThrow("compile: this tensor was freed by dispose().");
});

test("scalars folded beyond those that a device keeps live as long as the program", async () => {
  const own = await wasmDevice();
  setDevice(own);
  const x = tensor([1, 2]);
  scope(() => {
    for (const known of [1, 2]) ops.mul(x, known);
    for (let i = 0; i < 1100; i++) ops.mul(x, i + 0.5);
  });
  const before = own.memory().tensors;
  // 3.5 / 2 is folded, and no scalar that was there.
  const step = compile(grad((p: Tensor) => ops.mul(ops.mean(ops.square(p)), 3.5)));
  for (let run = 0; run < 3; run++) {
    const y = scope(() => step(x));
    expect([...(await y.data())]).toEqual([3.5, 7]);
    y.dispose();
  }
  step.dispose();
  expect(own.memory().tensors).toBe(before);
  own.dispose();
  setDevice(device);
});

test("a leaf that is no tensor is named", () => {
  const step = compile((p: { lr: Tensor }) => p.lr);
  expect(() => step({ lr: 0.1 } as never)).toThrow(
    "compile: a leaf is no tensor: [0].lr is 0.1. Use tensors, in plain objects and arrays.",
  );
});

test("reading a value inside is an error that says so", async () => {
  let failed: Promise<unknown> | undefined;
  compile((x: Tensor) => {
    failed = ops.sum(x).item();
    failed.catch(() => {});
    return x;
  })(tensor([1]));
  await expect(failed).rejects.toThrow("a value was read inside compile");
});

test("an async function cannot be compiled", () => {
  const step = compile((async (x: Tensor) => x) as never) as (x: Tensor) => Tensor;
  expect(() => step(tensor([1]))).toThrow("compile: the function returned a promise.");
});

test("a donated input is gone after the call", async () => {
  const step = compile((x: Tensor) => ops.mul(x, 2), { donate: [0] });
  const x = tensor([1, 2]);
  expect(await step(x).array()).toEqual([2, 4]);
  expect(() => step(x)).toThrow("freed by a compiled step it was donated to");
});

test("a bad index inside a program is the error that it is eagerly", () => {
  const f = (x: Tensor, i: Tensor) => ops.gather(x, i);
  const args = [tensor([1, 2, 3]), tensor([0, 7], [2], "int32")] as const;
  const message = "gather: index out of range: idx[1] is 7, the axis has 3. Use 0 to 2.";
  expect(() => f(...args)).toThrow(message);
  expect(() => compile(f)(...args)).toThrow(message);
});

test("inside a gradient a compiled function is differentiated as the function is", async () => {
  const f = (x: Tensor) => ops.sum(ops.exp(x));
  const x = tensor(data(5));
  const [own, other] = [grad(f)(x), grad(compile(f))(x)];
  expect(await own.array()).toEqual(await other.array());
});

test("a checkpoint is recomputed in the program, not merged with the forward pass", async () => {
  const block = (w: Tensor, x: Tensor) => ops.tanh(ops.matmul(ops.tanh(ops.matmul(x, w)), w));
  const loss = (again: boolean) => (w: Tensor, x: Tensor) => {
    let y = x;
    for (let i = 0; i < 6; i++) y = again ? checkpoint(block)(w, y) : block(w, y);
    return ops.sum(ops.square(y));
  };
  const w = tensor(
    data(64 * 64).map((v) => v * 0.1),
    [64, 64],
  );
  const x = tensor(data(256 * 64, 1), [256, 64]);
  const [plain, again] = [false, true].map((c) => compile(valueAndGrad(loss(c))));
  const a = plain(w, x);
  const b = again(w, x);
  const [want, got] = [await a[1].data(), await b[1].data()];
  const largest = Math.max(...want.map(Math.abs));
  for (const [i, g] of got.entries()) expect(Math.abs(g - want[i])).toBeLessThan(1e-5 * largest);
  expect(again.stats().bytes).toBeLessThan(0.75 * plain.stats().bytes);
});

test("ten thousand runs leave memory as it was", async () => {
  const step = compile((w: Tensor, x: Tensor) =>
    ops.sub(w, ops.mul(grad((p: Tensor) => ops.mean(ops.square(ops.matmul(x, p))))(w), 0.01)),
  );
  let w = tensor(data(12), [4, 3]);
  const x = tensor(data(20), [5, 4]);
  for (let i = 0; i < 10; i++) {
    const next = step(w, x);
    w.dispose();
    w = next;
  }
  const before = device.memory();
  for (let i = 0; i < 10_000; i++) {
    const next = step(w, x);
    w.dispose();
    w = next;
  }
  expect(device.memory()).toEqual(before);
  dispose({ w, x });
});

test("a throw while capturing frees what was made", () => {
  const x = tensor([1, 2]);
  const before = device.memory().tensors;
  const step = compile((t: Tensor) => {
    ops.exp(t);
    throw new Error("no");
  });
  expect(() => scope(() => step(x))).toThrow("no");
  expect(device.memory().tensors).toBe(before);
});

test("the gradient of logSumExp is accurate where its value is large", async () => {
  const f = grad((x: Tensor) => ops.logSumExp(x));
  for (const run of [f, compile(f)]) {
    const got = await run(tensor([1000, 1000.5, 999, 1001])).data();
    const e = [0, 0.5, -1, 1].map(Math.exp);
    const total = e.reduce((a, b) => a + b);
    for (const [i, v] of e.entries()) expect(Math.abs(got[i] - v / total)).toBeLessThan(1e-6);
  }
});
