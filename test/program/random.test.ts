// Random functions of random shapes, up to order three: compiled they mean what they mean eagerly.

import { expect, test } from "vitest";
import { stream } from "../../src/core/random";
import { setDevice } from "../../src/device/current";
import { referenceDevice } from "../../src/device/reference/device";
import { wasmDevice } from "../../src/device/wasm/device";
import { lstm } from "../../src/fused/index";
import { checkpoint, customGradient, grad, vmap } from "../../src/grad/index";
import * as ops from "../../src/ops/index";
import { compile } from "../../src/program/compile";
import { tensor } from "../../src/tensor/create";
import { arange } from "../../src/tensor/fill";
import { scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";

type Rng = ReturnType<typeof stream>;

/** Weights that are no argument: closed over by what is compiled. */
const wave = (shape: number[]) => {
  const n = shape.reduce((a, b) => a * b, 1);
  return ops.reshape(ops.sin(ops.mul(arange(n), 1.7)), shape);
};

/** A matrix as an image of one channel, and back. */
const asImage = (x: Tensor, f: (image: Tensor) => Tensor) => {
  const y = f(ops.reshape(x, [1, ...x.shape, 1]));
  return ops.reshape(y, [y.shape[1], y.shape[2] * y.shape[3]]);
};

/** sin x, with its gradient written out. */
const bent = customGradient({
  forward: (x: Tensor) => ops.sin(x),
  vjp: (g, _, [x]) => [ops.mul(g, ops.cos(x))],
});

const unary: ((x: Tensor) => Tensor)[] = [
  ops.tanh,
  ops.sigmoid,
  ops.sin,
  ops.softplus,
  (x) => ops.mul(x, 0.5),
  (x) => ops.sub(1, x),
  (x) => ops.neg(x),
  (x) => ops.exp(ops.mul(x, 0.1)),
  (x) => ops.transpose(x),
  (x) => ops.reshape(ops.reshape(x, [x.size]), x.shape),
  (x) => ops.softmax(x),
  (x) => ops.sub(x, ops.mean(x, { axis: -1, keepDims: true })),
  (x) => ops.mul(x, ops.sum(x, { axis: 0, keepDims: true })),
  (x) => ops.flip(x, 0),
  (x) => ops.concat([x, ops.square(x)], 0),
  (x) => ops.slice(x, [0, 0], [Math.max(1, x.shape[0] - 1), x.shape[1]]),
  (x) => ops.logSoftmax(x, { axis: 0 }),
  (x) => ops.expand(ops.logSumExp(x, { axis: 0 }), x.shape),
  (x) => ops.expandDims(ops.sum(ops.transpose(ops.tanh(x)), { axis: 1 }), 0),
  (x) => {
    const copies = ops.expand(ops.reshape(ops.tanh(x), [x.shape[0], 1, x.shape[1]]), [
      x.shape[0],
      2,
      x.shape[1],
    ]);
    return ops.reshape(ops.transpose(copies, [1, 0, 2]), [2 * x.shape[0], x.shape[1]]);
  },
  (x) => ops.cumsum(x, { axis: 0 }),
  (x) =>
    ops.pad(x, [
      [1, 0],
      [0, 1],
    ]),
  (x) => ops.gather(x, tensor(new Int32Array([0, x.shape[0] - 1, 0])), 0),
  (x) => ops.sub(ops.max(x, { axis: 1, keepDims: true }), x),
  (x) => ops.add(ops.expandDims(ops.variance(x, { axis: 0 }), 0), x),
  (x) => ops.layerNorm(x, wave([x.shape[1]]), wave([x.shape[1]]), { eps: 0.1 }),
  (x) => ops.batchNorm(x, wave([x.shape[1]]), wave([x.shape[1]]), { eps: 0.1 }),
  (x) => ops.gelu(ops.add(ops.matmul(x, wave([x.shape[1], 3])), wave([3]))),
  (x) => asImage(x, (image) => ops.conv2d(image, wave([3, 2, 1, 2]), { padding: "same" })),
  (x) => asImage(x, (image) => ops.maxPool2d(image, { size: 3, stride: 2, padding: 1 })),
  (x) => asImage(x, (image) => ops.avgPool2d(image, { size: 3, stride: 1, padding: 1 })),
  (x) => {
    const cell = { wx: wave([x.shape[1], 8]), wh: wave([2, 8]), b: wave([8]) };
    return ops.squeeze(lstm(ops.expandDims(x, 1), cell).y, 1);
  },
  (x) => checkpoint((y: Tensor) => ops.mul(ops.tanh(y), y))(x),
  (x) => checkpoint(() => checkpoint((y: Tensor) => ops.mul(ops.tanh(y), y))(x))(),
  (x) => checkpoint(() => bent(x))(),
  (x) => ops.pow(ops.abs(x), ops.tanh(x)),
  (x) =>
    ops.mul(
      ops.matmul(wave([1, x.shape[0]]), x),
      ops.oneHot(ops.argmax(x, { axis: 1 }), x.shape[1]),
    ),
  (x) => grad((y: Tensor) => ops.sum(ops.sin(ops.sum(ops.square(y), { axis: 0 }))))(x),
  (x) => vmap((row: Tensor) => ops.mul(ops.softmax(row), ops.sum(ops.sin(row))))(x),
];

const binary: ((x: Tensor, y: Tensor) => Tensor)[] = [
  ops.add,
  ops.mul,
  ops.sub,
  (x, y) => ops.div(x, ops.add(ops.square(y), 1)),
  (x, y) => ops.where(ops.less(x, y), x, ops.mul(y, 2)),
];

/** A function of two matrices that returns one number, made of `length` random ops. */
function program(rng: Rng, length: number): (x: Tensor, y: Tensor) => Tensor {
  const plan = Array.from({ length }, () => ({
    kind: rng.integer(4),
    op: rng.integer(1 << 16),
    a: rng.integer(1 << 16),
    b: rng.integer(1 << 16),
  }));
  return (x, y) => {
    const made = [x, y];
    for (const { kind, op, a, b } of plan) {
      const p = made[a % made.length];
      const q = made[b % made.length];
      const same = p.shape.every((size, i) => size === q.shape[i]);
      if (kind === 0 && same) made.push(binary[op % binary.length](p, q));
      else if (kind === 1 && p.shape[1] === q.shape[1]) {
        made.push(ops.mul(ops.matmul(p, q, { transposeB: true }), 0.3));
      } else made.push(unary[op % unary.length](p));
    }
    const last = made.slice(-3).map((t) => ops.mean(ops.sin(t)));
    return last.reduce(ops.add);
  };
}

type F = (x: Tensor, y: Tensor) => Tensor;

/** The k-th derivative by x along all ones, as one number. */
function derivative(f: F, order: number): F {
  let g = f;
  for (let k = 0; k < order; k++) {
    const before = g;
    g = (x, y) => ops.sum(grad((at: Tensor) => before(at, y))(x));
  }
  return g;
}

const devices = {
  reference: async () => referenceDevice(),
  wasm: () => wasmDevice({ foldFrom: 0 }),
};

for (const [name, make] of Object.entries(devices)) {
  test(`compiled equals eager on random graphs up to order 3: ${name}`, async () => {
    const device = await make();
    setDevice(device);
    for (let seed = 0; seed < 160; seed++) {
      const rng = stream(seed);
      const [m, n] = [1 + rng.integer(4), 1 + rng.integer(5)];
      const draw = () => Float32Array.from({ length: m * n }, () => rng.normal());
      const order = seed % 4;
      const f = derivative(program(rng, 4 + rng.integer(9)), order);
      const x = tensor(draw(), [m, n]);
      const y = tensor(draw(), [m, n]);
      const before = device.memory().tensors;
      const step = compile(f);
      const results = [];
      for (const run of [f, step, step]) {
        const value = scope(() => run(x, y));
        results.push(await value.item());
        value.dispose();
      }
      const [eager, compiled, again] = results;
      const where = `seed ${seed}, order ${order}, [${m}, ${n}]`;
      expect(again, where).toBe(compiled);
      const tolerance = name === "reference" ? 1e-11 : 1e-4;
      expect(Math.abs(compiled - eager), where).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(eager)),
      );
      step.dispose();
      expect(device.memory().tensors, where).toBe(before);
      x.dispose();
      y.dispose();
    }
    device.dispose();
  });
}
