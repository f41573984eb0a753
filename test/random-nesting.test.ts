// Transforms nested at random, each around the others: gradients are those of differences, forward
// and reverse mode agree, and compiled is eager.

import { afterAll, expect, test } from "vitest";
import { stream } from "../src/core/random";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import {
  checkpoint,
  customGradient,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  vjp,
  vmap,
} from "../src/grad/index";
import * as ops from "../src/ops/index";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";

type Rng = ReturnType<typeof stream>;
/** Of vectors of one length. */
type Map1 = (x: Tensor) => Tensor;

const { add, cos, mul, sin, square, stack, sum } = ops;

const plain: Map1[] = [
  sin,
  (x) => mul(x, ops.flip(x, 0)),
  (x) => ops.cumsum(mul(x, 0.5), { axis: 0 }),
  (x) => ops.softmax(x),
  (x) => mul(x, sum(square(x))),
  (x) => ops.div(x, add(1, square(ops.max(x)))),
  (x) => ops.where(ops.greater(x, 0.05), square(x), mul(0.3, x)),
  (x) => ops.sub(x, ops.logSumExp(x)),
  (x) => mul(x, ops.prod(add(1, mul(0.2, x)))),
  (x) => sum(ops.einsum("i,j->ij", x, cos(x)), { axis: 1 }),
  (x) => ops.gather(ops.sort(x), tensor(new Int32Array([1, 0, 1]).subarray(0, x.size)), 0),
];

/** What makes a function of vectors out of another. */
const around: ((f: Map1) => Map1)[] = [
  (f) => (x) => grad((y: Tensor) => sum(mul(f(y), cos(y))))(x),
  (f) => (x) => jvp(f, [x], [sin(x)])[1],
  (f) => (x) => hvp((y: Tensor) => sum(sin(f(y))), x, cos(x)),
  (f) => (x) => sum(hessian((y) => sum(sin(f(y))))(x), { axis: 0 }),
  (f) => (x) => sum(mul(jacobian(f)(x), x), { axis: 1 }),
  (f) => (x) => {
    const [y, pull] = vjp(f, x);
    return add(pull(y)[0], pull(cos(x))[0]);
  },
  (f) => (x) => {
    const parts = { a: x, b: [cos(x)] };
    const g = grad((p: typeof parts) => sum(mul(f(p.a), sin(p.b[0]))))(parts);
    return add(g.a, g.b[0]);
  },
  (f) => checkpoint(f),
  (f) => (x) => checkpoint(() => f(x))(),
  (f) => (x) =>
    scope(() => {
      const shift = sin(ops.mul(tensor([1, 2, 3]), 0.7)); // of no gradient: who keeps it?
      return checkpoint((y: Tensor) => mul(f(y), shift))(x);
    }),
  (f) =>
    customGradient({
      forward: f,
      vjp: (g, _, [x]) => vjp(f, x)[1](g),
    }),
  (f) => (x) => {
    const columns = stack([x, sin(x)], 1);
    return sum(vmap((y, s) => f(mul(y, s)), { inAxes: [1, null] })(columns, x), { axis: 0 });
  },
  (f) => (x) => {
    const rows = vmap((u: Tensor) => vmap((v: Tensor) => f(mul(u, v)))(stack([x, cos(x)])));
    return ops.mean(rows(x), { axis: [0, 1] });
  },
  (f) => compile(f),
];

function random(rng: Rng, depth: number): Map1 {
  if (depth === 0) return plain[rng.integer(plain.length)];
  const [f, g] = [random(rng, depth - 1), random(rng, rng.integer(depth))];
  const made = around[rng.integer(around.length)](f);
  return rng.integer(3) === 0 ? (x) => made(g(x)) : made;
}

const device = referenceDevice();
afterAll(() => device.dispose());

const values = async (t: Tensor) => Array.from(await t.data());

/** How far two lists are from each other, relative to the largest entry of the second, or to 1. */
function apart(a: number[], b: number[]): number {
  return Math.max(...a.map((v, i) => Math.abs(v - b[i]))) / Math.max(1, ...b.map(Math.abs));
}

test("transforms nested at random agree with differences and with each other", async () => {
  setDevice(device);
  let checked = 0;
  for (let seed = 150; seed < 250; seed++) {
    const rng = stream(seed);
    const f = random(rng, 1 + rng.integer(3));
    const draw = () => [rng.normal(), rng.normal(), rng.normal()].map((v) => 0.5 * v);
    const [at, along, weights] = [draw(), draw(), draw()];
    const [x, v, w] = [at, along, weights].map((list) => tensor(list));
    const loss = (y: Tensor) => sum(mul(sin(f(y)), w));
    const read = async (make: () => Tensor) => {
      const made = scope(make);
      const list = await values(made);
      made.dispose();
      return list;
    };

    const g = await read(() => grad(loss)(x));
    const sizes = [...g, ...(await read(() => f(x)))].map(Math.abs);
    if (Math.max(...sizes) > 100) continue; // differences would tell nothing
    checked++;
    const slope = [g.reduce((total, one, i) => total + one * along[i], 0)];
    const far = async (h: number) =>
      (await read(() => loss(tensor(at.map((a, i) => a + h * along[i])))))[0];
    const differences = async (h: number) => {
      const near = (await far(h)) - (await far(-h));
      const wide = (await far(2 * h)) - (await far(-2 * h));
      return apart([(8 * near - wide) / (12 * h)], slope);
    };
    // Steep functions want short steps, flat ones long ones.
    const errors = await Promise.all([1e-3, 1e-4, 1e-5, 1e-6].map(differences));
    expect(Math.min(...errors), `seed ${seed}`).toBeLessThan(1e-6);
    expect(apart(await read(() => jvp(loss, [x], [v])[1]), slope)).toBeLessThan(1e-9);

    const second = await read(() => hvp(loss, x, v));
    const reverse = await read(() => grad((y: Tensor) => sum(mul(grad(loss)(y), v)))(x));
    expect(apart(reverse, second), `seed ${seed}`).toBeLessThan(1e-9);

    const step = compile(grad(loss));
    expect(apart(await read(() => step(x)), g), `seed ${seed}`).toBeLessThan(1e-10);
    step.dispose();
    for (const t of [x, v, w]) t.dispose();
  }
  expect(checked).toBeGreaterThan(60);
});
