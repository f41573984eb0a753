// The few-shot methods of the experiments: every one trains, is judged on the same tasks, gives the
// same bits twice and leaves nothing behind; and what the text tasks promise.

import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jointMethod, scratchMethod } from "../examples/experiment/fewshot/baselines";
import { type Domain, initNet, lossOf, stackTasks } from "../examples/experiment/fewshot/domain";
import { characterPools, imageDomain } from "../examples/experiment/fewshot/domains";
import { judgeOf, outcomeOf } from "../examples/experiment/fewshot/judge";
import {
  anilMethod,
  imamlMethod,
  type Method,
  mamlMethod,
  ofHead,
  protoMethod,
  protoTrained,
  reptileMethod,
} from "../examples/experiment/fewshot/methods";
import { plusPlusMethod, steppedNet } from "../examples/experiment/fewshot/plusPlus";
import { markedRelationPools, relationPools } from "../examples/experiment/fewshot/relations";
import {
  sentencePool,
  type TextPools,
  textDomain,
  textTasks,
} from "../examples/experiment/fewshot/text";
import { fineTuning, headLearner, updateNetMethod } from "../examples/experiment/s4/updateNet";
import { setDevice } from "../src/device/current";
import { wasmDevice } from "../src/device/wasm/device";
import { inner, unroll } from "../src/meta/index";
import { key } from "../src/ops/index";
import { tensor } from "../src/tensor/create";
import { dispose } from "../src/tensor/scope";
import { leaves, type Tree } from "../src/tensor/tree";

let device: Awaited<ReturnType<typeof wasmDevice>>;
beforeAll(async () => {
  device = await wasmDevice();
  setDevice(device);
});
afterAll(() => device.dispose());

const quiet = async () => {};
const pools = characterPools();
const images = (): Domain =>
  imageDomain({
    ...{ name: "characters", pools, filters: 4, tasks: 2, testTasks: 8, threshold: 0.2 },
    ...{ steps: 2, testSteps: 2 },
    elsewhere: { name: "others", pool: pools.valid, testTasks: 4, threshold: 0.99 },
  });
const texts = (): Domain => {
  const [train, valid, test] = [12, 8, 8].map((n, i) => sentencePool(n, i));
  return textDomain({
    ...{ name: "sentences", pools: { train, valid, test }, shot: 1, size: 6, filters: 6 },
    ...{ steps: 2, innerLr: 0.4, tasks: 2, testTasks: 8, threshold: 0.2 },
  });
};

describe("every method", () => {
  const sgd = inner.sgd({ lr: 0.4 }) as never;
  const conv = { channels: 1, filters: 4, way: 5 };
  const methods: [string, () => Domain, Method][] = [
    ["fresh weights", images, scratchMethod],
    ["joint pre-training", images, jointMethod],
    ["MAML", images, mamlMethod({ order: 2 })],
    ["MAML++", images, plusPlusMethod({ conv, steps: 2, lr: 0.4 })],
    ["ANIL", images, anilMethod(4)],
    ["Reptile", images, reptileMethod({ inner: sgd, steps: 2, shot: 2, rate: 1 })],
    ["iMAML", images, imamlMethod({ steps: 2, lr: 0.4, lambda: 0.5 })],
    ["ProtoNet", images, protoMethod],
    ["fine-tuning", images, fineTuning(ofHead)],
    ["update net", images, updateNetMethod({ base: false, hidden: 2 })],
    ["update net, model learns", images, updateNetMethod({ base: true, hidden: 2 })],
    ["MAML of sentences", texts, mamlMethod({ order: 2 })],
    ["update net of sentences", texts, updateNetMethod({ base: true, hidden: 2 })],
  ];

  test.each(methods)("%s: same bits twice, no leak", async (name, make, method) => {
    const one = async () => {
      const { times, ...numbers } = await method({ ...work, domain: make() });
      expect(times!.train).toBeGreaterThanOrEqual(0);
      return numbers;
    };
    const work = { seed: 1, flops: 6e7, tell: quiet };
    const first = await one();
    const { metrics, curves } = first;
    expect(metrics.last).toBeGreaterThanOrEqual(0);
    expect(metrics.last).toBeLessThanOrEqual(1);
    expect(metrics.notFinite).toBe(0);
    expect(curves!.steps.length).toBe(3);
    if (make === images) expect(metrics.lastThere).toBe(curves!.stepsThere[2][1]);
    const before = device.memory().tensors;
    expect(await one()).toEqual(first);
    const left = device.memory().tensors - before;
    // What ProtoNet trained is kept for the other methods of its domain: a trunk.
    const trunk = /ProtoNet|tuning|update/.test(name) ? (make === images ? 12 : 3) : 0;
    expect(left).toBe(trunk);
  });
});

test("what several methods begin with is trained once, and theirs to free", async () => {
  const work = { domain: images(), seed: 3, flops: 6e7, tell: quiet };
  const first = await protoTrained(work);
  const values = await leaves(first.state)[0].data();
  dispose(first.state);
  let told = 0;
  const again = await protoTrained({ ...work, tell: async () => void told++ });
  expect(told).toBe(0);
  expect(await leaves(again.state)[0].data()).toEqual(values);
  await protoTrained({ ...work, seed: 4, tell: async () => void told++ });
  expect(told).toBeGreaterThan(0);
});

test("features found once give the meta-gradient of an unroll of the whole net", async () => {
  const domain = images();
  const { net, steps } = domain;
  const [updates, moves] = [inner.updateNet({ lr: 0.5, hidden: 2 }), ofHead];
  const learner = headLearner(domain, updates as never);
  const whole = unroll({
    loss: lossOf(domain),
    inner: inner.only(moves, updates),
    steps,
    order: 2,
  });
  const params = initNet(net, 1);
  const learned = { params, meta: learner.initMeta(params, key(2)) };
  const tasks = stackTasks([0, 1].map(domain.train(3)));
  const [value, grads] = learner.metaGrad(learned, tasks);
  const expected = whole.metaGrad(learned as never, tasks);
  expect(await value.item()).toBeCloseTo(await expected.value.item(), 5);
  const sizes: number[] = [];
  for (const [i, leaf] of leaves(grads).entries()) {
    const [found, right] = [await leaf.data(), await leaves(expected.grads)[i].data()];
    const size = Math.hypot(...right);
    sizes.push(size);
    const apart = Math.hypot(...found.map((x, k) => x - right[k]));
    expect(apart).toBeLessThanOrEqual(1e-4 * size);
  }
  expect(sizes.filter((size) => size > 0).length).toBeGreaterThan(12);
});

test("scores elsewhere have names of their own, thresholds too", () => {
  const scores = {
    score: [
      [0, 0.5],
      [1, 0.5],
      [1, 1],
    ],
    f1: [
      [0, 0],
      [0, 0],
      [1, 1],
    ],
  };
  const { metrics, curves } = outcomeOf(images(), scores, 2e9, scores);
  expect(metrics).toMatchObject({ last: 1, first: 1, f1: 1, flops: 2, toThreshold: 0 });
  expect(metrics).toMatchObject({ lastThere: 1, f1There: 1, toThresholdThere: 2 });
  expect(curves!.stepsThere).toEqual([
    [0, 0.25],
    [1, 0.75],
    [2, 1],
  ]);
});

test("accuracy and F1 are of the largest outputs, by task", async () => {
  const domain = { kind: "images", way: 2 } as const;
  const way = tensor([1, 0, 0, 1, 1, 0, 1, 0], [4, 2]); // says 0, 1, 0, 0
  const judge = judgeOf(domain, (w: { way: typeof way }) => w.way, [0]);
  const side = { x: new Float32Array(4), y: Int32Array.of(0, 1, 1, 0), shape: [4, 1] };
  const task = { support: side, query: side } as never;
  const { score, f1 } = await judge.scores({ way }, { stream: () => task, tasks: 3 });
  expect(score).toEqual([[0.75, 0.75, 0.75]]);
  expect(f1[0][0]).toBeCloseTo((4 / 5 + 2 / 3) / 2, 12);
  judge.dispose();
});

test("the net of MAML++ judges by the batch or by what it has seen at each step", async () => {
  const net = steppedNet({ channels: 1, filters: 4, way: 5 }, 2);
  const params = net.init(1);
  const pixels = Array.from({ length: 5 * 28 * 28 }, (_, i) => Math.sin(i));
  const batch = tensor(pixels, [5, 28, 28, 1]);
  const seen = net.statistics();
  const [a, next] = net.apply(params, seen, batch, { train: true, step: 1 });
  const [b] = net.apply(params, next, batch, { train: false, step: 1 });
  const [c] = net.apply(params, next, batch, { train: false, step: 2 });
  const values = await Promise.all([a, b, c].map(async (t) => [...(await t.data())]));
  expect(values[1]).not.toEqual(values[0]);
  expect(values[2]).not.toEqual(values[1]);
  expect(leaves(next as unknown as Tree).map(({ shape }) => shape)).toEqual(Array(8).fill([3, 4]));
});

describe("text tasks", () => {
  const pool = sentencePool(9, 5);

  test("are by index and seed; support and query share no sentence", () => {
    const tasks = textTasks(pool, { way: 5, shot: 2, query: 3, seed: 7 });
    expect(tasks(4)).toEqual(tasks(4));
    expect(tasks(4)).not.toEqual(tasks(5));
    const { support, query, classes } = tasks(4);
    expect(new Set(classes).size).toBe(5);
    expect([support.shape, query.shape]).toEqual([
      [10, 12, 1],
      [15, 12, 1],
    ]);
    const rows = (x: Int32Array) =>
      Array.from({ length: x.length / 12 }, (_, i) => x.slice(12 * i, 12 * i + 12).join(" "));
    const all = [...rows(support.x), ...rows(query.x)];
    expect(new Set(all).size).toBe(25);
    const sentences = pool.classes[classes[query.y[14]]].map((words) => words.join(" "));
    expect(sentences).toContain(rows(query.x)[14]);
  });

  test("a sentence says five times one of its class's four meanings", () => {
    for (const sentences of pool.classes) {
      const meanings = new Set<number>();
      for (const words of sentences) {
        const said = [...words].filter((word) => word <= 200);
        expect(said.length).toBe(5);
        for (const word of said) meanings.add(Math.floor((word - 1) / 5));
      }
      expect(meanings.size).toBe(4);
    }
  });

  const folder = process.env.HYPERGRAD_DATA ?? "../shared/data";
  const real = existsSync(`${folder}/fewrel`);
  test.skipIf(!real)("real FewRel: relations of three parts, names hidden on demand", async () => {
    const sizes = async (pools: Promise<TextPools>) => {
      const { train, valid, test: tested } = await pools;
      const names = [train, valid, tested].map(({ names }) => names);
      expect(new Set(names.flat()).size).toBe(names.flat().length);
      return names.map((list) => list.length);
    };
    expect(await sizes(relationPools(folder))).toEqual([56, 8, 16]);
    const more = ["val_semeval", "val_pubmed"];
    expect(await sizes(markedRelationPools(folder, { more }))).toEqual([49, 5, 6]);
    expect(await sizes(markedRelationPools(folder, { most: 10 }))).toEqual([10, 5, 6]);
    const [named, nameless] = await Promise.all([
      markedRelationPools(folder),
      markedRelationPools(folder, { nameless: true }),
    ]);
    // Where a word is at no distance from the first entity there is one word in all sentences.
    const first = ({ test: pool }: TextPools) =>
      new Set(
        pool.classes.flat().flatMap((x) => {
          const at = Array.from({ length: 36 }, (_, i) => 3 * i);
          return at.flatMap((i) => (x[i] !== 0 && x[i + 1] === 36 ? [x[i]] : []));
        }),
      );
    expect(first(named).size).toBeGreaterThan(100);
    expect(first(nameless).size).toBe(1);
  });
});
