// What a program takes of memory: as little as its values allow, what the plan says, always.

import { afterAll, beforeAll, expect, test } from "vitest";
import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { wasmDevice } from "../../src/device/wasm/device";
import * as meta from "../../src/meta/index";
import * as nn from "../../src/nn/index";
import * as ops from "../../src/ops/index";
import { capture } from "../../src/program/capture";
import { compile } from "../../src/program/compile";
import { emit } from "../../src/program/emit";
import { inPlace } from "../../src/program/inPlace";
import { optimize } from "../../src/program/passes";
import { plan } from "../../src/program/plan";
import { tensor } from "../../src/tensor/create";
import { dispose } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { mapTree, type Tree } from "../../src/tensor/tree";

let device: Device;
beforeAll(async () => {
  device = await wasmDevice();
  setDevice(device);
});
afterAll(() => device.dispose());

const data = (n: number, shift = 0) =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(i + shift));

/** The meta-gradient of `steps` inner steps on an MLP, compiled, and its arguments. */
function unrolled(mode: "store" | "checkpoint" | "sqrt" | "mixed", steps: number) {
  const net = nn.mlp([6, 16, 16, 3], ops.relu);
  // Written out: zeros are repeats of one number, which a run has to copy.
  const params = mapTree((w) => ops.add(w, 0.01), net.init(ops.key(0)));
  const batch = (shift: number) => ({
    x: tensor(data(24 * 6, shift), [24, 6]),
    y: tensor(Int32Array.from({ length: 24 }, (_, i) => (i * 7) % 3)),
  });
  const tasks = [{ support: batch(0), query: batch(9) }];
  type Batch = (typeof tasks)[0]["support"];
  const loss = (p: typeof params, { x, y }: Batch) => ops.crossEntropy(net.apply(p, x), y);
  const learner = meta.unroll({ loss, inner: meta.inner.sgd({ lr: 0.1 }), steps, order: 2, mode });
  const step = compile((p: typeof params, list: typeof tasks) => {
    const { value, grads } = learner.metaGrad({ params: p, meta: {} }, list);
    return { value, grads };
  });
  return { step, params, tasks, run: () => step(params, tasks) };
}

for (const mode of ["store", "checkpoint", "sqrt", "mixed"] as const) {
  test(`a run of mode ${mode} takes the bytes that stats() predicts`, () => {
    const { step, params, tasks, run } = unrolled(mode, 20);
    dispose(run());
    const before = device.memory();
    device.resetPeak();
    const results = run();
    const { bytes, largestLiveSet, peakBytes } = step.stats();
    expect(device.memory().peakBytes - before.bytes).toBe(peakBytes);
    expect(bytes).toBeLessThanOrEqual(1.25 * largestLiveSet);
    dispose(results);
    expect(device.memory().bytes).toBe(before.bytes);
    step.dispose();
    dispose({ params, tasks });
  });
}

test("modes that keep less take less, and give the gradient of store", async () => {
  const all = (["store", "checkpoint", "mixed"] as const).map((mode) => unrolled(mode, 40));
  const [store, checkpoint, mixed] = all.map(({ step, run }) => {
    const gradient = (run().grads.params as { w: Tensor }[])[0].w;
    return { gradient, bytes: step.stats().bytes };
  });
  expect(checkpoint.bytes).toBeLessThan(store.bytes / 2);
  expect(mixed.bytes).toBeLessThan(store.bytes / 4.5);
  const want = await store.gradient.data();
  const largest = Math.max(...want.map(Math.abs));
  for (const { gradient } of [checkpoint, mixed]) {
    const got = await gradient.data();
    for (const [i, v] of want.entries()) expect(Math.abs(got[i] - v)).toBeLessThan(1e-5 * largest);
  }
  for (const { step } of all) step.dispose();
});

/** The calls of a function of two [4, 3] matrices. */
function callsOf(f: (x: Tensor, y: Tensor) => Tree) {
  const spec = { shape: [4, 3], dtype: "float32" as const };
  const form = [0, 0] as unknown as Tree[];
  const { graph } = capture(device, f as (...args: Tree[]) => Tree, form, [spec, spec]);
  return emit(optimize(graph, device));
}

test("a result takes the memory of an operand that dies there", () => {
  const { calls, blocks } = callsOf((x, y) => {
    const p = ops.matmul(x, ops.transpose(y));
    return ops.matmul(ops.tanh(ops.add(p, 1)), p);
  });
  // The product is read again, so nothing may be written over it.
  expect(inPlace(calls).size).toBe(0);
  const dying = callsOf((x, y) => {
    const p = ops.matmul(x, ops.transpose(y));
    return ops.matmul(ops.tanh(ops.add(p, 1)), x);
  });
  const over = inPlace(dying.calls);
  expect(over.size).toBe(1);
  const [[y, x]] = over;
  const { offsets, size } = plan(dying.blocks, over);
  expect(offsets.get(y)).toBe(offsets.get(x));
  expect(size).toBeLessThan(plan(dying.blocks).size);
  expect(blocks.length).toBe(2);
});

test("nothing is written over an operand that is read repeated, or read later in the chain", () => {
  const repeated = callsOf((x) => {
    const row = ops.sum(x, { axis: 0, keepDims: true });
    return ops.matmul(ops.add(x, row), ops.transpose(x));
  });
  expect(inPlace(repeated.calls).size).toBe(0);
  // first is written before the second result reads p: only that one may stand in its place.
  const { calls } = callsOf((x, y) => {
    const p = ops.matmul(x, ops.transpose(y));
    const first = ops.tanh(p);
    const second = ops.mul(first, ops.add(p, 2));
    return ops.matmul(first, second);
  });
  const chain = calls.find(({ kernel }) => kernel === "chain")!;
  const over = inPlace(calls);
  expect(chain.outputs.length).toBe(2);
  expect([...over.keys()]).toEqual([chain.outputs[1]]);
});
