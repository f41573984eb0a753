// vmap beside the table: what may be batched and how, compile, memory, and error texts.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { HypergradError, ShapeError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { grad, vmap } from "../src/grad/index";
import {
  add,
  conv2d,
  exp,
  gather,
  key,
  matmul,
  mean,
  mul,
  normal,
  sin,
  split,
  stack,
  sub,
  sum,
  tanh,
  transpose,
} from "../src/ops/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { zeros } from "../src/tensor/fill";
import { defineOp } from "../src/tensor/op";
import { dispose, scope } from "../src/tensor/scope";
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

    describe("what is batched", () => {
      test("axes other than the first are put in front", async () => {
        const x = numbers([2, 4, 3]);
        const got = vmap((v: Tensor) => exp(v), { inAxes: 1 })(x);
        await expectSame(got, exp(transpose(x, [1, 0, 2])));
        await expectSame(vmap((v: Tensor) => v, { inAxes: -1 })(x), transpose(x, [2, 0, 1]));
      });

      test("trees take one axis, or a tree of axes", async () => {
        const w = numbers([3, 2]);
        const p = { w, b: [numbers([2], 1), numbers([2, 3], 2)] };
        const f = (q: typeof p, s: Tensor) => ({
          out: add(add(mul(q.w, s), q.b[0]), q.b[1]),
          shared: q.b[0],
        });
        const inAxes = [{ w: 0, b: [null, 1] }, null];
        const got = vmap(f, { inAxes })(p, tensor(2));
        const row = stack([p.b[0], p.b[0], p.b[0]]);
        await expectSame(got, { out: add(add(mul(w, 2), row), transpose(p.b[1])), shared: row });
      });

      test("a result that no example changes is repeated", async () => {
        const y = vmap((_: Tensor) => tensor([1, 2]))(zeros([3]));
        expect(await y.array()).toEqual([
          [1, 2],
          [1, 2],
          [1, 2],
        ]);
      });

      test("one example, and none", async () => {
        await expectLoop((x) => matmul(x, x), numbers([1, 3, 3]));
        expect(vmap((x: Tensor) => sum(matmul(x, x)))(zeros([0, 3, 3])).shape).toEqual([0]);
      });

      test("every key draws its own numbers", async () => {
        const keys = split(key(3), 4);
        const f = (k: Tensor) => {
          const [a, b] = split(k);
          return [normal(a, [3]), normal(b, [2, 2])];
        };
        const want = keys.map(f);
        const got = vmap(f)(stack(keys));
        await expectSame(got, [stack(want.map(([a]) => a)), stack(want.map(([, b]) => b))]);
      });
    });

    describe("errors", () => {
      const thrown = (f: () => unknown) => {
        try {
          f();
        } catch (error) {
          return error;
        }
        return null;
      };
      const f = (a: { w: Tensor }, b: Tensor) => add(a.w, b);

      test("sizes differ", () => {
        const w = zeros([3, 2]);
        expect(vmap(f)({ w }, zeros([3])).shape).toEqual([3, 2]);
        expect(thrown(() => vmap(f, { inAxes: [1, 0] })({ w }, zeros([3])))).toEqual(
          new ShapeError(
            "vmap: sizes along the batch axes differ: arguments[0].w [3, 2] has 2 along axis 1, " +
              "arguments[1] [3] has 3 along axis 0. Give one size.",
          ),
        );
      });

      test("nothing is batched", () => {
        expect(thrown(() => vmap(f, { inAxes: null })({ w: zeros([2]) }, zeros([2])))).toEqual(
          new ShapeError(
            "vmap: nothing is batched: no argument has an axis of examples. Give one an axis in " +
              "inAxes.",
          ),
        );
      });

      test("an axis is out of range", () => {
        expect(thrown(() => vmap(exp, { inAxes: 1 })(zeros([2])))).toEqual(
          new ShapeError("vmap: axis out of range: axis is 1, rank is 1; use -1 to 0."),
        );
      });

      test("inAxes do not fit", () => {
        const inAxes = [{ v: 0 }, 0];
        expect(thrown(() => vmap(f, { inAxes })({ w: zeros([2]) }, zeros([2])))).toEqual(
          new ShapeError(
            'vmap: inAxes do not fit: at inAxes[0] stands {"v":0}. Give an axis, null, or a list ' +
              "or object with an entry for each of that argument.",
          ),
        );
      });

      test("an op without a rule", () => {
        const odd = defineOp({
          name: "odd",
          shape: ([x]) => x,
          run: (calls, [x], y) => calls.run("map1", [x.storage!], [y.storage], [0, y.size, 1, 1]),
        });
        expect(odd([zeros([2])]).shape).toEqual([2]);
        expect(thrown(() => vmap((x: Tensor) => odd([x]))(zeros([2])))).toEqual(
          new HypergradError("vmap: no batching rule: odd. Add `batch` to its record."),
        );
      });

      test("a value is read inside", async () => {
        const reads: Promise<number>[] = [];
        vmap((x: Tensor) => {
          reads.push(x.item());
          return x;
        })(zeros([2]));
        await expect(reads[0]).rejects.toThrow(
          "data: a value was read inside vmap: tensor [] has a shape there and no data yet. " +
            "Return it from the function and read it outside.",
        );
      });

      test("the function is async", () => {
        const later = (async (x: Tensor) => x) as unknown as (x: Tensor) => Tensor;
        expect(() => vmap(later)(zeros([2]))).toThrow("vmap: the function returned a promise.");
      });
    });

    describe("with compile", () => {
      const f = (w: Tensor, x: Tensor) => {
        const loss = (w: Tensor) => mean(tanh(matmul(x, w)));
        return loss(sub(w, mul(grad(loss)(w), 0.5)));
      };
      const g = (w: Tensor, x: Tensor) =>
        grad((w: Tensor) => mean(vmap(f, { inAxes: [null, 0] })(w, x)))(w);

      test("around, inside, and on both sides", async () => {
        const [w, x] = [numbers([3, 2], 1), numbers([4, 5, 3])];
        const want = g(w, x);
        const around = compile(g);
        await expectSame(around(w, x), want);
        await expectSame(around(w, x), want);
        const one = compile(grad(f));
        const many = vmap((x: Tensor) => one(w, x));
        await expectSame(mean(many(x), { axis: 0 }), want);
        const both = compile((x: Tensor) => mean(many(x), { axis: 0 }));
        await expectSame(both(x), want);
        // One program of the same ops for any number of examples.
        const { nodes } = around.stats();
        dispose(around(w, numbers([7, 5, 3])));
        expect(around.stats().nodes).toBe(nodes);
        around.dispose();
        both.dispose();
      });
    });

    describe("memory", () => {
      test("nothing but the result stays, also after a throw", async () => {
        const [w, x] = [numbers([3, 3], 1), numbers([4, 2, 3])];
        const f = (w: Tensor, x: Tensor) => sum(tanh(matmul(x, w)));
        const before = device.memory().tensors;
        const slopes = vmap(grad(f), { inAxes: [null, 0] })(w, x);
        expect(device.memory().tensors).toBe(before + 1);
        const one = grad((w: Tensor) => sum(vmap(f, { inAxes: [null, 0] })(w, x)))(w);
        expect(device.memory().tensors).toBe(before + 2);
        dispose([slopes, one]);
        const fails = (x: Tensor) => {
          sum(exp(x));
          throw new Error("stop");
        };
        expect(() => vmap(fails)(x)).toThrow("stop");
        expect(() => vmap(grad(fails))(x)).toThrow("stop");
        expect(device.memory().tensors).toBe(before);
        dispose([w, x]);
      });

      test("scopes and dispose() inside free what they would outside", async () => {
        const x = numbers([4, 3]);
        const before = device.memory().tensors;
        const y = vmap((x: Tensor) => {
          const at = device.memory().tensors;
          const t = scope(() => exp(sin(x)));
          expect(device.memory().tensors).toBe(at + 1);
          const u = tanh(t);
          t.dispose();
          expect(device.memory().tensors).toBe(at + 1);
          return u;
        })(x);
        expect(device.memory().tensors).toBe(before + 1);
        await expectSame(y, tanh(exp(sin(x))));
      });

      test("shared weights are not copied for each example", () => {
        const [w, x] = [numbers([16, 16], 1), numbers([8, 1, 16])];
        const before = device.memory().bytes;
        device.resetPeak();
        const loss = (w: Tensor, x: Tensor) => sum(matmul(x, w));
        const slopes = vmap(grad(loss), { inAxes: [null, 0] })(w, x);
        const result = device.memory().bytes - before;
        expect(device.memory().peakBytes - before).toBeLessThan(1.5 * result);
        dispose([slopes, w, x]);
      });
    });

    test("convolutions with a kernel of each example", async () => {
      const [x, w] = [numbers([3, 2, 5, 5, 2]), numbers([3, 3, 3, 2, 4], 1)];
      const f = (x: Tensor, w: Tensor) => conv2d(x, w, { stride: 2, padding: 1 });
      const want = stack([0, 1, 2].map((i) => f(example(x, i), example(w, i))));
      await expectSame(vmap(f)(x, w), want);
    });

    test("indices of each example into rows of its own", async () => {
      const [x, at] = [
        numbers([3, 4, 2]),
        tensor(
          [
            [0, 3],
            [1, 1],
            [2, 0],
          ],
          [3, 2],
          "int32",
        ),
      ];
      const want = stack([0, 1, 2].map((i) => gather(example(x, i), example(at, i))));
      await expectSame(vmap((x: Tensor, at: Tensor) => gather(x, at))(x, at), want);
    });
  });
}
