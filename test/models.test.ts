// The networks of the experiments: the sizes that their definitions give, that padding means
// nothing, and that they can be differentiated twice and compiled.

import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { treePaths } from "../src/core/tree";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { checkGrads } from "../src/grad/check";
import { grad } from "../src/grad/grad";
import * as nn from "../src/nn/index";
import type { Layer } from "../src/nn/layer";
import { crossEntropy } from "../src/ops/losses";
import { square } from "../src/ops/math";
import { concat } from "../src/ops/movement";
import { type Key, key, normal } from "../src/ops/random";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { ones, zeros } from "../src/tensor/fill";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, mapTree, type Tree } from "../src/tensor/tree";
import { near } from "./fixture";

const { models } = nn;
const device = referenceDevice();
beforeEach(() => setDevice(device));
afterAll(() => device.dispose());

const count = (tree: Tree) => leaves(tree).reduce((n, t) => n + t.size, 0);

const ints = (rows: number[][]) => tensor(rows, [rows.length, rows[0].length], "int32");

/** What a layer gives for x, made of parameters of a key. */
const result = <P extends Tree>(layer: Layer<P>, x: Tensor) => layer.apply(layer.init(key(1)), x);

/** The layer squared as a function of its parameters, one by one, but the biases of attention's
 * keys: they move all scores of a query alike, so their gradient is 0 and has no relative error. */
function ofLeaves<P extends Tree>(layer: Layer<P>, x: Tensor) {
  const params = layer.init(key(1));
  const paths = treePaths(params);
  const checked = (_: unknown, i: number) => !paths[i].endsWith(".bk");
  const f = (...made: Tensor[]) => {
    let [next, place] = [0, 0];
    const own = mapTree((t) => (checked(t, place++) ? made[next++] : t), params);
    return square(layer.apply(own, x));
  };
  return { f, list: leaves(params).filter(checked) };
}

describe("sizes", () => {
  test("the networks have as many parameters as their definitions", () => {
    const k = key(0);
    const conv = (inputs: number, outputs: number) => 9 * inputs * outputs + outputs;
    const dense = (inputs: number, outputs: number) => inputs * outputs + outputs;
    const lstm = (inputs: number, units: number) => 4 * (units * (inputs + units) + units);
    expect(count(models.cifarCnn().init(k))).toBe(
      conv(3, 32) + conv(32, 64) + dense(6 * 6 * 64, 128) + dense(128, 10),
    );
    expect(count(models.cifarCnn({ hidden: [], padding: "same" }).init(k))).toBe(
      conv(3, 32) + conv(32, 64) + dense(8 * 8 * 64, 10),
    );
    expect(count(models.mnistMlp().init(k))).toBe(669_706);
    expect(count(models.imdbLstm().init(k))).toBe(
      10_000 * 128 + lstm(128, 128) + dense(128, 128) + dense(128, 1),
    );
    expect(count(models.titanicMlp(9).init(k))).toBe(dense(9, 32) + dense(32, 16) + dense(16, 1));
    const block = 32 * 32 * 9 + 2 * 32;
    expect(count(models.fewShotCnn().init(k))).toBe(9 * 32 + 64 + 3 * block + dense(32, 5));
    expect(count(models.textRnn({ vocabulary: 9, size: 4, units: 3, classes: 6 }).init(k))).toBe(
      9 * 4 + 4 * 3 + 3 * 3 + 3 + dense(3, 6),
    );
  });

  test("results are one row of logits an example", () => {
    expect(result(models.cifarCnn({ filters: [2, 3] }), ones([2, 32, 32, 3])).shape).toEqual([
      2, 10,
    ]);
    expect(result(models.mnistMlp({ hidden: [4] }), ones([2, 28, 28, 1])).shape).toEqual([2, 10]);
    expect(result(models.titanicMlp(7), ones([3, 7])).shape).toEqual([3, 1]);
    const images = normal(key(2), [2, 28, 28, 1]);
    for (const halve of ["stride", "pool"] as const) {
      const net = models.fewShotCnn({ halve, filters: 4 });
      expect(result(net, images).shape).toEqual([2, 5]);
    }
    const flat = models.fewShotCnn({ head: { flatten: 2 }, filters: 4, classes: null });
    expect(result(flat, images).shape).toEqual([2, 16]);
    const speech = models.speechTransformer({ mels: 6, size: 8, heads: 2 });
    expect(result(speech, normal(key(2), [2, 5, 6])).shape).toEqual([2, 10]);
  });

  test("sizes that are none are errors", () => {
    expect(() => models.cifarCnn({ size: 8, filters: [4, 4, 4] })).toThrow(
      "cifarCnn: no pixel is left: images of 8 × 8 behind filters [4, 4, 4], " +
        'padding "valid". Use larger images or fewer rounds.',
    );
    expect(() => models.textLstm({ units: 0 })).toThrow(
      "textLstm: units is no whole number from 1: 0. Use 1 or more.",
    );
    expect(() => models.mnistMlp({ hidden: [3, 0.5] })).toThrow(
      "dense layers: hidden[1] is no whole number from 1: 0.5. Use 1 or more.",
    );
  });
});

const small = { vocabulary: 7, classes: 2, size: 4, std: 1 };
const texts: [string, Layer<Tree>][] = [
  ["lstm, last", models.textLstm({ ...small, units: 3 }) as Layer<Tree>],
  [
    "lstm, both ways",
    models.imdbLstm({ ...small, units: 2, hidden: [3], bidirectional: true }) as Layer<Tree>,
  ],
  ["gru, mean", models.textGru({ ...small, units: 3, pool: "mean" }) as Layer<Tree>],
  ["rnn, max", models.textRnn({ ...small, units: 3, layers: 2, pool: "max" }) as Layer<Tree>],
  ["transformer, mean", models.textTransformer({ ...small, heads: 2 }) as Layer<Tree>],
  ["transformer, max", models.textTransformer({ ...small, heads: 2, pool: "max" }) as Layer<Tree>],
];

describe.each(texts)("text by %s", (_, layer) => {
  const ids = () =>
    ints([
      [3, 1, 2],
      [5, 0, 0],
    ]);

  test("padding means nothing, and a mask replaces it", async () => {
    const params = layer.init(key(1));
    const x = ids();
    const y = await layer.apply(params, x).data();
    const padded = concat([x, zeros([2, 2], "int32")], 1);
    await near(layer.apply(params, padded), y, 1e-12);
    await near(layer.apply(params, ints([[5]])), y.slice(2), 1e-12);
    const other = ints([
      [3, 1, 2, 6],
      [5, 4, 4, 4],
    ]);
    const mask = tensor([
      [true, true, true, false],
      [true, false, false, false],
    ]);
    await near(layer.apply(params, other, { mask }), y, 1e-12);
    const empty = await layer.apply(params, ints([[0, 0]])).data();
    for (const v of empty) expect(Number.isFinite(v)).toBe(true);
  });

  test("gradients of order 2", async () => {
    const { f, list } = ofLeaves(layer, ids());
    await checkGrads(f, list, { order: 2 });
  });

  test("compiled, it is the same", async () => {
    const params = layer.init(key(1));
    const labels = tensor([1, 0], [2], "int32");
    const f = (p: Tree, x: Tensor) => grad((q: Tree) => crossEntropy(layer.apply(q, x), labels))(p);
    const step = compile(f);
    const want = leaves(f(params, ids()));
    for (const [i, g] of leaves(step(params, ids())).entries()) {
      await near(g, await want[i].data(), 1e-12);
    }
    step.dispose();
  });
});

test("dropout is by key, in every network that has it", async () => {
  const x = ints([[3, 1, 2]]);
  const rate = { dropout: 0.5 };
  const rows: [Layer<Tree>, Tensor][] = [
    [models.textLstm({ ...small, ...rate, hidden: [4] }) as Layer<Tree>, x],
    [models.textTransformer({ ...small, ...rate, heads: 2 }) as Layer<Tree>, x],
    [models.mnistMlp({ hidden: [64] }) as Layer<Tree>, normal(key(2), [1, 784])],
    [models.cifarCnn({ ...rate, filters: [2] }) as Layer<Tree>, normal(key(2), [1, 32, 32, 3])],
  ];
  for (const [layer, input] of rows) {
    const params = layer.init(key(1));
    const values = async (k?: Key) =>
      Array.from(await layer.apply(params, input, { key: k }).data());
    expect(await values(key(4))).toEqual(await values(key(4)));
    expect(await values(key(4))).not.toEqual(await values(key(5)));
    expect(await values(key(4))).not.toEqual(await values());
  }
});

test("the few-shot network's second gradient, through batch statistics", async () => {
  const layer = models.fewShotCnn({ filters: 2, layers: 2, classes: 2, eps: 0.1 });
  const { f, list } = ofLeaves(layer, normal(key(3), [2, 4, 4, 1]));
  await checkGrads(f, list, { order: 2 });
});
