// Sine tasks and a small net for tests of meta-learning: smooth, so that differences are sharp.

import { stream } from "../src/core/random";
import type { Task } from "../src/meta/index";
import { add, matmul, mse, tanh } from "../src/ops/index";
import { tensor } from "../src/tensor/create";
import type { Tensor } from "../src/tensor/tensor";

export type Net = { w: Tensor; b: Tensor }[];
export type Points = { x: Tensor; y: Tensor };

/** An MLP of these sizes. */
export function net(sizes = [1, 6, 6, 1]): Net {
  const random = stream(1);
  return sizes.slice(1).map((n, i) => {
    const w = Array.from({ length: sizes[i] * n }, () => random.normal() / Math.sqrt(sizes[i]));
    const b = Array.from({ length: n }, () => 0.1 * random.normal());
    return { w: tensor(w, [sizes[i], n]), b: tensor(b) };
  });
}

/** Points of a sine of random amplitude and phase, for support and query. */
export function sine(seed: number, count = 5): Task<Points> {
  const random = stream(2, seed);
  const [amplitude, phase] = [0.5 + random.uniform(), Math.PI * random.uniform()];
  const points = () => {
    const x = Array.from({ length: count }, () => 4 * random.uniform() - 2);
    const y = x.map((v) => amplitude * Math.sin(v - phase));
    return { x: tensor(x, [count, 1]), y: tensor(y, [count, 1]) };
  };
  return { support: points(), query: points() };
}

export function predict(params: Net, x: Tensor): Tensor {
  return params.reduce((h, { w, b }, i) => {
    const z = add(matmul(h, w), b);
    return i < params.length - 1 ? tanh(z) : z;
  }, x);
}

export const sineLoss = (params: Net, { x, y }: Points): Tensor => mse(predict(params, x), y);
