// Optimizers on small known problems, what their equations give by hand, and that gradients reach
// every number in them; schedules against their formulas; clipping, averages, accumulation.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { wasmDevice } from "../src/device/wasm/device";
import { checkGrads } from "../src/grad/check";
import { grad, valueAndGrad } from "../src/grad/grad";
import { add, div, mul, sub } from "../src/ops/arithmetic";
import { exp, sqrt, square, tanh } from "../src/ops/math";
import { matmul } from "../src/ops/matmul";
import { slice } from "../src/ops/movement";
import { mean, sum } from "../src/ops/reduce";
import * as optim from "../src/optim/index";
import type { Optimizer } from "../src/optim/optimizer";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { zerosLike } from "../src/tensor/fill";
import { dispose, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, type Tree } from "../src/tensor/tree";
import { fixture, largest, near } from "./fixture";
import adamFile from "./fixtures/adam-unroll.json";

const reference = referenceDevice();
const wasm = await wasmDevice();
beforeEach(() => setDevice(reference));
afterAll(() => {
  reference.dispose();
  wasm.dispose();
});

interface Problem {
  readonly start: number[];
  readonly target: number[];
  readonly loss: (x: Tensor) => Tensor;
}

const parabola: Problem = {
  start: [-3, 0, 4],
  target: [1, -1, 2],
  loss: (x) => sum(square(sub(x, tensor([1, -1, 2])))),
};

const rosenbrock: Problem = {
  start: [-1, 1],
  target: [1, 1],
  loss: (p) => {
    const [x, y] = [slice(p, [0], [1]), slice(p, [1], [1])];
    return sum(add(square(sub(1, x)), mul(square(sub(y, square(x))), 100)));
  },
};

/** Name, optimizer for the parabola, steps; then the same for Rosenbrock's valley. */
const table: [string, Optimizer, number, Optimizer, number][] = [
  ["sgd", optim.sgd({ lr: 0.1 }), 100, optim.sgd({ lr: 1e-3 }), 20_000],
  ["momentum", optim.momentum({ lr: 0.02 }), 300, optim.momentum({ lr: 1e-3 }), 3000],
  [
    "nesterov",
    optim.momentum({ lr: 0.02, nesterov: true }),
    300,
    optim.momentum({ lr: 1e-3, nesterov: true }),
    3000,
  ],
  [
    "rmsprop",
    optim.rmsprop({ lr: optim.cosine(0.1, { steps: 500 }) }),
    500,
    optim.rmsprop({ lr: optim.cosine(0.02, { steps: 6000 }) }),
    6000,
  ],
  ["adam", optim.adam({ lr: 0.1 }), 500, optim.adam({ lr: 0.02 }), 5000],
  [
    "adamw",
    optim.adamw({ lr: 0.1, weightDecay: 1e-4 }),
    500,
    optim.adamw({ lr: 0.02, weightDecay: 1e-6 }),
    5000,
  ],
  [
    "accumulate",
    optim.accumulate(optim.adam({ lr: 0.1 }), 3),
    1500,
    optim.accumulate(optim.adam({ lr: 0.02 }), 2),
    10_000,
  ],
];

async function minimize({ start, target, loss }: Problem, optimizer: Optimizer, steps: number) {
  setDevice(wasm);
  const step = compile((x: Tensor, state: Tree) =>
    optimizer.update(grad((p: Tensor) => loss(p))(x), state, x),
  );
  let x = tensor(start);
  let state = scope(() => optimizer.init(x));
  let early = 0;
  for (let i = 0; i < steps; i++) {
    const [next, after] = step(x, state);
    dispose([x, state]);
    [x, state] = [next, after];
    if (i === 2) early = wasm.memory().tensors;
  }
  expect(wasm.memory().tensors).toBe(early);
  const found = await x.data();
  expect(largest(Array.from(found, (v, i) => v - target[i]))).toBeLessThan(1e-2);
  dispose([x, state]);
  step.dispose();
}

describe("minima", () => {
  test.each(table)("%s: a parabola", (_, optimizer, steps) => minimize(parabola, optimizer, steps));
  test.each(table)("%s: Rosenbrock's valley", (_, __, ___, optimizer, steps) =>
    minimize(rosenbrock, optimizer, steps),
  );
});

/** The loss after a few steps from x by an optimizer made of numbers. */
function after(make: (...numbers: Tensor[]) => Optimizer, steps = 3) {
  return (x: Tensor, ...numbers: Tensor[]) => {
    const optimizer = make(...numbers);
    let p = x;
    let state = optimizer.init(p);
    for (let i = 0; i < steps; i++) {
      const g = grad((q: Tensor) => sum(mul(square(q), add(tanh(q), 2))))(p);
      [p, state] = optimizer.update(g, state, p);
    }
    return sum(square(sub(p, 0.3)));
  };
}

describe("gradients through updates, by differences", () => {
  const rows: [string, (...numbers: Tensor[]) => Optimizer, number[]][] = [
    ["sgd: lr, decay", (lr, weightDecay) => optim.sgd({ lr, weightDecay }), [0.05, 0.1]],
    [
      "momentum: lr, momentum, decay",
      (lr, momentum, weightDecay) => optim.momentum({ lr, momentum, weightDecay, nesterov: true }),
      [0.05, 0.7, 0.1],
    ],
    [
      "rmsprop: lr, decay, momentum",
      (lr, decay, momentum) => optim.rmsprop({ lr, decay, momentum, eps: 0.1 }),
      [0.05, 0.9, 0.5],
    ],
    [
      "adam: lr, betas",
      (lr, beta1, beta2) => optim.adam({ lr, beta1, beta2, eps: 0.1 }),
      [0.05, 0.8, 0.9],
    ],
    [
      "adamw: lr, betas, decay",
      (lr, beta1, beta2, weightDecay) => optim.adamw({ lr, beta1, beta2, weightDecay, eps: 0.1 }),
      [0.05, 0.8, 0.9, 0.2],
    ],
    ["accumulate: lr", (lr) => optim.accumulate(optim.momentum({ lr }) as Optimizer, 2), [0.05]],
    [
      "warmup of a cosine: rate and end",
      (rate, end) => optim.sgd({ lr: optim.warmup(2, optim.cosine(rate, { steps: 4, end })) }),
      [0.05, 0.01],
    ],
    [
      "warmup of an own schedule, which knows no steps below 0: rate",
      (rate) => optim.sgd({ lr: optim.warmup(2, (step) => div(rate, sqrt(add(step, 0.5)))) }),
      [0.05],
    ],
    [
      "step decay: rate, factor",
      (rate, factor) => optim.sgd({ lr: optim.stepDecay(rate, { every: 1, factor }) }),
      [0.05, 0.5],
    ],
    [
      "exponential: rate, decay",
      (rate, decay) => optim.sgd({ lr: optim.exponential(rate, { decay, every: 2 }) }),
      [0.05, 0.5],
    ],
    ["one cycle: peak", (peak) => optim.sgd({ lr: optim.oneCycle(peak, { steps: 3 }) }), [0.05]],
  ];

  test.each(rows)("%s", async (_, make, numbers) => {
    const xs = [tensor([0.7, -0.4]), ...numbers.map((v) => tensor(v))];
    const f = after(make);
    await checkGrads((...all: Tensor[]) => f(all[0], ...all.slice(1)), xs, { order: 2 });
  });

  test.each([
    ["rmsprop", optim.rmsprop],
    ["adam", optim.adam],
    ["adamw", optim.adamw],
  ] as const)("%s: at a zero gradient all derivatives are finite", async (_, make) => {
    const optimizer: Optimizer = make({ lr: 0.1, eps: 1e-3 });
    const f = (g: Tensor) => {
      const x = tensor([1, 2]);
      return sum(square(optimizer.update(g, optimizer.init(x), x)[0] as Tensor));
    };
    const zero = tensor([0, 0]);
    const first = grad(f)(zero);
    const second = grad((g: Tensor) => sum(mul(grad(f)(g), tensor([1, -2]))))(zero);
    for (const t of [first, second]) {
      for (const v of await t.data()) expect(Number.isFinite(v)).toBe(true);
    }
    expect(largest(await first.data())).toBeGreaterThan(1);
  });

  test("the fixture: Adam unrolled on a net, by log lr and the first weights", async () => {
    const { input, expected } = fixture(adamFile);
    const { steps, eps, beta1, beta2, logLr } = adamFile.attrs;
    const params = { w1: input("params.w1"), b1: input("params.b1"), w2: input("params.w2") };
    const loss = (p: typeof params, x: Tensor, y: Tensor) =>
      mean(square(sub(matmul(tanh(add(matmul(x, p.w1), p.b1)), p.w2), y)));
    const [x, y, xv, yv] = ["x", "y", "xv", "yv"].map((n) => input(`data.${n}`));
    const outer = (meta: { logLr: Tensor; params: typeof params }) => {
      const optimizer = optim.adam({ lr: exp(meta.logLr), beta1, beta2, eps });
      let p = meta.params;
      let state = optimizer.init(p);
      for (let i = 0; i < steps; i++) {
        [p, state] = optimizer.update(grad((q: typeof p) => loss(q, x, y))(p), state, p);
      }
      return loss(p, xv, yv);
    };
    const [value, g] = valueAndGrad(outer)({ logLr: tensor(logLr), params });
    await near(value, [adamFile.expected.valLoss], 1e-8);
    await near(g.logLr, expected("grad.logLr"), 1e-8);
    for (const n of ["w1", "b1", "w2"] as const) {
      await near(g.params[n], expected(`grad.${n}`), 1e-8);
    }
  });
});

describe("schedules", () => {
  const at = async (schedule: optim.Schedule, step: number) => {
    const rate = schedule(tensor(step));
    return typeof rate === "number" ? rate : rate.item();
  };
  const wave = (x: number) => 0.5 + 0.5 * Math.cos(Math.PI * x);
  const rows: [string, optim.Schedule, (s: number) => number][] = [
    ["constant", optim.constant(0.3), () => 0.3],
    [
      "step decay",
      optim.stepDecay(0.4, { every: 3, factor: 0.5 }),
      (s) => 0.4 * 0.5 ** Math.floor(s / 3),
    ],
    ["exponential", optim.exponential(0.4, { decay: 0.9, every: 2 }), (s) => 0.4 * 0.9 ** (s / 2)],
    [
      "cosine",
      optim.cosine(0.4, { steps: 5, end: 0.1 }),
      (s) => 0.1 + 0.3 * wave(Math.min(s / 5, 1)),
    ],
    [
      "one cycle",
      optim.oneCycle(0.5, { steps: 10, rise: 0.4 }),
      (s) =>
        s < 4
          ? 0.5 + (0.02 - 0.5) * wave(s / 4)
          : 5e-5 + (0.5 - 5e-5) * wave(Math.min((s - 4) / 6, 1)),
    ],
    ["warmup", optim.warmup(4, 0.2), (s) => Math.min(1, (s + 1) / 4) * 0.2],
    [
      "warmup, then",
      optim.warmup(3, optim.exponential(0.2, { decay: 0.5 })),
      (s) => (s < 3 ? ((s + 1) / 3) * 0.2 : 0.2 * 0.5 ** (s - 3)),
    ],
  ];
  test.each(rows)("%s is its formula at every step", async (_, schedule, formula) => {
    for (let s = 0; s < 14; s++) expect(await at(schedule, s)).toBeCloseTo(formula(s), 12);
  });

  test("a compiled step follows its schedule, as one program", async () => {
    const optimizer = optim.sgd({ lr: optim.stepDecay(1, { every: 2, factor: 0.5 }) });
    const step = compile((x: Tensor, state: ReturnType<typeof optimizer.init>) =>
      optimizer.update(tensor([1]), state, x),
    );
    let x = tensor([0]);
    let state = optimizer.init(x);
    const moves: number[] = [];
    for (let i = 0; i < 5; i++) {
      const before = (await x.data())[0];
      [x, state] = step(x, state) as typeof step extends (...a: never[]) => infer R ? R : never;
      moves.push(before - (await x.data())[0]);
    }
    expect(moves).toEqual([1, 1, 0.5, 0.5, 0.25]);
    expect(step.stats().programs).toBe(1);
  });

  test("reduceOnPlateau: falls after patience, waits anew, stops at the least rate", () => {
    const plateau = optim.reduceOnPlateau({ rate: 1, factor: 0.5, patience: 2, least: 0.2 });
    const rates: number[] = [];
    let state = plateau.init();
    for (const loss of [5, 4, 4, 4, 4, 3, 3, Number.NaN, 3, 3, 3, 3, 3, 3, 3]) {
      state = plateau.update(state, loss);
      rates.push(state.rate);
    }
    expect(rates).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2]);
    const up = optim.reduceOnPlateau({ rate: 1, patience: 0, mode: "max" });
    expect(up.update(up.update(up.init(), 1), 2).rate).toBe(1);
    expect(up.update(up.update(up.init(), 1), 0.5).rate).toBeCloseTo(0.1, 12);
    expect(() => optim.reduceOnPlateau({ rate: 1, factor: 2 })).toThrow(
      "reduceOnPlateau: factor out of range: 2. Use a number above 0 and below 1.",
    );
  });
});

describe("clipping, averages, accumulation", () => {
  test("clipByNorm scales to the norm, leaves less alone, and is smooth at 0", async () => {
    const tree = { a: tensor([3, 0]), b: tensor([[4]]) };
    const clipped = optim.clipByNorm(tree, 2);
    await near(clipped.a, [1.2, 0], 1e-12);
    await near(clipped.b, [1.6], 1e-12);
    expect(await optim.globalNorm(tree).item()).toBeCloseTo(5, 12);
    expect(await optim.globalNorm({}).item()).toBe(0);
    expect(optim.clipByNorm({}, 1)).toEqual({});
    await near(optim.clipByNorm(tree, 6).a, [3, 0], 1e-12);
    const f = (x: Tensor) => sum(square(add(optim.clipByNorm(x, 1), 1)));
    for (const x of [tensor([3, -1]), tensor([0.3, 0.2]), tensor([0, 0])]) {
      await checkGrads(f, [x], { order: 3 });
    }
    expect(() => optim.clipByNorm(tree, 0)).toThrow(
      "clipByNorm: the norm is no positive number: 0. Use one above 0.",
    );
  });

  test("globalNorm: gradients of order 2, and 0 at 0", async () => {
    const f = (a: Tensor, b: Tensor) => optim.globalNorm({ a, b });
    await checkGrads(f, [tensor([3, -1]), tensor([[0.5]])], { order: 2 });
    const slope = grad((x: Tensor) => optim.globalNorm([x]));
    expect(Array.from(await slope(tensor([0, 0])).data())).toEqual([0, 0]);
  });

  test("gradients reach the bound of a norm and the decay of an average", async () => {
    const bounded = (x: Tensor, most: Tensor) => square(optim.clipByNorm(x, most));
    await checkGrads(bounded, [tensor([3, -1]), tensor(1.5)], { order: 2 });
    const average = (x: Tensor, decay: Tensor) => {
      const { init, update, params } = optim.ema({ decay });
      return square(params(update(update(init(x), x), mul(x, x))));
    };
    await checkGrads(average, [tensor([0.7, -0.4]), tensor(0.6)], { order: 2 });
  });

  test("clipByValue clips each element", async () => {
    const clipped = optim.clipByValue([tensor([3, -0.5, -7])], 2);
    await near(clipped[0], [2, -0.5, -2], 0);
  });

  test("ema is the weighted mean of what it saw", async () => {
    const average = optim.ema({ decay: 0.5 });
    let state = average.init({ w: tensor([0]) });
    for (const v of [4, 8, 2]) state = average.update(state, { w: tensor([v]) });
    await near(average.params(state).w, [(1 * 4 + 2 * 8 + 4 * 2) / 7], 1e-12);
  });

  test("accumulate: as one step on the mean, and nothing in between", async () => {
    const inner = optim.adam({ lr: 0.1 });
    const outer = optim.accumulate(inner, 2);
    const x = tensor([1, 2]);
    const batches = [tensor([1, -1]), tensor([3, 2]), tensor([0.5, 0.5]), tensor([2, 0])];
    let p = x;
    let state = outer.init(x);
    let q = x;
    let own = inner.init(x);
    for (const [i, g] of batches.entries()) {
      [p, state] = outer.update(g, state, p);
      if (i % 2 === 1) {
        [q, own] = inner.update(mul(add(batches[i - 1], g), 0.5), own, q);
      }
      await near(p, await q.data(), 1e-12);
      for (const [j, t] of leaves(state.inner).entries()) {
        await near(t, await leaves(own)[j].data(), 1e-12);
      }
    }
  });

  test("adamw leaves out what does not decay", async () => {
    const params = { w: tensor([[2]]), b: tensor([2]) };
    const optimizer = optim.adamw({ lr: 0.1, weightDecay: 0.5, decays: (p) => p.shape.length > 1 });
    const zero = { w: zerosLike(params.w), b: zerosLike(params.b) };
    const [next] = optimizer.update(zero, optimizer.init(params), params);
    await near(next.w, [2 - 0.1 * 0.5 * 2], 1e-12);
    await near(next.b, [2], 0);
  });

  test("numbers out of range are errors", () => {
    const says = (f: () => unknown, text: string) => expect(f).toThrow(text);
    says(() => optim.sgd({ lr: -1 }), "sgd: lr out of range: -1. Use a number from 0.");
    says(
      () => optim.rmsprop({ lr: 1, decay: 1 }),
      "rmsprop: decay out of range: 1. Use a number in [0, 1).",
    );
    says(
      () => optim.adamw({ lr: 1, weightDecay: -0.1 }),
      "adamw: weightDecay out of range: -0.1. Use a number from 0.",
    );
    says(
      () => optim.cosine(1, { steps: 0 }),
      "cosine: steps out of range: 0. Use a number above 0.",
    );
    says(
      () => optim.accumulate(optim.sgd({ lr: 1 }), 0),
      "accumulate: every is no whole number from 1: 0. Use 1 or more.",
    );
  });
});
