// Trees of tensors as files: values come back bit by bit, in the form that they had.

import { beforeAll, describe, expect, test } from "vitest";
import { episodes } from "../src/data/episodes";
import { classPool } from "../src/data/pool";
import { decodeSafetensors } from "../src/data/safetensors";
import {
  arraysTree,
  loadSafetensors,
  refillTree,
  saveSafetensors,
  treeArrays,
} from "../src/data/save";
import { sinusoids } from "../src/data/sinusoid";
import { taskTensors } from "../src/data/tensors";
import { init } from "../src/device/init";
import { mlp } from "../src/nn/sequential";
import { equal, key, tanh } from "../src/ops/index";
import { tensor } from "../src/tensor/create";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, mapTree, type Tree } from "../src/tensor/tree";

beforeAll(async () => {
  await init({ device: "reference" });
});

const sample = () => ({
  layers: [{ w: tensor([0.1, -0, 3, 4], [2, 2]), b: tensor([1e-30], [1]) }, {}] as Tree[],
  step: tensor(-7, [], "int32"),
  mask: tensor([true, false]),
});

async function values(tree: Tree): Promise<unknown[]> {
  return Promise.all(leaves(tree).map(async (t) => [t.dtype, t.shape, Array.from(await t.data())]));
}

describe("saveSafetensors", () => {
  test("names leaves by their paths", async () => {
    const { arrays, metadata } = decodeSafetensors(await saveSafetensors(sample(), { a: "b" }));
    expect(Object.keys(arrays).sort()).toEqual(["layers[0].b", "layers[0].w", "mask", "step"]);
    expect(metadata).toEqual({ a: "b" });
  });

  test("loads the tree that was saved, but for empty parts", async () => {
    const back = loadSafetensors(await saveSafetensors(sample())) as ReturnType<typeof sample>;
    const wanted = sample();
    expect(await values(back)).toEqual(await values({ ...wanted, layers: [wanted.layers[0]] }));
    expect(Array.isArray(back.layers)).toBe(true);
    const one = loadSafetensors(await saveSafetensors(tensor([5, 6]))) as Tensor;
    expect(await one.array()).toEqual([5, 6]);
  });

  test("parameters with functions between the layers come back in their form", async () => {
    const params = mlp([2, 3, 1], tanh).init(key(1));
    const back = loadSafetensors(await saveSafetensors(params)) as typeof params;
    expect(back[1]).toEqual({});
    const same = mapTree((x, y) => equal(x, y), back, params);
    const flags = await Promise.all(leaves(same).map((t) => t.data()));
    expect(flags.every((list) => list.every((v) => v === 1))).toBe(true);
    const one = { data: Float32Array.from([1]), shape: [1] };
    expect(() => arraysTree({ "a[4000000000]": one })).toThrow(
      'loadSafetensors: names do not make a tree: "a[4000000000]" is item 4000000000 of an ' +
        "array; one has 1048576 at most. Rename it.",
    );
  });

  test("names that objects inherit are names, but one is refused", async () => {
    const tree = { constructor: { valueOf: tensor(1) }, toString: [tensor(2)] } as unknown as Tree;
    expect(await values(loadSafetensors(await saveSafetensors(tree)))).toEqual(await values(tree));
    const one = { data: Float32Array.from([1]), shape: [1] };
    expect(() => arraysTree({ "__proto__.polluted": one })).toThrow(
      'loadSafetensors: no object may have the key of "__proto__.polluted". Rename it.',
    );
    expect("polluted" in {}).toBe(false);
  });

  test("names of other tools with dots become nested objects", async () => {
    const data = Float32Array.from([1]);
    const tree = arraysTree({ "layers.0.weight": { data, shape: [1] } }) as unknown;
    expect(tree).toMatchObject({ layers: { "0": { weight: { shape: [1] } } } });
  });

  test("keys that would be read as paths, and names that make no tree, are refused", async () => {
    await expect(saveSafetensors({ "a.b": tensor(1) })).rejects.toThrow(
      'saveSafetensors: a key cannot be part of a path: "a.b". Use keys without dots and brackets.',
    );
    const one = { data: Float32Array.from([1]), shape: [1] };
    expect(() => arraysTree({ a: one, "a.b": one })).toThrow(
      'loadSafetensors: names do not make a tree: "a.b" passes through another array. Rename one.',
    );
    expect(() => arraysTree({ "a.b": one, a: one })).toThrow(
      'loadSafetensors: names do not make a tree: "a" holds other arrays. Rename one.',
    );
  });
});

describe("refillTree", () => {
  test("keeps the form, empty parts included", async () => {
    const back = refillTree(sample(), await treeArrays(sample()));
    expect(back.layers[1]).toEqual({});
    expect(await values(back)).toEqual(await values(sample()));
  });

  test("refuses arrays of another tree", async () => {
    const arrays = await treeArrays(sample());
    const { step: _, ...fewer } = arrays;
    expect(() => refillTree(sample(), fewer)).toThrow(
      'refillTree: no array for "step". Use the arrays of such a tree.',
    );
    expect(() => refillTree(sample(), { ...arrays, more: arrays.step })).toThrow(
      'refillTree: the tree has no "more". Use the arrays of such a tree.',
    );
    expect(() => refillTree(sample(), { ...arrays, step: arrays.mask })).toThrow(
      'refillTree: shapes differ at "step": the array is [2], the tree has []. ',
    );
  });
});

describe("taskTensors", () => {
  test("images are [n, h, w, c] floats, labels an int32 vector", async () => {
    const images = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
    const pool = classPool({ images, height: 1, width: 2, counts: 4, names: ["a", "b", "c"] });
    const task = episodes({ classes: pool, way: 3, shot: 1, query: 2, key: 1 })(0);
    const { support, query } = taskTensors(task);
    expect([support.x.shape, support.y.shape, query.x.shape]).toEqual([
      [3, 1, 2, 1],
      [3],
      [6, 1, 2, 1],
    ]);
    expect([support.x.dtype, support.y.dtype]).toEqual(["float32", "int32"]);
    expect(Array.from(await query.x.data())).toEqual(Array.from(task.query.x));
    expect(await query.y.array()).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test("points are columns", async () => {
    const { support } = taskTensors(sinusoids({ key: 0, shot: 4 })(0));
    expect([support.x.shape, support.y.shape, support.y.dtype]).toEqual([
      [4, 1],
      [4, 1],
      "float32",
    ]);
  });
});
