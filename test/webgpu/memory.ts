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

/** Peak bytes over the inputs of `count` chained products of [n, n], each freed once it is read. */
function chain(device: WebGPUDevice, n: number, count: number) {
  const [x, w] = [wave(n * n, [n, n], 1 / n), wave(n * n, [n, n], 1 / n)];
  device.trim();
  device.resetPeak();
  const before = { bytes: device.memory().bytes, pooled: device.stats().pooled };
  let y = matmul(x, w);
  for (let i = 1; i < count; i++) {
    const next = matmul(y, w);
    y.dispose();
    y = next;
  }
  const peak = device.memory().peakBytes - before.bytes;
  // What lives and what waits for reuse now: buffers are made when neither has room.
  const held = device.memory().bytes - before.bytes + device.stats().pooled - before.pooled;
  return { peak, held, end: () => dispose([x, w, y]) };
}

const stories: Record<string, Story> = {
  "flat over 2,000 eager training steps": (device) => train(device, false),
  "flat over 2,000 compiled training steps": (device) => train(device, true),

  "200 chained 64 x 64 products peak at 5 matrices over their inputs": async (device) => {
    const { peak, held, end } = chain(device, 64, 200);
    end();
    same([peak <= 5 * 64 * 64 * 4, held <= 5 * 64 * 64 * 4], [true, true], `${peak}, ${held}`);
  },

  "8 chained 512 x 512 products peak at 5 MiB over their inputs": async (device) => {
    const { peak, held, end } = chain(device, 512, 8);
    end();
    same([peak <= 5 << 20, held <= 5 << 20], [true, true], `${peak} and ${held} bytes`);
  },
};

export const memoryGroup = storyGroup("memory", stories);
