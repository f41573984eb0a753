// Group: memory of the webgpu device over long training and long chains, by its own count and with
// the buffers that it keeps for reuse: nothing grows from step to step.

import type { WebGPUDevice } from "../../src/device/webgpu/device";
import { valueAndGrad } from "../../src/grad/index";
import { add, matmul, mse, mul, sub, tanh } from "../../src/ops/index";
import { compile } from "../../src/program/compile";
import { tensor } from "../../src/tensor/create";
import { dispose, scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { type Story, same, storyGroup } from "./group";

type Params = Readonly<Record<"w1" | "b1" | "w2", Tensor>>;

const wave = (count: number, shape: number[], scale = 1) =>
  tensor(
    Float32Array.from({ length: count }, (_, i) => scale * Math.sin(1.3 * i + count)),
    shape,
  );

/** 2,000 steps of descent of a small MLP; what the device holds after each of four quarters. */
async function train(device: WebGPUDevice, compiled: boolean) {
  const [x, y] = [wave(32, [8, 4]), wave(8, [8, 1])];
  const loss = ({ w1, b1, w2 }: Params) => mse(matmul(tanh(add(matmul(x, w1), b1)), w2), y);
  const descend = (p: Params): [Params, Tensor] => {
    const [value, g] = valueAndGrad(loss)(p);
    const moved = (a: Tensor, d: Tensor) => sub(a, mul(d, 0.05));
    return [{ w1: moved(p.w1, g.w1), b1: moved(p.b1, g.b1), w2: moved(p.w2, g.w2) }, value];
  };
  const program = compiled ? compile(descend) : null;
  const step = program ?? ((p: Params) => scope(() => descend(p)));
  let params: Params = { w1: wave(64, [4, 16]), b1: wave(16, [16]), w2: wave(16, [16, 1]) };
  const held: unknown[] = [];
  const losses: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const [next, value] = step(params);
    dispose(params);
    params = next;
    if (i % 50 === 49) losses.push(await value.item());
    value.dispose();
    if (i % 500 === 499) {
      const { bytes, tensors } = device.memory();
      held.push({ bytes, tensors, pooled: device.stats().pooled });
    }
  }
  program?.dispose();
  dispose([x, y, params]);
  same(new Set(held.map((h) => JSON.stringify(h))).size, 1, `held: ${JSON.stringify(held)}`);
  const [first, last] = [losses[0], losses[losses.length - 1]];
  if (!(last < first)) throw new Error(`the loss went from ${first} to ${last}`);
}

/** 200 chained products of [64, 64] take as many steps as of [512, 512], and less time here. */
const CHAIN = 200;

const product = (count: number) => (x: Tensor, w: Tensor) => {
  let y = matmul(x, w);
  for (let i = 1; i < count; i++) y = matmul(y, w);
  return y;
};

/** The same, each freed once it was read. */
const freeing = (count: number) => (x: Tensor, w: Tensor) => {
  let y = matmul(x, w);
  for (let i = 1; i < count; i++) {
    const next = matmul(y, w);
    y.dispose();
    y = next;
  }
  return y;
};

/** A chain of products of [n, n] needs five matrices over its inputs at most, by the device's count
 * and with all buffers that are kept for reuse. */
async function chain(device: WebGPUDevice, n: number, f: (x: Tensor, w: Tensor) => Tensor) {
  const mean = tensor(new Float32Array(n * n).fill(1 / n), [n, n]);
  const x = tensor(
    Float32Array.from({ length: n * n }, (_, i) => 2 + Math.sin(1.7 * i)),
    [n, n],
  );
  device.trim();
  device.resetPeak();
  const before = device.memory().bytes;
  const pooled = device.stats().pooled;
  const y = f(x, mean);
  const peak = device.memory().peakBytes - before;
  const held = device.memory().bytes - before + device.stats().pooled - pooled;
  const right = (await y.data()).every((v) => Math.abs(v - 2) < 0.1);
  dispose([x, mean, y]);
  const most = 5 * 4 * n * n;
  same([peak <= most, held <= most, right], [true, true, true], `${peak} and ${held} bytes`);
}

const stories: Record<string, Story> = {
  "flat over 2,000 eager training steps": (device) => train(device, false),
  "flat over 2,000 compiled training steps": (device) => train(device, true),

  "200 chained products of [64, 64], eager": (device) => chain(device, 64, freeing(CHAIN)),

  "200 chained products of [64, 64], compiled": async (device) => {
    const step = compile(product(CHAIN));
    await chain(device, 64, step);
    step.dispose();
  },

  "8 chained products of [512, 512]: 5 MiB over their inputs": (device) =>
    chain(device, 512, freeing(8)),
};

export const memoryGroup = storyGroup("memory", stories);
