// What a gradient depends on and what it looks like: unreached inputs, steps, kinks, tensors closed
// over, trees, aux values, custom gradients, checkpoints, scopes.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import {
  checkpoint,
  customGradient,
  grad,
  hvp,
  jvp,
  stopGradient,
  valueAndGrad,
  vjp,
  vmap,
} from "../src/grad/index";
import {
  add,
  argmax,
  cast,
  conv2d,
  cos,
  crossEntropy,
  div,
  exp,
  greater,
  log,
  matmul,
  max,
  maxPool2d,
  mean,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  round,
  sin,
  square,
  sub,
  sum,
  tanh,
  where,
} from "../src/ops/index";
import { tensor } from "../src/tensor/create";
import { ones, zeros } from "../src/tensor/fill";
import { dispose, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { absentTests, findDevices } from "./devices";
import { expectNear, rateOf } from "./near";

type Scalar = (x: Tensor) => Tensor;

const { present, absent } = await findDevices(["reference", "wasm", "wasm relaxed"]);

for (const { name, device } of present) {
  const near = (got: Tensor, want: number | number[]) => expectNear(name, got, want);

  describe(`${name}: what a gradient depends on`, () => {
    beforeAll(() => setDevice(device));

    test("an input that is not reached gets zeros of its shape", async () => {
      const g = grad(({ a }: { a: Tensor; b: Tensor }) => sum(a))({
        a: ones([2]),
        b: ones([3, 1]),
      });
      expect(await g.b.array()).toEqual([[0], [0], [0]]);
      await near(grad((_: Tensor) => mul(tensor(3), 2))(tensor(1)), 0);
      await near(grad(grad((x: Tensor) => mul(x, 2)))(tensor(1)), 0);
      const [, pull] = vjp((a: Tensor, _b: Tensor) => a, ones([2]), ones([2]));
      expect(await pull(ones([2]))[1].array()).toEqual([0, 0]);
    });

    test("steps have zero gradient and do not throw at any order", async () => {
      const x = tensor([0.4, 1.6]);
      const f: Scalar = (a) =>
        sum(mul(add(round(a), cast(greater(a, 1), "float32")), oneHot(argmax(a), 2)));
      await near(grad(f)(x), [0, 0]);
      await near(hvp(f, x, ones([2])), [0, 0]);
    });

    test("tensors closed over are constants, those of an outer gradient are not", async () => {
      const w = tensor(3);
      const g = grad((x: Tensor) => mul(w, mul(x, x)));
      await near(g(tensor(2)), 12);
      const outer = grad((v: Tensor) => grad((x: Tensor) => mul(v, mul(x, x)))(tensor(2)));
      await near(outer(w), 4);
    });

    test("stopGradient cuts inside and outside", async () => {
      const f: Scalar = (x) => mul(stopGradient(square(x)), x);
      await near(grad(f)(tensor(3)), 9);
      await near(grad(grad(f))(tensor(3)), 0);
      const trees = grad(({ a, b }: { a: Tensor; b: Tensor }) => {
        const held = stopGradient({ a });
        return mul(held.a, b);
      })({ a: tensor(2), b: tensor(5) });
      await near(trees.a, 0);
      await near(trees.b, 2);
    });

    test("one tensor used twice, and as two arguments", async () => {
      const x = tensor(3);
      await near(grad((a: Tensor) => mul(a, a))(x), 6);
      const [, pull] = vjp((a: Tensor, b: Tensor) => mul(a, b), x, x);
      const [ga, gb] = pull(ones([]));
      await near(ga, 3);
      await near(gb, 3);
      const both = grad(([a, b]: [Tensor, Tensor]) => mul(square(a), b))([x, x]);
      await near(both[0], 18);
      await near(both[1], 9);
    });

    test("a function that returns its argument, or a view of it", async () => {
      await near(grad((x: Tensor) => x)(tensor(3)), 1);
      await near(grad((x: Tensor) => reshape(x, []))(tensor([3])), [1]);
      await near(grad((x: Tensor) => max(x))(tensor([1, 3, 2])), [0, 1, 0]);
    });

    test("where keeps infinities of the side not chosen out of all orders", async () => {
      const safe: Scalar = (x) => {
        const positive = greater(x, 0);
        return sum(where(positive, log(where(positive, x, 1)), 0));
      };
      const x = tensor([0, 2]);
      await near(grad(safe)(x), [0, 0.5]);
      await near(hvp(safe, x, ones([2])), [0, -0.25]);
    });

    test("a kink has one derivative: 0 for relu at 0, the first of equals for max", async () => {
      await near(grad((x: Tensor) => sum(relu(x)))(tensor([-1, 0, 1])), [0, 0, 1]);
      await near(grad((x: Tensor) => max(x))(tensor([2, 2, 1])), [1, 0, 0]);
      const pooled = grad((x: Tensor) => sum(maxPool2d(reshape(x, [1, 2, 2, 1]), { size: 2 })));
      await near(pooled(tensor([1, 4, 4, 0])), [0, 1, 0, 0]);
    });
  });

  describe(`${name}: trees and custom gradients`, () => {
    beforeAll(() => setDevice(device));

    test("gradients have the form of the argument; further arguments are constants", async () => {
      type P = { layers: { w: Tensor; b: Tensor }[]; scale: Tensor };
      const params: P = {
        scale: tensor(2),
        layers: [
          { w: tensor([[1], [2]]), b: tensor([0.5]) },
          { w: tensor([[3]]), b: tensor([-1]) },
        ],
      };
      const f = (p: P, x: Tensor) => {
        const h = p.layers.reduce((y, { w, b }) => add(matmul(y, w), b), x);
        return mul(p.scale, sum(h));
      };
      const x = tensor([[1, 1]]);
      const [value, g] = valueAndGrad(f)(params, x);
      await near(value, 19); // 2 · ((1 + 2 + 0.5) · 3 − 1)
      await near(g.scale, 9.5);
      await near(g.layers[0].w, [6, 6]);
      await near(g.layers[1].w, [7]);
      await near(g.layers[1].b, [2]);
      expect(Object.keys(g).sort()).toEqual(["layers", "scale"]);
    });

    test("numbers in an argument become tensors", async () => {
      const g = grad(({ a, b }: { a: Tensor; b: Tensor }) => mul(a, b));
      const got = g({ a: 3 as unknown as Tensor, b: tensor(5) });
      await near(got.a, 5);
      await near(got.b, 3);
    });

    test("aux comes back beside the value, and is not differentiated", async () => {
      const f = (x: Tensor): [Tensor, { h: Tensor }] => {
        const h = square(x);
        return [sum(h), { h }];
      };
      const [[value, aux], g] = valueAndGrad(f, { aux: true })(tensor([1, 2]));
      await near(value, 5);
      await near(aux.h, [1, 4]);
      await near(g, [2, 4]);
      const outer = grad((x: Tensor) => {
        const [[, { h }], slope] = valueAndGrad(f, { aux: true })(x);
        return sum(mul(h, slope)); // Σ 2x³
      });
      await near(outer(tensor([1, 2])), [6, 24]);
    });

    test("customGradient is what it says at order 1, and is differentiated itself", async () => {
      const f = customGradient({
        forward: (x: Tensor) => mul(x, 10),
        vjp: (g, _y, [x]) => [mul(g, square(x))],
      });
      await near(grad(f)(tensor(3)), 9);
      await near(grad(grad(f))(tensor(3)), 6);
      await near(grad(grad((x: Tensor) => mul(f(x), x)))(tensor(3)), 2 * 9 + 3 * 6);
      const both = customGradient({
        forward: (a: Tensor, b: Tensor) => mul(a, b),
        vjp: (g, y, [a]) => [mul(g, y), mul(g, neg(a))],
      });
      const [, pull] = vjp((a: Tensor, b: Tensor) => both(a, b), tensor(2), tensor(5));
      const [ga, gb] = pull(ones([]));
      await near(ga, 10);
      await near(gb, -2);
      await near(jvp(f, [tensor(3)], [tensor(2)])[1], 18);
    });

    test("a checkpoint closes over arguments of custom gradients and of checkpoints", async () => {
      const root = customGradient({
        forward: (y: Tensor) => sin(y),
        vjp: (g, _, [y]) => [mul(g, cos(y))],
      });
      for (const inner of [root, checkpoint((y: Tensor) => sin(y))]) {
        const f = (x: Tensor) => checkpoint(() => inner(x))();
        await near(grad(f)(tensor(0.7)), Math.cos(0.7));
        await near(grad(grad(f))(tensor(0.7)), -Math.sin(0.7));
        await near(jvp(f, [tensor(0.7)], [tensor(2)])[1], 2 * Math.cos(0.7));
        const each = vmap(f)(tensor([0.7, 0.2]));
        await near(each, [Math.sin(0.7), Math.sin(0.2)]);
        const batched = (x: Tensor) => sum(checkpoint(() => vmap((y: Tensor) => inner(y))(x))());
        await near(grad(batched)(tensor([0.7, 0.2])), [Math.cos(0.7), Math.cos(0.2)]);
      }
    });

    test("a checkpoint reads what scopes around it made, when it runs again", async () => {
      const data = tensor([
        [0, 2],
        [1, 4],
      ]);
      const p = tensor([1, 3]);
      const scoped = (q: Tensor) =>
        scope(() => {
          const twice = mul(data, 2);
          return sum(checkpoint((r: Tensor) => mul(square(r), twice))(q));
        });
      await near(grad(scoped)(p), [4, 72]);
      await near(hvp(scoped, p, ones([2])), [4, 24]);
      const batched = (q: Tensor) =>
        sum(vmap((x: Tensor) => checkpoint((r: Tensor) => mul(r, x))(q), { inAxes: 1 })(data));
      await near(grad(batched)(p), [2, 5]);
    });

    test("a checkpoint changes no gradient of any order, nor by what it closes over", async () => {
      const w = tensor([
        [0.5, -1],
        [0.25, 2],
      ]);
      const x = tensor([[1, 2]]);
      const plain = (p: Tensor) => {
        const layer = (y: Tensor) => tanh(matmul(y, p));
        return sum(layer(layer(x)));
      };
      const marked = (p: Tensor) => {
        const layer = checkpoint((y: Tensor) => tanh(matmul(y, p)));
        return sum(checkpoint(layer)(layer(x)));
      };
      const v = tensor([
        [1, 2],
        [-1, 0.5],
      ]);
      await near(grad(marked)(w), [...(await grad(plain)(w).data())]);
      await near(hvp(marked, w, v), [...(await hvp(plain, w, v).data())]);
      const third = (f: Scalar) => grad((p: Tensor) => sum(square(hvp(f, p, v))))(w);
      const want = [...(await third(plain).data())];
      const got = await third(marked).data();
      const largest = Math.max(...want.map(Math.abs));
      for (const [i, g] of got.entries()) {
        expect(Math.abs(g - want[i]) / largest).toBeLessThan(rateOf(name));
      }
    });

    test("a scope inside frees nothing that the gradient needs", async () => {
      const f: Scalar = (x) => {
        const y = scope(() => {
          const h = exp(x);
          return mul(h, square(sin(x)));
        });
        return scope(() => mul(y, x));
      };
      const plain: Scalar = (x) => mul(mul(exp(x), square(sin(x))), x);
      const x = tensor(0.7);
      await near(grad(f)(x), [...(await grad(plain)(x).data())]);
      await near(grad(grad(f))(x), [...(await grad(grad(plain))(x).data())]);
    });

    test("dispose inside frees nothing that the gradient needs", async () => {
      const f: Scalar = (x) => {
        const h = exp(x);
        const y = mul(h, h);
        h.dispose();
        return y;
      };
      await near(grad(f)(tensor(0.5)), 2 * Math.E);
      await near(grad(grad(f))(tensor(0.5)), 4 * Math.E);
    });

    test("a pullback can be called many times, after its inputs are gone too", async () => {
      const x = tensor([1, 2]);
      const [y, pull] = vjp((a: Tensor) => mul(a, square(a)), x);
      x.dispose();
      await near(pull(ones([2]))[0], [3, 12]);
      await near(pull(tensor([2, 0]))[0], [6, 0]);
      await near(y, [1, 8]);
    });

    test("conv, pool and a loss: the Hessian product is the difference of gradients", async () => {
      const x = reshape(
        tensor(Array.from({ length: 32 }, (_, i) => Math.sin(3 * i))),
        [2, 4, 4, 1],
      );
      const labels = tensor(new Int32Array([0, 1]), [2]);
      const loss: Scalar = (w) => {
        const h = maxPool2d(tanh(conv2d(x, reshape(w, [3, 3, 1, 2]), { padding: 1 })), { size: 2 });
        return crossEntropy(mean(h, { axis: [1, 2] }), labels);
      };
      const w = tensor(Array.from({ length: 18 }, (_, i) => Math.cos(2 * i)));
      const v = tensor(Array.from({ length: 18 }, (_, i) => Math.sin(i)));
      const step = name === "reference" ? 1e-4 : 1e-2;
      const ahead = grad(loss)(add(w, mul(v, step)));
      const behind = grad(loss)(sub(w, mul(v, step)));
      const want = await div(sub(ahead, behind), 2 * step).data();
      const got = await hvp(loss, w, v).data();
      // Truncation is step², and float32 differences have 1e-7 / step of rounding.
      const allowed = name === "reference" ? 1e-7 : 1e-3;
      for (const [i, h] of got.entries()) expect(Math.abs(h - want[i])).toBeLessThan(allowed);
    });

    test("a gradient of nothing: empty tensors and empty trees", async () => {
      const g = grad((x: Tensor) => sum(x))(zeros([0, 3]));
      expect(g.shape).toEqual([0, 3]);
      expect(grad((_: object) => tensor(1))({})).toEqual({});
      dispose(g);
    });
  });

  afterAll(() => device.dispose());
}

absentTests(absent);

test("devices are there", () => expect(present.length).toBeGreaterThan(1));
