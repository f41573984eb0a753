// Derivatives inside derivatives, in every order of nesting: exact second derivatives, perturbation
// confusion, every kind of derivative inside every other, MAML by hand.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import {
  checkpoint,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  stopGradient,
  valueAndGrad,
  vjp,
} from "../src/grad/index";
import {
  add,
  binaryCrossEntropy,
  crossEntropy,
  exp,
  mse,
  mul,
  pow,
  sigmoid,
  sin,
  softmax,
  softplus,
  square,
  sub,
  sum,
  tanh,
} from "../src/ops/index";
import { tensor } from "../src/tensor/create";
import { ones } from "../src/tensor/fill";
import type { Tensor } from "../src/tensor/tensor";
import { absentTests, findDevices } from "./devices";
import { expectNear } from "./near";

type Scalar = (x: Tensor) => Tensor;

const { present, absent } = await findDevices(["reference", "wasm", "wasm relaxed"]);

for (const { name, device } of present) {
  const near = (got: Tensor, want: number | number[]) => expectNear(name, got, want);

  describe(`${name}: second derivatives that others get wrong`, () => {
    beforeAll(() => setDevice(device));
    const at = 0.7;
    const e = Math.exp(at);
    const s = 1 / (1 + Math.exp(-at));
    const t = Math.tanh(at);

    test.each<[string, Scalar, number]>([
      ["exp(x)²", (x) => square(exp(x)), 4 * Math.exp(2 * at)],
      ["x·exp(x)", (x) => mul(x, exp(x)), (at + 2) * e],
      ["sigmoid cross-entropy, label 1", (x) => binaryCrossEntropy(x, ones([])), s * (1 - s)],
      ["tanh", tanh, -2 * t * (1 - t * t)],
      ["tanh(x)³", (x) => pow(tanh(x), 3), 3 * (1 - t * t) * (2 * t * (1 - t * t) - 2 * t ** 3)],
      ["sigmoid", sigmoid, s * (1 - s) * (1 - 2 * s)],
      ["softplus", softplus, s * (1 - s)],
      ["x·sigmoid(x)", (x) => mul(x, sigmoid(x)), s * (1 - s) * (2 + at * (1 - 2 * s))],
    ])("%s", async (_, f, want) => {
      const x = tensor(at);
      await near(grad(grad(f))(x), want);
      await near(hvp(f, x, tensor(1)), want);
      await near(hessian(f)(x), want);
    });

    test("softmax cross-entropy: the Hessian is diag(p) − p pᵀ", async () => {
      const x = tensor([0.5, -1, 2]);
      const label = tensor(new Int32Array([2]), []);
      const loss: Scalar = (z) => crossEntropy(z, label);
      const powers = [0.5, -1, 2].map(Math.exp);
      const p = powers.map((v) => v / powers.reduce((a, b) => a + b));
      const want = p.flatMap((v, i) => p.map((w, j) => (i === j ? v : 0) - v * w));
      await near(hessian(loss)(x), want);
      await near(jacobian(softmax)(x), want);
      const fused = grad((z: Tensor) => sum(square(grad(loss)(z))))(x);
      const g = p.map((v, i) => v - (i === 2 ? 1 : 0));
      await near(
        fused,
        p.map((v, i) => 2 * v * (g[i] - g.reduce((a, w, j) => a + w * p[j], 0))),
      );
    });

    test("the third derivative of mean squared error is 0, and does not throw", async () => {
      const f: Scalar = (x) => mse(x, ones([2]));
      const third = grad((x: Tensor) => sum(grad((y: Tensor) => sum(grad(f)(y)))(x)));
      await near(third(tensor([0.5, 2])), [0, 0]);
    });
  });

  describe(`${name}: nesting`, () => {
    beforeAll(() => setDevice(device));

    test("grad of grad of grad of grad of sin is sin", async () => {
      const x = tensor(0.7);
      await near(grad(grad(grad(grad(sin))))(x), Math.sin(0.7));
    });

    test("perturbations are not confused", async () => {
      // d/dx (x · d/dy (x + y)) = 1, and 2 where the levels are mixed up
      const inner = (x: Tensor) => mul(x, grad((y: Tensor) => add(x, y))(tensor(1)));
      await near(grad(inner)(tensor(1)), 1);
      const pushed = (x: Tensor) =>
        mul(x, jvp((y: Tensor) => add(x, y), [tensor(1)], [tensor(1)])[1]);
      await near(grad(pushed)(tensor(1)), 1);
      await near(jvp(pushed, [tensor(1)], [tensor(1)])[1], 1);
      await near(jvp(inner, [tensor(1)], [tensor(1)])[1], 1);
    });

    test("an inner gradient by a tensor of the outer one", async () => {
      // d/dx (d/dx x³)(x) = 6x; d/dx of (d/dy x y²)(x) = d/dx 2x² = 4x
      const cube = (x: Tensor) => grad((y: Tensor) => pow(y, 3))(x);
      await near(grad(cube)(tensor(0.5)), 3);
      const mixed = (x: Tensor) => grad((y: Tensor) => mul(x, square(y)))(x);
      await near(grad(mixed)(tensor(0.5)), 2);
    });

    test.each<[string, (f: Scalar) => Scalar]>([
      ["grad", (f) => grad(f)],
      ["valueAndGrad", (f) => (x) => valueAndGrad(f)(x)[1]],
      ["vjp", (f) => (x) => vjp(f, x)[1](ones([]))[0]],
      ["jvp", (f) => (x) => jvp(f, [x], [ones([])])[1]],
      ["jacobian", (f) => (x) => jacobian(f)(x)],
      ["grad of a checkpoint", (f) => (x) => grad(checkpoint(f))(x)],
      ["a checkpoint of grad", (f) => checkpoint(grad(f))],
      ["jvp of a checkpoint", (f) => (x) => jvp(checkpoint(f), [x], [ones([])])[1]],
    ])("%s inside and outside of each of the others", async (_, outer) => {
      const all: ((f: Scalar) => Scalar)[] = [
        (f) => grad(f),
        (f) => (x) => valueAndGrad(f)(x)[1],
        (f) => (x) => vjp(f, x)[1](ones([]))[0],
        (f) => (x) => jvp(f, [x], [ones([])])[1],
        (f) => (x) => jacobian(f)(x),
        (f) => checkpoint(grad(f)),
        (f) => grad(checkpoint(f)),
      ];
      const f: Scalar = (x) => mul(sin(x), exp(x)); // its second derivative is 2 cos(x) eˣ
      const [a, c] = [Math.cos(0.3) * Math.exp(0.3), Math.sin(0.3) * Math.exp(0.3)];
      for (const inner of all) {
        await near(outer(inner(f))(tensor(0.3)), 2 * a);
        await near(outer(inner(grad(f)))(tensor(0.3)), 2 * (a - c));
      }
    });

    test("hvp of a gradient's norm; a gradient of an hvp", async () => {
      const f: Scalar = (x) => sum(pow(x, 3));
      const x = tensor([1, 2]);
      const v = tensor([0.5, -1]);
      // |∇f|² = Σ 9x⁴, its Hessian diag(108 x²); vᵀ H v = Σ 6 x v², its gradient 6 v²
      await near(
        hvp((y: Tensor) => sum(square(grad(f)(y))), x, v),
        [54, -432],
      );
      await near(grad((y: Tensor) => sum(mul(hvp(f, y, v), v)))(x), [1.5, 6]);
    });

    test("a gradient's graph ends at its own leaves", async () => {
      const x = tensor(2);
      const y = grad((a: Tensor) => {
        const kept = grad((b: Tensor) => mul(b, mul(b, a)))(a); // 2 a²
        return mul(kept, a); // 2 a³
      })(x);
      await near(y, 24);
    });

    test("order 2 of MAML differs from order 1 and is exact", async () => {
      // loss(p) = p⁴; after p − 0.1 · 4p³ the derivative of the query loss by p is
      // 4 q³ (1 − 1.2 p²) at order 2, and 4 q³ at order 1
      const loss: Scalar = (p) => pow(p, 4);
      const step = (order: 1 | 2) => (p: Tensor) => {
        const g = grad(loss)(p);
        return loss(sub(p, mul(order === 1 ? stopGradient(g) : g, 0.1)));
      };
      const q = 0.5 - 0.1 * 4 * 0.125;
      await near(grad(step(2))(tensor(0.5)), 4 * q ** 3 * (1 - 1.2 * 0.25));
      await near(grad(step(1))(tensor(0.5)), 4 * q ** 3);
    });
  });

  afterAll(() => device.dispose());
}

absentTests(absent);

test("devices are there", () => expect(present.length).toBeGreaterThan(1));
