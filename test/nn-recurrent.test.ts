// Recurrent layers against plain loops and against what they promise: lengths, state, both ways,
// dropout by key, gradients of order 3.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { checkGrads } from "../src/grad/check";
import * as nn from "../src/nn/index";
import { flip, slice } from "../src/ops/movement";
import { key, normal } from "../src/ops/random";
import { tensor } from "../src/tensor/create";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, mapTree } from "../src/tensor/tree";
import { largest, near } from "./fixture";

const device = referenceDevice();
beforeEach(() => setDevice(device));
afterAll(() => device.dispose());

describe("recurrent layers", () => {
  const recurrent = [
    ["lstm", nn.lstmLayer],
    ["gru", nn.gruLayer],
    ["rnn", nn.rnnLayer],
  ] as const;

  test.each(recurrent)("%s: gradients of order 3, stacked, both ways, masked", async (_, make) => {
    const layer = make(1, 1, { layers: 2, bidirectional: true });
    const params = layer.init(key(1));
    const x = normal(key(2), [3, 2, 1]);
    const mask = tensor([
      [true, true],
      [true, true],
      [true, false],
    ]);
    const list = leaves(params);
    const f = (...made: Tensor[]) => {
      let next = 0;
      const own = mapTree(() => made[next++], params);
      return layer.apply(own, made[list.length], { mask });
    };
    await checkGrads(f, [...list, x], { order: 3 });
  });

  test.each(recurrent)("%s: a batch of lengths is each sequence alone", async (_, make) => {
    const layer = make(2, 3, { layers: 2, bidirectional: true });
    const params = layer.init(key(1));
    const x = normal(key(2), [5, 3, 2]);
    const lengths = [4, 5, 2];
    const { y, state } = layer.run(params, x, { lengths: tensor(Int32Array.from(lengths)) });
    for (const [r, n] of lengths.entries()) {
      const alone = layer.run(params, slice(x, [0, r, 0], [n, 1, 2]));
      await near(slice(y, [0, r, 0], [n, 1, 6]), await alone.y.data(), 1e-12);
      if (n < 5) expect(largest(await slice(y, [n, r, 0], [5 - n, 1, 6]).data())).toBe(0);
      for (const [i, own] of alone.state.entries()) {
        for (const way of ["forward", "backward"] as const) {
          const [all, one] = [state[i], own].map(
            (s) => (s as Record<typeof way, { h: Tensor }>)[way].h,
          );
          await near(slice(all, [r, 0], [1, 3]), await one.data(), 1e-12);
        }
      }
    }
  });

  test.each(recurrent)("%s: two halves with the state between are the whole", async (_, make) => {
    const layer = make(2, 3, { layers: 2 });
    const params = layer.init(key(1));
    const x = normal(key(2), [6, 2, 2]);
    const whole = layer.run(params, x);
    const first = layer.run(params, slice(x, [0], [4]));
    const second = layer.run(params, slice(x, [4], [2]), { state: first.state as never });
    await near(second.y, await slice(whole.y, [4], [2]).data(), 1e-12);
    for (const [i, t] of leaves(whole.state).entries()) {
      await near(leaves(second.state)[i], await t.data(), 1e-12);
    }
  });

  test("the gru is its equations", async () => {
    const layer = nn.gruLayer(1, 1);
    const [p] = layer.init(key(7));
    const bh = tensor([0.3]);
    const params = [{ forward: { ...p.forward, bh } }];
    const [wx, wh, b] = await Promise.all(
      [p.forward.wx, p.forward.wh, p.forward.b].map((t) => t.data()),
    );
    const xs = [0.5, -1, 2];
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    let h = 0;
    const want = xs.map((x) => {
      const [r, z] = [0, 1].map((g) => sigmoid(x * wx[g] + h * wh[g] + b[g]));
      const n = Math.tanh(x * wx[2] + b[2] + r * (h * wh[2] + 0.3));
      h = (1 - z) * n + z * h;
      return h;
    });
    await near(layer.apply(params, tensor(xs, [3, 1, 1])), want, 1e-12);
  });

  test("backwards is forwards on the reversed sequence", async () => {
    const layer = nn.lstmLayer(2, 3, { bidirectional: true });
    const [{ forward }] = layer.init(key(1));
    const x = normal(key(2), [4, 2, 2]);
    const y = layer.apply([{ forward, backward: forward }], x);
    const turned = layer.apply([{ forward, backward: forward }], flip(x, 0));
    const ahead = slice(y, [0, 0, 0], [4, 2, 3]);
    const behind = slice(turned, [0, 0, 3], [4, 2, 3]);
    await near(flip(behind, 0), await ahead.data(), 1e-12);
  });

  test("dropout is between recurrent layers only, by key", async () => {
    const k = key(4);
    const x = normal(key(2), [3, 2, 2]);
    const one = nn.lstmLayer(2, 3, { dropout: 0.5 });
    const p = one.init(key(1));
    await near(one.apply(p, x, { key: k }), await one.apply(p, x).data(), 0);
    const two = nn.lstmLayer(2, 3, { layers: 2, dropout: 0.5 });
    const q = two.init(key(1));
    const values = async (t: Tensor) => Array.from(await t.data());
    const dropped = await values(two.apply(q, x, { key: k }));
    expect(dropped).toEqual(await values(two.apply(q, x, { key: k })));
    expect(dropped).not.toEqual(await values(two.apply(q, x, { key: key(5) })));
    expect(dropped).not.toEqual(await values(two.apply(q, x)));
  });
});
