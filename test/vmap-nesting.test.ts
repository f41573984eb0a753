// vmap nests with every derivative, both ways.

import { afterAll, beforeEach, describe, test } from "vitest";
import { setDevice } from "../src/device/current";
import {
  checkpoint,
  customGradient,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  stopGradient,
  valueAndGrad,
  vjp,
  vmap,
} from "../src/grad/index";
import { add, exp, matmul, mean, mul, sin, square, stack, sub, sum, tanh } from "../src/ops/index";
import { tensor } from "../src/tensor/create";
import { eye, ones } from "../src/tensor/fill";
import type { Tensor } from "../src/tensor/tensor";
import { example, loopOn, numbers, sameOn } from "./against-loop";
import { findDevices } from "./devices";

const { present } = await findDevices(["reference", "wasm"]);

for (const { name, device } of present) {
  const expectSame = sameOn(device);
  const expectLoop = loopOn(device);

  describe(name, () => {
    beforeEach(() => setDevice(device));
    afterAll(() => device.dispose());

    describe("with derivatives, both ways", () => {
      const w = () => numbers([3, 2], 5);
      const f = (x: Tensor) => sum(tanh(matmul(x, w())));
      const xs = () => numbers([4, 3]);

      test("gradients of each example by shared parameters", async () => {
        const p = { w: numbers([3, 2], 1), b: numbers([2], 2) };
        const [x, y] = [numbers([4, 3], 3), numbers([4, 2], 4)];
        const loss = (q: typeof p, x: Tensor, y: Tensor) =>
          mean(square(sub(tanh(add(matmul(x, q.w), q.b)), y)));
        const got = vmap(valueAndGrad(loss), { inAxes: [null, 0, 0] })(p, x, y);
        const each = [0, 1, 2, 3].map((i) => valueAndGrad(loss)(p, example(x, i), example(y, i)));
        await expectSame(got, [
          stack(each.map(([v]) => v)),
          { w: stack(each.map(([, g]) => g.w)), b: stack(each.map(([, g]) => g.b)) },
        ]);
        // Their mean is the gradient of the mean, which is taken through vmap.
        const through = grad((q: typeof p) => mean(vmap(loss, { inAxes: [null, 0, 0] })(q, x, y)))(
          p,
        );
        await expectSame(through.w, mean(got[1].w, { axis: 0 }));
      });

      test("grad of grad, hvp, jvp, vjp, jacobian, hessian inside", async () => {
        await expectLoop((x) => grad((y: Tensor) => sum(square(grad(f)(y))))(x), xs());
        await expectLoop((x) => hvp(f, x, numbers([3], 9)), xs());
        await expectLoop((x) => jvp((y: Tensor) => matmul(tanh(y), w()), [x], [sin(x)]), xs());
        await expectLoop((x) => {
          const [y, pull] = vjp((v: Tensor) => matmul(exp(v), w()), x);
          return [y, pull(y)[0], pull(ones([2]))[0]];
        }, xs());
        await expectLoop(
          jacobian((x) => matmul(tanh(x), w())),
          xs(),
        );
        await expectLoop(hessian(f), xs());
      });

      test("outside", async () => {
        const total = (x: Tensor) => sum(square(vmap(f)(x)));
        const loop = (x: Tensor) =>
          [0, 1, 2, 3].map((i) => square(f(example(x, i)))).reduce((a, b) => add(a, b));
        const v = numbers([4, 3], 8);
        await expectSame(grad(total)(xs()), grad(loop)(xs()));
        await expectSame(hvp(total, xs(), v), hvp(loop, xs(), v));
        await expectSame(jvp(total, [xs()], [v]), jvp(loop, [xs()], [v]));
        await expectSame(hessian(total)(xs()), hessian(loop)(xs()));
      });

      test("a pullback under vmap gives the rows of the jacobian", async () => {
        const g = (x: Tensor) => matmul(tanh(x), w());
        const x = numbers([3], 2);
        const [, pull] = vjp(g, x);
        await expectSame(vmap((u: Tensor) => pull(u)[0])(eye(2)), jacobian(g)(x));
        await expectLoop((x) => {
          const [, pull] = vjp(g, x);
          return vmap((u: Tensor) => pull(u)[0])(eye(2));
        }, xs());
      });

      test("a gradient inside sees through an outer one and an outer vmap", async () => {
        const inner = (a: Tensor, b: Tensor) =>
          vmap((x: Tensor) => grad((y: Tensor) => sum(mul(mul(y, y), mul(a, x))))(b))(xs());
        const loop = (a: Tensor, b: Tensor) =>
          stack([0, 1, 2, 3].map((i) => mul(mul(b, 2), mul(a, example(xs(), i)))));
        const [a, b] = [numbers([3], 1), numbers([3], 2)];
        const slope = (h: typeof inner) => grad((a: Tensor) => sum(sin(h(a, b))))(a);
        await expectSame(slope(inner), slope(loop));
        await expectLoop(
          (x) => vmap((y: Tensor) => grad((z: Tensor) => sum(sin(mul(z, y))))(x))(xs()),
          xs(),
        );
      });

      test("stopGradient", async () => {
        await expectLoop((x) => grad((y: Tensor) => sum(mul(stopGradient(y), y)))(x), xs());
      });
    });

    describe("with checkpoint and customGradient", () => {
      const cube = customGradient<[Tensor, Tensor]>({
        forward: (x, s) => mul(mul(x, mul(x, x)), s),
        // Twice the true gradient by x, so that a test sees it used.
        vjp: (g, _, [x, s]) => [mul(mul(g, 6), mul(mul(x, x), s)), sum(mul(g, mul(x, mul(x, x))))],
      });
      const c = () => numbers([3], 6);
      const f = (x: Tensor) => sum(checkpoint((y: Tensor) => sin(mul(y, mul(c(), x))))(x));
      const h = (x: Tensor) => sum(mul(cube(x, tensor(0.7)), c()));
      const xs = () => numbers([4, 3]);

      for (const [title, fn] of [
        ["checkpoint", f],
        ["customGradient", h],
      ] as const) {
        test(`${title} inside`, async () => {
          await expectLoop(grad(fn), xs());
          await expectLoop((x) => grad((y: Tensor) => sum(square(grad(fn)(y))))(x), xs());
          await expectLoop((x) => hvp(fn, x, c()), xs());
        });
        test(`${title} inside, the gradient outside`, async () => {
          const total = (x: Tensor) => sum(sin(vmap(fn)(x)));
          const loop = (x: Tensor) =>
            [0, 1, 2, 3].map((i) => sin(fn(example(x, i)))).reduce((a, b) => add(a, b));
          await expectSame(grad(total)(xs()), grad(loop)(xs()));
          const v = numbers([4, 3], 8);
          await expectSame(hvp(total, xs(), v), hvp(loop, xs(), v));
        });
        test(`${title} inside, pulled back under another vmap`, async () => {
          const [, pull] = vjp(vmap(fn), xs());
          const loop = [0, 1, 2, 3].map((i) => pull(example(eye(4), i))[0]);
          await expectSame(vmap((u: Tensor) => pull(u)[0])(eye(4)), stack(loop));
        });
      }

      test("a scalar shared by all examples gets the sum of their gradients", async () => {
        const g = (s: Tensor) => sum(vmap((x: Tensor) => sum(cube(x, s)))(xs()));
        await expectSame(grad(g)(tensor(0.7)), sum(mul(xs(), mul(xs(), xs()))));
      });

      test("checkpoint around vmap, with all that it closes over", async () => {
        const inner = (a: Tensor) => (x: Tensor) => sum(vmap((y: Tensor) => sin(mul(y, a)))(x));
        const plain = grad((a: Tensor) => square(inner(a)(xs())))(c());
        await expectSame(grad((a: Tensor) => square(checkpoint(inner(a))(xs())))(c()), plain);
        await expectSame(
          grad((a: Tensor) =>
            square(sum(vmap((y: Tensor) => checkpoint(() => sin(mul(y, a)))())(xs()))),
          )(c()),
          plain,
        );
      });

      test("a checkpoint in a checkpoint reaches what both close over", async () => {
        const twice = (a: Tensor) =>
          checkpoint((x: Tensor) => checkpoint((y: Tensor) => sum(mul(sin(y), a)))(mul(x, a)))(c());
        const plain = (a: Tensor) => sum(mul(sin(mul(c(), a)), a));
        const at = numbers([3], 3);
        await expectSame(grad(twice)(at), grad(plain)(at));
        await expectSame(hvp(twice, at, c()), hvp(plain, at, c()));
        const given = (a: Tensor) => sum(checkpoint(() => a)());
        await expectSame(grad(given)(at), ones([3]));
      });
    });
  });
}
