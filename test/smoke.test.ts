// A first use of the engine: nested gradients, a small net that is checked, a compiled step.

import { expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { checkGrads } from "../src/grad/check";
import { checkpoint } from "../src/grad/custom";
import { grad, valueAndGrad } from "../src/grad/grad";
import { hvp } from "../src/grad/jvp";
import { add, mul, pow, sub } from "../src/ops/arithmetic";
import { exp, sin, tanh } from "../src/ops/math";
import { matmul } from "../src/ops/matmul";
import { mean, sum } from "../src/ops/reduce";
import { tensor } from "../src/tensor/create";
import type { Tensor } from "../src/tensor/tensor";

const d = referenceDevice();
setDevice(d);

test("nested", async () => {
  const x = tensor(0.7);
  const f = (x: Tensor) => mul(exp(x), exp(x));
  expect(await grad(grad(f))(x).item()).toBeCloseTo(16.2208, 4);
  expect(await grad(grad(grad(sin)))(x).item()).toBeCloseTo(-Math.cos(0.7), 8);
  const conf = grad((x: Tensor) => mul(x, grad((y: Tensor) => add(x, y))(tensor(1))));
  expect(await conf(tensor(1)).item()).toBe(1);
  expect(await hvp((x: Tensor) => pow(x, 3), x, tensor(1)).item()).toBeCloseTo(4.2, 8);
  expect(
    await grad(grad((x: Tensor) => checkpoint((y: Tensor) => mul(mul(y, y), x))(x)))(x).item(),
  ).toBeCloseTo(4.2, 8);
  const g2 = grad((p: Tensor) =>
    checkpoint(() => {
      const g = grad((q: Tensor) => mul(q, mul(q, q)))(p);
      return sub(p, mul(g, 0.1));
    })(),
  )(x);
  expect(await g2.item()).toBeCloseTo(1 - 0.1 * 6 * 0.7, 8);
});

test("mlp check", async () => {
  const x = tensor([
    [0.1, 0.5, -0.3],
    [0.2, -0.9, 0.4],
  ]);
  const w = tensor([
    [0.3, -0.1],
    [0.7, 0.2],
    [-0.4, 0.6],
  ]);
  const b = tensor([0.1, -0.2]);
  const before = d.memory();
  const r = await checkGrads((w: Tensor, b: Tensor) => mean(tanh(add(matmul(x, w), b))), [w, b], {
    order: 3,
  });
  console.log(r);
  expect(d.memory().tensors).toBe(before.tensors);
  const g = valueAndGrad((p: { w: Tensor; b: Tensor }) => sum(tanh(add(matmul(x, p.w), p.b))));
  const [v, gr] = g({ w, b });
  expect(gr.w.shape).toEqual([3, 2]);
  expect(d.memory().tensors).toBe(before.tensors + 3);
  console.log(await v.item(), await gr.b.array());
});

import { compile } from "../src/program/compile";

test("compile", async () => {
  const x = tensor([
    [0.1, 0.5, -0.3],
    [0.2, -0.9, 0.4],
  ]);
  const w = tensor([
    [0.3, -0.1],
    [0.7, 0.2],
    [-0.4, 0.6],
  ]);
  const f = (w: Tensor, x: Tensor) => {
    const loss = (w: Tensor) => mean(tanh(matmul(x, w)));
    return grad((w: Tensor) => loss(sub(w, mul(grad(loss)(w), 0.5))))(w);
  };
  const step = compile(f);
  expect(await step(w, x).array()).toEqual(await f(w, x).array());
  expect(await step(x.constructor === w.constructor ? w : w, x).array()).toEqual(
    await f(w, x).array(),
  );
  console.log(step.stats());
});
