// Many compiled steps in one world, on tensors that they make for each other: arguments that are
// repeats, views or one tensor twice, results that are arguments, closures or one value twice,
// donated ones, scopes and failures between. All is as eager ops would have made it.

import { expect, test } from "vitest";
import { stream } from "../../src/core/random";
import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { referenceDevice } from "../../src/device/reference/device";
import { wasmDevice } from "../../src/device/wasm/device";
import { grad, stopGradient } from "../../src/grad/index";
import * as ops from "../../src/ops/index";
import { compile } from "../../src/program/compile";
import { tensor } from "../../src/tensor/create";
import { full } from "../../src/tensor/fill";
import { dispose, scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { leaves, mapTree, type Tree } from "../../src/tensor/tree";

type Rng = ReturnType<typeof stream>;

const pick = <T>(rng: Rng, list: readonly T[]): T => list[rng.integer(list.length)];
const { add, mul, reshape, sum } = ops;

const shapes = [[], [3], [0], [2, 3], [0, 2], [4], [1, 3], [2, 1, 3]];
const dtypes = ["float32", "float32", "int32", "bool"] as const;

/** The elements of any tensor, as many as a shape wants, as float32. */
function cut(x: Tensor, shape: readonly number[]): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  const flat = ops.cast(reshape(x, [x.size]), "float32");
  const some = x.size < n ? ops.pad(flat, [[0, n - x.size]]) : ops.slice(flat, [0], [n]);
  return reshape(some, shape);
}

const steps: ((x: Tensor, y: Tensor) => Tensor)[] = [
  (x, y) => add(cut(x, x.shape), cut(y, x.shape)),
  (x, y) => ops.tanh(ops.matmul(cut(x, [2, 3]), cut(y, [3, 2]))),
  (x, y) => ops.where(ops.less(cut(x, y.shape), 0.3), cut(y, y.shape), 1),
  (x) => ops.sin(mul(cut(x, x.shape), 2)),
  (x) => reshape(x, [1, x.size]),
  (x) => ops.expand(x, [2, ...x.shape]),
  (x) => ops.transpose(x),
  (x) => ops.concat([reshape(x, [x.size]), reshape(x, [x.size])], 0),
  (x) => ops.cast(mul(cut(x, [3]), 3.7), "int32"),
  (x) => ops.greater(cut(x, x.shape), 0.1),
  (x) => full(x.shape, 0.3),
  (x) => grad((y: Tensor) => sum(ops.sin(mul(y, ops.softmax(y)))))(cut(x, [4])),
  (x) => sum(cut(x, x.shape)),
  (x) => stopGradient(x),
];

/** A function of trees: random ops, and any of what they read and made as its results. */
function program(seed: number, closure: Tensor) {
  return (...args: Tree[]): Tree => {
    const rng = stream(seed);
    const pool = [...leaves(args), closure];
    for (let k = rng.integer(8); k > 0; k--) {
      const made = pick(rng, steps)(pick(rng, pool), pick(rng, pool));
      if (made.size < 40) pool.push(made);
    }
    const some = () => pick(rng, pool.slice(-5));
    return rng.integer(2) === 0 ? [some(), { a: some(), b: some() }] : { c: some(), d: [] };
  };
}

/** With as many digits as both ways of computing share. */
const elements = async (t: Tensor) => {
  const digits = (v: number) => (t.dtype === "float32" ? Math.round(v * 1e4) / 1e4 : v) + 0;
  return [t.dtype, t.shape, Array.from(await t.data(), digits)];
};

/** A tensor of the device that is tested, and the one that eager ops made of the same elements. */
type Both = { readonly own: Tensor; readonly truth: Tensor };

async function live(seed: number, device: Device, eager: Device): Promise<void> {
  const rng = stream(seed);
  const world: Both[] = [];
  const checks: Promise<void>[] = [];
  const on = <T>(where: Device, f: () => T): T => {
    setDevice(where);
    return f();
  };
  const enter = (own: Tensor, truth: Tensor, why: string) => {
    world.push({ own, truth });
    // Read later, while other steps run.
    checks.push(
      Promise.all([elements(own), elements(truth)]).then(([a, b]) =>
        expect(a, `seed ${seed}, ${why}`).toEqual(b),
      ),
    );
  };
  const create = () => {
    const [shape, dtype] = [pick(rng, shapes), pick(rng, dtypes)];
    const repeats = rng.integer(3) === 0;
    const n = shape.reduce((a, b) => a * b, 1);
    const data = Array.from({ length: n }, () => Math.round(2 * rng.normal()));
    const make = () => (repeats ? full(shape, 1, dtype) : tensor(data, shape, dtype));
    enter(on(device, make), on(eager, make), "create");
  };
  const before = [device.memory(), eager.memory()].map(({ tensors, bytes }) => [tensors, bytes]);
  const closed = [device, eager].map((where) => on(where, () => tensor([0.5, -1, 2])));
  const programs = Array.from({ length: 4 }, () => {
    const own = rng.integer(1 << 20);
    const donate = rng.integer(3) === 0 ? [0] : [];
    const compiled = compile(program(own, closed[0]), { donate });
    return { compiled, plain: program(own, closed[1]), donate };
  });

  for (let at = 0; at < 25; at++) {
    while (world.length < 3) create();
    const { compiled, plain, donate } = pick(rng, programs);
    const args = [pick(rng, world), pick(rng, world)];
    const inScope = rng.integer(3) === 0;
    const run = (f: (...args: Tree[]) => Tree, side: keyof Both) => {
      const call = () => f(args[0][side], [args[1][side]]);
      return inScope ? scope(call) : call();
    };
    // Eager ops give back arguments and closures themselves: views of them can be disposed.
    const views = () => mapTree(stopGradient, run(plain, "truth"));
    const truths = leaves(on(eager, () => scope(views)));
    const results = leaves(on(device, () => run(compiled, "own")));
    expect(new Set(results).size, "one tensor twice").toBe(results.length);
    for (const [i, own] of results.entries()) enter(own, truths[i], `step ${at}, result ${i}`);
    if (donate.length > 0) {
      args[0].truth.dispose();
      expect(() => on(device, () => ops.neg(args[0].own))).toThrow("it was donated to");
      world.splice(world.indexOf(args[0]), 1);
    }
    if (rng.integer(4) === 0) await Promise.all(checks.splice(0));
    if (rng.integer(4) === 0) programs[rng.integer(4)].compiled.dispose();
    if (rng.integer(4) === 0) {
      const held = device.memory();
      const failing = compile((x: Tensor) => add(tensor([1, 2]), ops.sin(cut(x, [3]))));
      expect(() => on(device, () => failing(pick(rng, world).own))).toThrow("add: ");
      expect(device.memory().tensors).toBe(held.tensors);
    }
    while (world.length > 9) dispose(world.splice(rng.integer(world.length), 1));
  }
  await Promise.all(checks);
  dispose([world, closed]);
  for (const { compiled } of programs) compiled.dispose();
  const after = [device.memory(), eager.memory()].map(({ tensors, bytes }) => [tensors, bytes]);
  expect(after, `seed ${seed}`).toEqual(before);
}

const pairs: Record<string, () => Promise<[Device, Device]>> = {
  reference: async () => [referenceDevice(), referenceDevice()],
  wasm: async () => [
    await wasmDevice({ simd: "plain", foldFrom: 0 }),
    await wasmDevice({ simd: "plain" }),
  ],
};

test.each(Object.keys(pairs))("steps that live together: %s", async (name) => {
  const [device, eager] = await pairs[name]();
  for (let seed = 0; seed < 40; seed++) await live(seed, device, eager);
  device.dispose();
  eager.dispose();
});
