// Networks of published files: tiny ones whose weights are a formula of name and index, against
// PyTorch's numbers (made by fixtures/published.py), and what a file that does not fit is told.

import { afterAll, describe, expect, test } from "vitest";
import { sizeOf } from "../src/core/shape";
import { treePaths } from "../src/core/tree";
import { decodeSafetensors, encodeSafetensors, type HostArray } from "../src/data/safetensors";
import { setDevice } from "../src/device/current";
import { checkGrads } from "../src/grad/check";
import { valueAndGrad } from "../src/grad/grad";
import { models } from "../src/nn/index";
import { crossEntropy } from "../src/ops/losses";
import { square } from "../src/ops/math";
import { key } from "../src/ops/random";
import { compile } from "../src/program/compile";
import { tensor } from "../src/tensor/create";
import { dispose } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, mapTree, type Tree } from "../src/tensor/tree";
import { findDevices } from "./devices";
import { largest, near } from "./fixture";
import file from "./fixtures/published.json";

const { present } = await findDevices();

/** Numbers in [−1, 1): the whole-number arithmetic of published.py. */
function uniform(name: string, count: number): Float64Array {
  let seed = 0;
  for (const letter of name) seed = (seed * 31 + letter.charCodeAt(0)) % 65537;
  return Float64Array.from(
    { length: count },
    (_, i) => (((i * 7919 + seed) * 104729) % 65537) / 32768.5 - 1,
  );
}

/** The array of a name, as published.py makes it. */
function made(name: string, shape: readonly number[]): HostArray {
  const u = uniform(name, sizeOf(shape));
  const scale = (sizeOf(shape) / shape[0] / 6) ** -0.5;
  const start = /\.weight$|\.gamma$/.test(name) ? 1 : 0;
  const data = u.map((v) => {
    if (name.endsWith("running_var")) return 1 + 0.5 * v;
    return shape.length === 1 ? start + 0.2 * v : v * scale;
  });
  return { data, shape };
}

/** A file with arrays of these names and shapes, written and read again. */
function fileOf(shapes: Record<string, { shape: readonly number[] }>): Record<string, HostArray> {
  const arrays = Object.entries(shapes).map(([name, { shape }]) => [name, made(name, shape)]);
  const bytes = encodeSafetensors({ arrays: Object.fromEntries(arrays), metadata: {} });
  return { ...decodeSafetensors(bytes).arrays };
}

const everyOf = (data: ArrayLike<number>, step: number) =>
  Array.from(data).filter((_, i) => i % step === 0);

/** Arrays by name against numbers by name: each all but equal to the largest of it. */
function nearAll(
  got: Record<string, { data: ArrayLike<number> }>,
  want: Record<string, readonly number[]>,
  step: number,
  rate: number,
) {
  for (const [name, list] of Object.entries(want)) {
    const data = everyOf(got[name].data, step);
    expect(data.length).toBe(list.length);
    const error = largest(data.map((v, i) => v - list[i]));
    // Next to weights of size 1 gradients below 1e-3 are differences of far larger numbers.
    expect(error, name).toBeLessThanOrEqual(rate * Math.max(largest(list), 1e-3));
  }
}

describe.each(present)("$name", ({ name: on, device }) => {
  const rate = on === "reference" ? 1e-8 : 1e-4;

  test.each(["bottleneck", "basic"] as const)("a residual network, %s", async (kind) => {
    setDevice(device);
    const before = device.memory().tensors;
    const { options, expected, labels } = file[kind];
    const net = models.resnet(options as models.ResnetOptions);
    const k = key(1);
    const start = net.init(k);
    const trees = net.load(fileOf(await net.save(start)));
    const x = tensor(uniform("images", 2 * 21 * 21 * 3), [2, 21, 21, 3]);
    const y = tensor(labels, [2], "int32");
    const [evaluated] = net.apply(trees.params, trees.state, x, { train: false });
    await near(evaluated, expected.evaluated, rate);
    const step = compile((params: models.ResnetParams, state: models.ResnetState) => {
      const loss = (p: models.ResnetParams) => {
        const [logits, next] = net.apply(p, state, x, { train: true });
        return [crossEntropy(logits, y), { logits, next }] as const;
      };
      const [[, aux], grads] = valueAndGrad(loss, { aux: true })(params);
      return { ...aux, grads };
    });
    const { logits, next, grads } = step(trees.params, trees.state);
    await near(logits, expected.logits, rate);
    const saved = await net.save({ params: grads, state: next });
    nearAll(saved, expected.grads, 7, rate);
    nearAll(saved, expected.state, 1, rate);
    step.dispose();
    dispose([k, start, trees, x, y, evaluated, logits, next, grads]);
    expect(device.memory().tensors).toBe(before);
  });

  test("bert", async () => {
    setDevice(device);
    const before = device.memory().tensors;
    const { options, ids, kinds, labels, expected } = file.bert;
    const net = models.bert(options);
    const k = key(1);
    const start = net.init(k);
    const params = net.load(fileOf(await net.save(start)));
    const x = tensor(ids.flat(), [2, 5], "int32");
    const types = tensor(kinds.flat(), [2, 5], "int32");
    const y = tensor(labels, [2], "int32");
    const { hidden, pooled } = net.encode(params, x, { types });
    await near(hidden, expected.hidden, rate);
    await near(pooled, expected.pooled, rate);
    const loss = (p: models.BertParams) => {
      const logits = net.apply(p, x, { types });
      return [crossEntropy(logits, y), logits] as const;
    };
    const [[value, logits], grads] = valueAndGrad(loss, { aux: true })(params);
    await near(logits, expected.logits, rate);
    nearAll(await net.save(grads), expected.grads, 3, rate);
    dispose([k, start, params, x, types, y, hidden, pooled, value, logits, grads]);
    expect(device.memory().tensors).toBe(before);
  });
});

describe("files", () => {
  const { device } = present[0];
  const ofShapes = (shapes: Readonly<Record<string, readonly number[]>>) =>
    fileOf(Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape }])));
  const tiny = models.bert(file.bert.options);
  const small = models.resnet({ blocks: [1], width: 2, classes: 3 });

  test("the published sizes have the published names and counts", () => {
    const sizes = (shapes: Readonly<Record<string, readonly number[]>>) => {
      const learned = Object.entries(shapes).filter(([name]) => !name.includes("running"));
      return [
        Object.keys(shapes).length,
        learned.reduce((total, [, shape]) => total + sizeOf(shape), 0),
      ];
    };
    const fifty = models.resnet50().names();
    expect(sizes(fifty)).toEqual([267, 25_557_032]);
    expect(fifty["layer4.0.downsample.0.weight"]).toEqual([2048, 1024, 1, 1]);
    expect(fifty["layer3.5.bn2.running_var"]).toEqual([256]);
    expect(sizes(models.resnet18().names())).toEqual([102, 11_689_512]);
    const base = models.bert().names();
    expect(sizes(base)).toEqual([199, 109_482_240]);
    expect(base["bert.encoder.layer.11.intermediate.dense.weight"]).toEqual([3072, 768]);
    expect(Object.keys(models.bert({ classes: 2 }).names()).length).toBe(201);
  });

  test("what is saved is what was loaded, to the bit", async () => {
    setDevice(device);
    for (const [shapes, again] of [
      [tiny.names(), async (from: Record<string, HostArray>) => tiny.save(tiny.load(from))],
      [small.names(), async (from: Record<string, HostArray>) => small.save(small.load(from))],
    ] as const) {
      const arrays = ofShapes(shapes);
      const saved = await again(arrays);
      expect(Object.keys(saved).sort()).toEqual(Object.keys(arrays).sort());
      for (const [name, { data, shape }] of Object.entries(saved)) {
        expect(shape).toEqual(arrays[name].shape);
        expect(Array.from(data)).toEqual(Array.from(arrays[name].data));
      }
    }
  });

  test("a layer of more rows and columns than are moved at a time", async () => {
    setDevice(device);
    const net = models.bert({ ...file.bert.options, size: 34, hidden: 70 });
    const arrays = ofShapes(net.names());
    const { blocks } = net.load(arrays);
    const w = await blocks[1].up.w.data();
    const { data } = arrays["bert.encoder.layer.1.intermediate.dense.weight"];
    for (let i = 0; i < 34; i++) {
      for (let o = 0; o < 70; o++) expect(w[i * 70 + o]).toBe(data[o * 34 + i]);
    }
  });

  test("bert: other ways to write the names, and what other tasks added", async () => {
    setDevice(device);
    const arrays = ofShapes(tiny.names());
    const want = await tiny.save(tiny.load(arrays));
    const old = Object.entries(arrays).map(([name, array]) => {
      const renamed = name
        .replace(/^bert\./, "")
        .replace("LayerNorm.weight", "LayerNorm.gamma")
        .replace("LayerNorm.bias", "LayerNorm.beta");
      return [renamed, array] as const;
    });
    const ids = { data: Int32Array.from([0, 1, 2, 3, 4, 5]), shape: [1, 6] };
    const cls = { data: new Float32Array(11), shape: [11] };
    const more = { "embeddings.position_ids": ids, "cls.predictions.bias": cls };
    const got = await tiny.save(tiny.load({ ...Object.fromEntries(old), ...more }));
    expect(got).toEqual(want);
  });

  test("a new head on an old body", async () => {
    setDevice(device);
    const three = ofShapes(small.names());
    const five = models.resnet({ blocks: [1], width: 2, classes: 5 });
    const saved = await five.save(five.load(three, { head: key(1) }));
    expect(saved["fc.weight"].shape).toEqual([5, 8]);
    expect(Array.from(saved["conv1.weight"].data)).toEqual(Array.from(three["conv1.weight"].data));
    const two = models.bert({ ...file.bert.options, classes: 2 });
    const head = await two.save(two.load(ofShapes(tiny.names()), { head: key(1) }));
    expect(head["classifier.weight"].shape).toEqual([2, 8]);
    const { classes: _, ...body } = file.bert.options;
    const bare = models.bert(body);
    const params = bare.load(ofShapes(tiny.names()));
    const x = tensor([2, 5], [1, 2], "int32");
    const pooled = await bare.encode(params, x).pooled.data();
    await near(bare.apply(params, x), pooled, 0);
  });

  test("a file that does not fit: all names that are wrong, and nothing is made", () => {
    setDevice(device);
    const before = device.memory().tensors;
    const { "fc.bias": _, ...rest } = ofShapes(small.names());
    const wrong = {
      ...rest,
      "conv1.weight": made("conv1.weight", [2, 3, 3, 3]),
      "layer1.1.conv1.weight": made("x", [1]),
      "bn1.num_batches_tracked": { data: Int32Array.of(4), shape: [] },
    };
    expect(() => small.load(wrong)).toThrow(
      'resnet: the arrays are not those of this network: missing (1): "fc.bias" [3]; ' +
        'of another shape (1): "conv1.weight" is [2, 3, 3, 3], not [2, 3, 7, 7]; ' +
        'left over (1): "layer1.1.conv1.weight". Use a file of a network of these sizes.',
    );
    expect(() => models.resnet50().load({})).toThrow(/missing \(267\): .* and 255 more\./);
    const short = { ...ofShapes(tiny.names()), "classifier.bias": { data: [1], shape: [3] } };
    expect(() => tiny.load(short)).toThrow('"classifier.bias" holds 1 numbers, not 3');
    expect(device.memory().tensors).toBe(before);
  });

  test("gradients of order 2", async () => {
    setDevice(device);
    /** The network squared as a function of those parameters whose paths `wanted` takes. */
    const check = async <P extends Tree>(
      params: P,
      wanted: (path: string) => boolean,
      f: (own: P) => Tensor,
    ) => {
      const chosen = treePaths(params).map(wanted);
      const g = (...made: Tensor[]) => {
        let [next, place] = [0, 0];
        return square(f(mapTree((t) => (chosen[place++] ? made[next++] : t), params)));
      };
      const list = leaves(params).filter((_, i) => chosen[i]);
      expect(list.length).toBeGreaterThan(8);
      await checkGrads(g, list, { order: 2 });
    };
    const net = models.resnet({ blocks: [1, 1], kind: "basic", width: 1, channels: 1, classes: 2 });
    const { params, state } = net.load(ofShapes(net.names()));
    const x = tensor(uniform("images", 2 * 9 * 9), [2, 9, 9, 1]);
    const vectors = /norm|head|shortcut/;
    await check(
      params,
      (path) => vectors.test(path),
      (p) => net.apply(p, state, x, { train: true })[0],
    );
    const one = { ...file.bert.options, vocabulary: 4, size: 2, layers: 1, hidden: 2 };
    const text = models.bert({ ...one, eps: 0.1 });
    const ids = tensor([1, 3, 0, 2, 0, 0], [2, 3], "int32");
    await check(
      text.load(ofShapes(text.names())),
      (path) => /words|types|w[qkvo]$|norm|up/.test(path),
      (p) => text.apply(p, ids),
    );
  });

  test("texts that do not fit are errors", () => {
    setDevice(device);
    const params = tiny.load(ofShapes(tiny.names()));
    const ids = tensor([[1, 2, 3, 4, 5, 6, 7]], [1, 7], "int32");
    expect(() => tiny.apply(params, ids)).toThrow(
      "bert: ids do not fit: ids is [1, 7], there are 6 places. Give [b, t], t from 1 to 6.",
    );
    const two = tensor([1, 2], [1, 2], "int32");
    expect(() => tiny.apply(params, two, { types: ids })).toThrow(
      "bert: types do not fit: types is [1, 7], ids is [1, 2]. Give one for each place.",
    );
    expect(() => models.resnet({ blocks: [] })).toThrow(
      "resnet: no stage: blocks is []. Give the blocks of each stage.",
    );
  });
});

afterAll(() => {
  for (const { device } of present) device.dispose();
});
