// Layers against another engine's numbers, against plain loops, and against what they promise: the
// forms of parameters, keys, masks, states, and that compiled they mean the same.

import { afterAll, describe, expect, test } from "vitest";
import { treeMap } from "../src/core/tree";
import { setDevice } from "../src/device/current";
import { checkGrads } from "../src/grad/check";
import { grad, valueAndGrad } from "../src/grad/grad";
import { hvp } from "../src/grad/jvp";
import * as nn from "../src/nn/index";
import { relu } from "../src/ops/activation";
import { add, mul } from "../src/ops/arithmetic";
import { dropout } from "../src/ops/dropout";
import { crossEntropy } from "../src/ops/losses";
import { square, tanh } from "../src/ops/math";
import { matmul } from "../src/ops/matmul";
import { slice } from "../src/ops/movement";
import { type Key, key, normal } from "../src/ops/random";
import { mean, sum, variance } from "../src/ops/reduce";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { ones, zeros } from "../src/tensor/fill";
import { dispose } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, mapTree, type Tree } from "../src/tensor/tree";
import { findDevices } from "./devices";
import { fixture, largest, near } from "./fixture";
import embeddingFile from "./fixtures/embedding.json";
import transformerFile from "./fixtures/transformer-block.json";

const { present } = await findDevices();

/** Shapes of a tree of parameters, in its form. */
const shapes = (tree: unknown): unknown => treeMap((x) => (x as Tensor).shape, tree);

describe.each(present)("fixtures on $name", ({ name, device }) => {
  const rate = name === "reference" ? 1e-8 : 1e-4;

  async function check<P extends Tree>(
    { input, expected }: ReturnType<typeof fixture>,
    form: (of: (name: string) => Tensor) => P,
    loss: (params: P) => Tensor,
  ) {
    const names = new Map<Tensor, string>();
    const params = form((name) => {
      const t = input(`params.${name}`);
      names.set(t, name);
      return t;
    });
    const along = form((name) => input(`dir.${name}`));
    const [value, grads] = valueAndGrad(loss)(params);
    const products = hvp(loss, params, along);
    await near(value, expected("loss"), rate);
    for (const [i, t] of leaves(params).entries()) {
      await near(leaves(grads)[i], expected(`grad.${names.get(t)}`), rate);
      await near(leaves(products)[i], expected(`hvp.${names.get(t)}`), rate);
    }
    return names.size;
  }

  test("a transformer block", async () => {
    setDevice(device);
    const file = fixture(transformerFile);
    const block = nn.transformerBlock(8, 2, { bias: false, hidden: 16 });
    const [x, y] = [file.input("data.x"), file.input("data.y")];
    const checked = await check(
      file,
      (of) => ({
        block: {
          norm1: { gamma: of("ln1.g"), beta: of("ln1.b") },
          attention: { wq: of("wq"), wk: of("wk"), wv: of("wv"), wo: of("wo") },
          norm2: { gamma: of("ln2.g"), beta: of("ln2.b") },
          up: { w: of("w1"), b: of("b1") },
          down: { w: of("w2"), b: of("b2") },
        },
        out: of("out"),
      }),
      (p) => crossEntropy(matmul(mean(block.apply(p.block, x), { axis: 1 }), p.out), y),
    );
    expect(checked).toBe(13);
  });

  test("an embedding", async () => {
    setDevice(device);
    const file = fixture(embeddingFile);
    const layer = nn.embedding(7, 4);
    const [ids, y] = [file.input("data.ids"), file.input("data.y")];
    const checked = await check(
      file,
      (of) => ({ embedding: { table: of("table") }, w: of("w") }),
      (p) => crossEntropy(matmul(mean(tanh(layer.apply(p.embedding, ids)), { axis: 1 }), p.w), y),
    );
    expect(checked).toBe(2);
  });
});

describe("layers", () => {
  const { device } = present[0];
  const on =
    <T>(f: () => T) =>
    () => {
      setDevice(device);
      return f();
    };

  test(
    "parameters have the forms that are written down",
    on(() => {
      const k = key(0);
      const cell = { wx: [3, 16], wh: [4, 16], b: [16] };
      expect(shapes(nn.lstmLayer(3, 4).init(k))).toEqual([{ forward: cell }]);
      expect(shapes(nn.lstmLayer(3, 4, { layers: 2, bidirectional: true }).init(k))).toEqual([
        { forward: cell, backward: cell },
        { forward: { ...cell, wx: [8, 16] }, backward: { ...cell, wx: [8, 16] } },
      ]);
      expect(shapes(nn.gruLayer(3, 4).init(k))).toEqual([
        { forward: { wx: [3, 12], wh: [4, 12], b: [12], bh: [4] } },
      ]);
      expect(shapes(nn.rnnLayer(3, 4).init(k))).toEqual([
        { forward: { wx: [3, 4], wh: [4, 4], b: [4] } },
      ]);
      expect(shapes(nn.multiHeadAttention(4, 2, { bias: false }).init(k))).toEqual({
        wq: [4, 4],
        wk: [4, 4],
        wv: [4, 4],
        wo: [4, 4],
      });
      expect(shapes(nn.conv1d(3, 5, { size: 2 }).init(k))).toEqual({ w: [2, 3, 5], b: [5] });
      expect(shapes(nn.embedding(7, 3).init(k))).toEqual({ table: [7, 3] });
      expect(shapes(nn.residual(nn.linear(2, 3), nn.linear(2, 3)).init(k))).toEqual({
        body: { w: [2, 3], b: [3] },
        shortcut: { w: [2, 3], b: [3] },
      });
      expect(shapes(nn.maxPool({ size: 2 }).init(k))).toEqual({});
    }),
  );

  test(
    "the same key gives the same parameters, another key others",
    on(async () => {
      const layer = nn.transformerBlock(4, 2);
      const values = (k: Key) => Promise.all(leaves(layer.init(k)).map((t) => t.array()));
      expect(await values(key(3))).toEqual(await values(key(3)));
      expect(await values(key(3))).not.toEqual(await values(key(4)));
    }),
  );

  test(
    "multi-head attention: masked places change nothing; causal looks at no later one",
    on(async () => {
      const layer = nn.multiHeadAttention(4, 2);
      const p = mapTree((t) => add(t, 0.1), layer.init(key(1)));
      const x = normal(key(2), [2, 3, 4]);
      const mask = tensor([
        [true, true, false],
        [true, true, true],
      ]);
      const cut = layer.apply(p, slice(x, [0, 0, 0], [1, 2, 4]));
      await near(slice(layer.apply(p, x, { mask }), [0, 0, 0], [1, 2, 4]), await cut.data(), 1e-12);
      const causal = nn.multiHeadAttention(4, 2, { causal: true });
      const first = causal.apply(p, slice(x, [0, 0, 0], [2, 2, 4]));
      await near(slice(causal.apply(p, x), [0, 0, 0], [2, 2, 4]), await first.data(), 1e-12);
      const memory = normal(key(3), [2, 5, 4]);
      expect(layer.attend(p, x, memory).shape).toEqual([2, 3, 4]);
      expect(() => nn.multiHeadAttention(5, 2)).toThrow(
        "multiHeadAttention: heads do not divide the size: 5 by 2. Use a divisor.",
      );
    }),
  );

  test(
    "a transformer block: gradients of order 2, both orders of norms, dropout by key",
    on(async () => {
      const x = normal(key(2), [1, 2, 4]);
      for (const order of ["pre", "post"] as const) {
        const block = nn.transformerBlock(4, 2, {
          order,
          hidden: 3,
          causal: true,
          dropout: 0.3,
          eps: 0.1,
          bias: false,
        });
        const p = block.init(key(1));
        const list = leaves(p);
        const f = (...made: Tensor[]) => {
          let next = 0;
          return square(
            block.apply(
              mapTree(() => made[next++], p),
              made[list.length],
              { key: key(9) },
            ),
          );
        };
        await checkGrads(f, [...list, x], { order: 2 });
      }
      const post = nn.transformerBlock(4, 2, { order: "post" });
      const y = post.apply(post.init(key(1)), x);
      expect(largest(await mean(y, { axis: -1 }).data())).toBeLessThan(1e-9);
    }),
  );

  test(
    "sinusoids are the formula",
    on(async () => {
      const want = [0, 1, 2].flatMap((p) =>
        [0, 2].flatMap((i) => [Math.sin(p / 10000 ** (i / 4)), Math.cos(p / 10000 ** (i / 4))]),
      );
      await near(nn.sinusoids(3, 4), want, 1e-12);
      const x = zeros([2, 3, 4]);
      await near(nn.sinusoidalPositions().apply({}, x), [...want, ...want], 1e-12);
      const learned = nn.learnedPositions(5, 4);
      const p = learned.init(key(1));
      const table = await p.table.data();
      await near(learned.apply(p, zeros([1, 3, 4])), table.slice(0, 12), 0);
      expect(() => learned.apply(p, zeros([1, 6, 4]))).toThrow(
        "learnedPositions: too long: x is [1, 6, 4], there are 5 places. " +
          "Cut the sequence, or make more places.",
      );
    }),
  );

  test(
    "batch norm: training moves the state, evaluating uses it, and it carries no gradient",
    on(async () => {
      const layer = nn.statefulNorm(2, { momentum: 0.25 });
      const { params, state } = layer.init(key(1));
      const x = mul(normal(key(2), [4, 3, 2]), 2);
      const [y, next] = layer.apply(params, state, x, { train: true });
      expect(largest(await mean(y, { axis: [0, 1] }).data())).toBeLessThan(1e-9);
      const means = await mean(x, { axis: [0, 1] }).data();
      const variances = await variance(x, { axis: [0, 1], ddof: 1 }).data();
      await near(
        next.mean,
        means.map((m) => 0.25 * m),
        1e-12,
      );
      await near(
        next.variance,
        variances.map((v) => 0.75 + 0.25 * v),
        1e-12,
      );
      const [z, same] = layer.apply(params, next, x, { train: false });
      expect(same).toBe(next);
      const xs = await x.data();
      const want = xs.map(
        (v, i) => (v - 0.25 * means[i % 2]) / Math.sqrt(0.75 + 0.25 * variances[i % 2] + 1e-5),
      );
      await near(z, want, 1e-12);
      const byState = grad((t: Tensor) =>
        sum(layer.apply(params, state, t, { train: true })[1].mean),
      );
      expect(largest(await byState(x).data())).toBe(0);
    }),
  );

  test(
    "pooling, conv1d, dropout and residual are their ops",
    on(async () => {
      const x = normal(key(2), [2, 4, 4, 3]);
      expect(nn.maxPool({ size: 2 }).apply({}, x).shape).toEqual([2, 2, 2, 3]);
      expect(nn.avgPool({ size: 2 }).apply({}, x).shape).toEqual([2, 2, 2, 3]);
      await near(nn.globalAvgPool().apply({}, x), await mean(x, { axis: [1, 2] }).data(), 1e-12);
      expect(nn.globalMaxPool().apply({}, x).shape).toEqual([2, 3]);
      const line = normal(key(3), [2, 6, 3]);
      const conv = nn.conv1d(3, 5, { size: 3, padding: "same" });
      expect(conv.apply(conv.init(key(1)), line).shape).toEqual([2, 6, 5]);
      const k = key(8);
      await near(nn.dropout(0.5).apply({}, x, { key: k }), await dropout(k, x, 0.5).data(), 0);
      expect(nn.dropout(0.5).apply({}, x)).toBe(x);
      const around = nn.residual(nn.linear(3, 3));
      const p = around.init(key(1));
      const body = nn.linear(3, 3).apply(p.body as never, x);
      await near(around.apply(p, x), await add(x, body).data(), 1e-12);
    }),
  );

  test(
    "in a sequence, compiled, with keys and masks: the same as eager",
    on(async () => {
      const net = nn.sequential(
        nn.linear(3, 4),
        relu,
        nn.lstmLayer(4, 4, { layers: 2, bidirectional: true, dropout: 0.4 }),
        nn.dropout(0.2),
        nn.gruLayer(8, 2),
      );
      const p = net.init(key(1));
      const x = normal(key(2), [4, 2, 3]);
      const mask = tensor([
        [true, true],
        [true, true],
        [true, false],
        [true, false],
      ]);
      const f = (p: ReturnType<typeof net.init>, x: Tensor, mask: Tensor, k: Key) =>
        grad((q: typeof p) => sum(square(net.apply(q, x, { mask, key: k }))))(p);
      const step = compile(f);
      const want = leaves(f(p, x, mask, key(5)));
      for (const [i, g] of leaves(step(p, x, mask, key(5))).entries()) {
        await near(g, await want[i].data(), 1e-12);
      }
      step.dispose();
    }),
  );

  test(
    "layers leave nothing in memory but what they return",
    on(() => {
      const block = nn.transformerBlock(4, 2);
      const layer = nn.lstmLayer(4, 4, { layers: 2, bidirectional: true });
      const [p, q] = [block.init(key(1)), layer.init(key(2))];
      const x = ones([3, 2, 4]);
      const before = device.memory().tensors;
      const made = [block.apply(p, x), layer.apply(q, x)];
      expect(device.memory().tensors).toBe(before + 2);
      dispose(made);
    }),
  );
});

afterAll(() => {
  for (const { device } of present) device.dispose();
});
