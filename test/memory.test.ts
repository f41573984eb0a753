// Nothing leaks: memory is flat over many gradient steps, after throws wherever they happen, in
// scopes sync and async; and what is freed cannot be used.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { checkpoint, customGradient, grad, hvp, jvp, valueAndGrad, vjp } from "../src/grad/index";
import { add, matmul, mse, mul, reshape, square, sub, sum, tanh } from "../src/ops/index";
import { adam } from "../src/optim/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { ones } from "../src/tensor/fill";
import { type DefinedOp, defineOp } from "../src/tensor/op";
import { collectedTensors, dispose, keep, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { absentTests, findDevices } from "./devices";

type Params = { readonly w1: Tensor; readonly b1: Tensor; readonly w2: Tensor };

const { present, absent } = await findDevices(["reference", "wasm", "wasm relaxed"]);
const collect = (globalThis as { gc?: () => void }).gc;

const net = ({ w1, b1, w2 }: Params, x: Tensor) => matmul(tanh(add(matmul(x, w1), b1)), w2);

const start = (): Params => ({
  w1: tensor([[0.5, -0.25, 1]]),
  b1: tensor([0, 0.5, -0.5]),
  w2: tensor([[1], [0.5], [-1]]),
});

/** An op whose forward or backward pass throws where it is told to. */
function faulty(where: "forward" | "kernel" | "backward" | "never"): (x: Tensor) => Tensor {
  const op: DefinedOp<undefined> = defineOp({
    name: "faulty",
    shape: ([x]) => {
      if (where === "forward") throw new Error("planted: shape");
      return x;
    },
    run: (calls, [x], y) => {
      calls.temporary(7, "float32");
      if (where === "kernel") throw new Error("planted: kernel");
      calls.run("map1", [calls.solid(x)], [y.storage], [0, x.size, 1, x.size]);
    },
    vjp: (g) => [
      () => {
        const made = mul(g, 2);
        if (where === "backward") throw new Error("planted: thunk");
        return made;
      },
    ],
  });
  return (x) => op([x]);
}

/** Lets the collector run, and then the finalizers, which wait for the event loop. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    collect?.();
    await new Promise((done) => setTimeout(done, 5));
  }
}

async function heapUsed(): Promise<number> {
  await settle();
  return process.memoryUsage().heapUsed;
}

for (const { name, device } of present) {
  /** Runs `f`, and fails if the number of blocks alive has changed. */
  const flat = async (f: () => unknown) => {
    const before = device.memory();
    await f();
    expect(device.memory().tensors).toBe(before.tensors);
    expect(device.memory().bytes).toBe(before.bytes);
  };

  describe(`${name}: memory over many steps`, () => {
    beforeAll(() => setDevice(device));

    test("is flat over 10,000 eager gradient steps, and so is the JS heap", async () => {
      const x = tensor([[0.1], [0.7], [-0.4], [1.2]]);
      const y = tensor([[1], [0], [0.5], [-1]]);
      const step = valueAndGrad((p: Params) => mse(net(p, x), y));
      let params = start();
      const train = (count: number) => {
        for (let i = 0; i < count; i++) {
          const next = scope(() => {
            const [, g] = step(params);
            const moved = (p: Tensor, d: Tensor) => sub(p, mul(d, 0.01));
            return {
              w1: moved(params.w1, g.w1),
              b1: moved(params.b1, g.b1),
              w2: moved(params.w2, g.w2),
            };
          });
          dispose(params);
          params = next;
        }
      };
      const loss = () => scope(() => mse(net(params, x), y).item());
      const first = await loss();
      train(500); // until the engine's own caches and V8's code are there
      device.resetPeak();
      const [tensors, saved] = [device.memory().tensors, collectedTensors()];
      const heap = await heapUsed();
      train(5000);
      const [half, middle] = [device.memory(), await heapUsed()];
      train(5000);
      expect(device.memory().tensors).toBe(tensors);
      expect(device.memory()).toEqual(half);
      expect(collectedTensors()).toBe(saved);
      expect(await loss()).toBeLessThan(first);
      // A leak of one tensor a step would be 1 MB or more in 5,000 steps.
      const grown = (await heapUsed()) - Math.max(heap, middle);
      if (collect !== undefined) expect(grown).toBeLessThan(300e3);
      dispose([x, y, params]);
    });

    test("is flat over second-order steps, an optimizer and compiled steps", async () => {
      const x = tensor([[0.1], [0.7]]);
      const y = tensor([[1], [0]]);
      const loss = (p: Params) => mse(net(p, x), y);
      const adapted = (p: Params) => {
        const g = grad(loss)(p);
        return loss({ ...p, w1: sub(p.w1, mul(g.w1, 0.1)) });
      };
      const optimizer = adam({ lr: 0.01 });
      const eager = (p: Params, s: ReturnType<typeof optimizer.init>) =>
        scope(() => optimizer.update(grad(adapted)(p), s, p));
      const compiled = compile(eager);
      for (const update of [eager, compiled]) {
        let state = [start(), optimizer.init(start())] as ReturnType<typeof eager>;
        const counts: number[] = [];
        for (let i = 0; i < 60; i++) {
          const next = update(...state);
          dispose(state, next);
          state = next;
          counts.push(device.memory().tensors);
        }
        expect(new Set(counts.slice(2)).size).toBe(1);
        dispose(state);
      }
      compiled.dispose();
      dispose([x, y]);
    });

    test("library calls free all that they do not return", async () => {
      const x = tensor([1, 2]);
      const f = (a: Tensor) => sum(mul(square(a), tanh(a)));
      const held = [
        () => [grad(f)(x)],
        () => valueAndGrad(f)(x),
        () => [hvp(f, x, x)],
        () => jvp(f, [x], [x]),
        () => [grad(checkpoint(f))(x)],
      ];
      for (const call of held) {
        await flat(() => {
          const before = device.memory().tensors;
          const made = call();
          expect(device.memory().tensors - before).toBe(made.length);
          dispose(made);
        });
      }
      await flat(() =>
        scope(() => {
          const [, pull] = vjp(f, x);
          pull(ones([]));
        }),
      );
      x.dispose();
    });
  });

  describe(`${name}: memory after throws`, () => {
    beforeAll(() => setDevice(device));

    test.each(["forward", "kernel", "backward"] as const)(
      "an op that throws in %s",
      async (where) => {
        const x = tensor([1, 2, 3]);
        const bad = faulty(where);
        const f = (a: Tensor) => sum(mul(bad(tanh(a)), square(a)));
        const calls: (() => unknown)[] = [
          () => grad(f)(x),
          () => grad((a: Tensor) => sum(mul(grad(f)(a), a)))(x),
          () => hvp(f, x, x),
          () => grad(checkpoint(f))(x),
          () => scope(() => grad(f)(x)),
          () => scope(() => mul(vjp(f, x)[1](ones([]))[0], x)),
          () => compile((a: Tensor) => grad(f)(a))(x),
        ];
        if (where !== "backward") calls.push(() => scope(() => f(x)));
        for (const call of calls) await flat(() => expect(call).toThrow(/^planted/));
        // The control: the same calls with an op that does not throw.
        const fine = faulty("never");
        const g = (a: Tensor) => sum(mul(fine(tanh(a)), square(a)));
        await flat(() => dispose([grad(g)(x), hvp(g, x, x)]));
        x.dispose();
      },
    );

    test("a user's function that throws at any depth", async () => {
      const x = tensor([1, 2]);
      const inner = (a: Tensor): Tensor => {
        square(a);
        throw new Error("planted: user");
      };
      const outer = (a: Tensor) => sum(mul(grad(inner)(tanh(a)), a));
      const late = (a: Tensor) => {
        grad((b: Tensor) => sum(square(b)))(a);
        return inner(a);
      };
      for (const f of [inner, outer, late]) {
        const calls: (() => unknown)[] = [
          () => grad(f)(x),
          () => valueAndGrad(f)(x),
          () => jvp(f, [x], [x]),
          () => hvp(f, x, x),
          () => vjp(f, x),
          () => scope(() => checkpoint(f)(x)),
          () => scope(() => f(x)),
          () => compile(f)(x),
        ];
        for (const call of calls) {
          await flat(() => expect(call).toThrow("planted: user"));
        }
      }
      x.dispose();
    });

    test("a custom gradient that throws, or gives too few", async () => {
      const x = tensor(2);
      const bad = customGradient({
        forward: (a: Tensor) => square(a),
        vjp: (g) => {
          mul(g, 3);
          throw new Error("planted: vjp");
        },
      });
      await flat(() => expect(() => grad(bad)(x)).toThrow("planted: vjp"));
      const few = customGradient({ forward: (a: Tensor) => square(a), vjp: () => [] });
      await flat(() => expect(() => grad(few)(x)).toThrow("customGradient: vjp gave 0 gradients"));
      x.dispose();
    });

    test("a shape that does not fit, found in the middle", async () => {
      const x = tensor([1, 2]);
      const f = (a: Tensor) => sum(add(square(a), ones([3])));
      await flat(() => expect(() => grad(f)(x)).toThrow("add: shapes do not broadcast"));
      await flat(() => expect(() => scope(() => f(x))).toThrow("add: shapes do not broadcast"));
      await flat(() => expect(() => grad(tanh)(x)).toThrow("grad: the function must return one"));
      x.dispose();
    });

    test("recording is as before: the next gradient is right", async () => {
      const x = tensor(3);
      expect(() => grad(faulty("backward"))(x)).toThrow("planted");
      const g = grad(grad((a: Tensor) => mul(a, square(a))))(x);
      expect(await g.item()).toBeCloseTo(18, 5);
      dispose([x, g]);
    });
  });

  describe(`${name}: scopes`, () => {
    beforeAll(() => setDevice(device));

    test("free all but what is returned, in any tree", async () => {
      await flat(() => {
        const { a, list } = scope(() => {
          const x = tensor([1, 2]);
          return { a: square(x), list: [mul(x, 2), { n: 3, none: null }] as const };
        });
        expect(a.shape).toEqual([2]);
        expect(list[1].n).toBe(3);
        dispose([a, list[0]]);
      });
    });

    test("pass what an inner one returns to the outer one", async () => {
      await flat(() => scope(() => void square(scope(() => tensor([1, 2])))));
    });

    test("async: stay open until the promise settles", async () => {
      await flat(async () => {
        const y = await scope(async () => {
          const x = tensor([1, 2]);
          await Promise.resolve();
          const z = square(x);
          expect(await z.array()).toEqual([1, 4]);
          return mul(z, 2);
        });
        expect(await y.array()).toEqual([2, 8]);
        y.dispose();
      });
    });

    test("async: free all when the promise rejects", async () => {
      await flat(async () => {
        const failing = scope(async () => {
          square(tensor([1, 2]));
          await Promise.resolve();
          tensor([3]);
          throw new Error("planted: later");
        });
        await expect(failing).rejects.toThrow("planted: later");
      });
    });

    test("keep takes a tensor out of every scope", async () => {
      await flat(async () => {
        let kept: Tensor | undefined;
        scope(() =>
          scope(() => {
            kept = keep(square(tensor([3])));
          }),
        );
        expect(await kept!.item()).toBe(9);
        kept!.dispose();
      });
    });

    test("a view keeps the memory of what it looks at", async () => {
      await flat(async () => {
        const y = scope(() => reshape(tensor([1, 2, 3, 4]), [2, 2]));
        expect(await y.array()).toEqual([
          [1, 2],
          [3, 4],
        ]);
        y.dispose();
      });
    });

    test("using disposes at the end of the block, and dispose is idempotent", async () => {
      const dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");
      await flat(() => {
        const x = tensor([1]);
        (x as unknown as Record<symbol, () => void>)[dispose]();
        expect(() => square(x)).toThrow("square: this tensor was freed by dispose()");
        x.dispose();
        x.dispose();
      });
      await flat(() => {
        using x = tensor([1, 2]);
        expect(x.size).toBe(2);
      });
    });

    test("what is freed cannot be used, and says how it was freed", async () => {
      const x = tensor([1]);
      let inner: Tensor | undefined;
      scope(() => {
        inner = square(x);
      });
      expect(() => add(x, inner!)).toThrow("add: this tensor was freed when its scope ended.");
      await expect(inner!.data()).rejects.toThrow("data: this tensor was freed when its scope");
      x.dispose();
      await expect(x.item()).rejects.toThrow("data: this tensor was freed by dispose()");
      await expect(x.array()).rejects.toThrow("freed by dispose()");
      expect(() => grad((a: Tensor) => sum(a))(x)).toThrow("freed by dispose()");
    });

    test("values made of one number take no memory of their own", async () => {
      await flat(() => dispose([ones([1000, 1000]), ones([3])]));
      const before = device.memory().bytes;
      const x = ones([1000, 1000]);
      expect(device.memory().bytes).toBe(before);
      x.dispose();
    });
  });

  test.skipIf(collect === undefined)(`${name}: the finalizer frees and counts`, async () => {
    setDevice(device);
    await settle();
    const [before, counted] = [device.memory().tensors, collectedTensors()];
    for (let i = 0; i < 20; i++) tensor([i, i]);
    expect(device.memory().tensors).toBe(before + 20);
    for (let i = 0; i < 20 && device.memory().tensors > before; i++) await settle();
    expect(device.memory().tensors).toBe(before);
    expect(collectedTensors() - counted).toBe(20);
  });

  afterAll(() => device.dispose());
}

absentTests(absent);

test("memory() counts blocks and bytes, and their peak", async () => {
  const device = referenceDevice();
  setDevice(device);
  const a = tensor([1, 2, 3]);
  const b = tensor([1]);
  expect(device.memory()).toEqual({ tensors: 2, bytes: 16, peakBytes: 16 });
  a.dispose();
  expect(device.memory()).toEqual({ tensors: 1, bytes: 4, peakBytes: 16 });
  b.dispose();
  expect(device.memory()).toEqual({ tensors: 0, bytes: 0, peakBytes: 16 });
  device.dispose();
});
