// fit: a training cut in parts has the bits of an undisturbed one, frees what it made, and says
// where a number broke.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stream } from "../src/core/random";
import { type Batches, batches } from "../src/data/batches";
import type { Device } from "../src/device/device";
import { init } from "../src/device/init";
import { dropout } from "../src/nn/dropout";
import { linear } from "../src/nn/linear";
import { sequential } from "../src/nn/sequential";
import { relu } from "../src/ops/activation";
import { add, div, mul, sub } from "../src/ops/arithmetic";
import { equal, less, where } from "../src/ops/compare";
import { crossEntropy } from "../src/ops/losses";
import { log, sqrt, square } from "../src/ops/math";
import { key, uniform } from "../src/ops/random";
import { argmax, mean } from "../src/ops/reduce";
import { adam } from "../src/optim/adam";
import { clipByNorm } from "../src/optim/clip";
import { sgd } from "../src/optim/sgd";
import { tensor } from "../src/tensor/create";
import { zeros } from "../src/tensor/fill";
import { dispose, scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, type Tree } from "../src/tensor/tree";
import { evaluator } from "../src/train/evaluate";
import { fit as train } from "../src/train/fit";
import type { FitOptions } from "../src/train/options";

const COUNT = 70;
const random = stream(1);
const points = Array.from({ length: COUNT }, () => [random.normal(), random.normal()]);
const rings = points.map(([a, b]) => Number(a * a + b * b > 1.2));

function rows(options: { size: number; seed?: number; spoil?: number }): Batches {
  return batches({
    ...{ count: COUNT, size: options.size, seed: options.seed },
    collate: (ids) => ({
      x: {
        data: Float32Array.from(
          ids.flatMap((i) => points[i].map((v) => (i === options.spoil ? Number.NaN : v))),
        ),
        shape: [ids.length, 2],
      },
      y: { data: Int32Array.from(ids, (i) => rings[i]), shape: [ids.length] },
    }),
  });
}

const net = sequential(linear(2, 16), relu, dropout(0.1), linear(16, 2));
type Params = ReturnType<typeof net.init>;
const fresh = (seed = 3) => scope(() => net.init(key(seed)));
const values = async (tree: Tree) =>
  Promise.all(leaves(tree).map(async (t) => Array.from(await t.data())));

let on: Device;
beforeAll(async () => {
  on = await init({ device: "wasm" });
});
afterAll(() => on.dispose());

function training(params: Params, more: Partial<FitOptions<Params, Tree>> = {}) {
  return train<Params, Tree>({
    params,
    loss: (p, batch, context) => crossEntropy(net.apply(p, batch.x, context), batch.y),
    optimizer: adam({ lr: 0.02 }),
    batches: rows({ size: 16, seed: 5 }),
    epochs: 4,
    seed: 7,
    ...more,
  });
}

const measures = () =>
  evaluator(rows({ size: 16 }), (p: Params, { x, y }) => {
    const logits = net.apply(p, x);
    return {
      loss: crossEntropy(logits, y, { reduction: "none" }),
      accuracy: equal(argmax(logits, { axis: -1 }), y),
    };
  });

describe("fit", () => {
  test("learns, reports every step and epoch, and frees all but its result", async () => {
    const params = fresh();
    const evaluate = measures();
    const before = on.memory().tensors;
    const steps: number[] = [];
    const result = await training(params, {
      ...{ epochs: 40, evaluate },
      onStep: ({ total, step, epoch }) => steps.push(total, step + 4 * epoch),
    });
    expect(result.ended).toBe("epochs");
    expect(result.steps).toBe(160);
    expect(steps).toEqual(Array.from({ length: 320 }, (_, i) => 1 + (i >> 1)));
    expect(result.epochs).toHaveLength(40);
    expect(result.epochs[39].measures.accuracy).toBeGreaterThan(0.9);
    expect(result.epochs[39].loss).toBeLessThan(result.epochs[0].loss / 2);
    evaluate.dispose();
    expect(on.memory().tensors).toBe(before + leaves(result.params).length);
    dispose(result.params);
    expect(leaves(params).every((t) => t.freed === "")).toBe(true);
    dispose(params);
  });

  test("measures by example, whatever the sizes of batches", async () => {
    const params = fresh();
    const [some, all] = [16, 70].map((size) =>
      evaluator(rows({ size }), (p: Params, { x, y }) => ({
        right: equal(argmax(net.apply(p, x), { axis: -1 }), y),
      })),
    );
    expect((await some(params)).right).toBeCloseTo((await all(params)).right, 6);
    const wrong = evaluator(rows({ size: 16 }), (p: Params, { x, y }) => ({
      loss: crossEntropy(net.apply(p, x), y),
    }));
    await expect(wrong(params)).rejects.toThrow(
      "evaluator: a measure does not fit: loss is []. Give one value an example, [n], as losses ",
    );
    dispose(params);
  });

  test.each([1, 3, 4, 7, 13])("resumed after step %d it has the same bits", async (stop) => {
    const params = fresh();
    const whole = await training(params);
    let saved = new Uint8Array();
    const signal = new AbortController();
    const first = await training(params, {
      signal: signal.signal,
      save: {
        write: (bytes) => {
          saved = bytes;
        },
      },
      onStep: ({ total }) => {
        if (total === stop) signal.abort();
      },
    });
    expect(first.ended).toBe("signal");
    expect(first.steps).toBeGreaterThanOrEqual(stop);
    const second = await training(params, { resume: saved });
    expect(second.steps).toBe(16);
    expect(await values(second.params)).toEqual(await values(whole.params));
    expect(second.epochs.map((e) => e.loss)).toEqual(whole.epochs.map((e) => e.loss));
    for (const { params } of [whole, first, second]) dispose(params);
    dispose(params);
  });

  test("saves every so many steps, and after every epoch", async () => {
    const params = fresh();
    const at: number[] = [];
    let done = 0;
    const { params: last } = await training(params, {
      save: { every: 3, write: () => void at.push(done) },
      epochs: 2,
      onStep: ({ total }) => {
        done = total;
      },
    });
    expect(at).toEqual([3, 4, 6, 8]);
    dispose([last, params]);
  });

  test("stops when a measure no longer improves, at the best, resumed or not", async () => {
    const params = fresh();
    const before = on.memory().tensors;
    const course = [0.5, 0.7, 0.6, Number.NaN, 0.65, 0.9];
    const seen: number[][] = [];
    let epoch = 0;
    const evaluate = async (p: Tree) => {
      seen.push((await values(p)).flat());
      return { accuracy: course[epoch++] };
    };
    const stop = { measure: "accuracy", patience: 2 };
    const saved: Uint8Array[] = [];
    const save = { write: (bytes: Uint8Array) => void saved.push(bytes) };
    const result = await training(params, { epochs: 10, evaluate, stop, save });
    expect([result.ended, result.epochs.length, result.best]).toEqual([
      "early",
      5,
      { epoch: 1, value: 0.7 },
    ]);
    expect((await values(result.params)).flat()).toEqual(seen[1]);
    epoch = 4;
    const again = await training(params, { epochs: 10, evaluate, stop, resume: saved[3] });
    expect([again.ended, again.epochs.length, again.best]).toEqual([
      "early",
      5,
      { epoch: 1, value: 0.7 },
    ]);
    expect(again.epochs[3].measures.accuracy).toBeNaN();
    expect(on.memory().tensors).toBe(before + 2 * leaves(params).length);
    expect((await values(again.params)).flat()).toEqual(seen[1]);
    dispose([params, result.params, again.params]);
  });

  test("lets the event loop have its turn", async () => {
    const params = fresh();
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 0);
    // Without a turn the timer would wait for all epochs.
    const result = await training(params, { epochs: 1e9, signal: abort.signal });
    expect(result.ended).toBe("signal");
    dispose([params, result.params]);
  });

  test("gives every step a key of its own, by seed", async () => {
    const draws = async (seed: number) => {
      const losses: number[] = [];
      const { params } = await train<{ w: Tensor }, Tree>({
        params: { w: tensor(1) },
        loss: ({ w }, _, { key }) => add(mul(w, 0), uniform(key, [])),
        optimizer: sgd({ lr: 0.1 }),
        batches: rows({ size: 16, seed: 0 }),
        ...{ epochs: 3, seed, onStep: ({ loss }) => losses.push(loss) },
      });
      dispose(params);
      return losses;
    };
    const [first, again, other] = [await draws(1), await draws(1), await draws(2)];
    expect(new Set(first).size).toBe(12);
    expect(again).toEqual(first);
    expect(other.some((x) => first.includes(x))).toBe(false);
  });

  test("carries running statistics", async () => {
    const params = { w: tensor([0.5]) };
    const result = await train<typeof params, { count: Tensor; same: Tensor }>({
      params,
      state: { count: zeros([]), same: tensor([4, 5]) },
      loss: ({ w }, { x }, { state }) => [
        mean(square(sub(mul(x, w), 1))),
        { count: add(state.count, 1), same: state.same },
      ],
      optimizer: sgd({ lr: 0.01 }),
      gradients: (g) => clipByNorm(g, 1),
      batches: rows({ size: 16, seed: 0 }),
      epochs: 3,
    });
    expect(await result.state.count.item()).toBe(12);
    expect(await result.state.same.array()).toEqual([4, 5]);
  });
});

describe("a number that breaks", () => {
  const fails = async (more: Partial<FitOptions<Params, Tree>>) => {
    const params = fresh();
    const before = on.memory().tensors;
    const error = await training(params, more).catch((e) => e);
    expect(on.memory().tensors).toBe(before);
    dispose(params);
    expect(error.name).toBe("ValueError");
    return error.message as string;
  };

  test("a rate that is too large: the step and the first parameter", async () => {
    const rate = (step: Tensor) => where(less(step, 2), 0, Number.POSITIVE_INFINITY);
    const message = await fails({ optimizer: sgd({ lr: rate }) });
    expect(message).toBe(
      'fit: the loss is NaN at step 4 (epoch 0, step 4): parameter "[0].b" is not finite since ' +
        "step 3, the first of them. Use a smaller learning rate or clip the gradients.",
    );
  });

  test("data with NaN: the array of the batch", async () => {
    const message = await fails({ batches: rows({ size: 70, seed: 5, spoil: 3 }) });
    expect(message).toBe(
      'fit: the loss is NaN at step 1 (epoch 0, step 1): all parameters are finite, but "x" of ' +
        "the batch is not. Check the data.",
    );
  });

  test("a loss out of its range: the gradient that is not finite first", async () => {
    const start = "fit: the loss is NaN at step 1 (epoch 0, step 1): all parameters are finite ";
    const far = (p: Params, x: Tensor) => sub(net.apply(p, x), 1e3);
    const root = await fails({ loss: (p, { x }) => mean(sqrt(far(p, x))) });
    expect(root).toContain(`${start}before it, its gradient by "[0].b" is not, first. Use a `);
    const logarithm = await fails({ loss: (p, { x }) => mean(log(far(p, x))) });
    expect(logarithm).toContain(`${start}before it, all gradients too. Use a smaller learning `);
  });

  test("parameters that break at the last step", async () => {
    const message = await fails({
      loss: (p, { x, y }) => div(crossEntropy(net.apply(p, x), y), 1),
      optimizer: sgd({ lr: 1e39 }),
      batches: rows({ size: 70, seed: 5 }),
      epochs: 1,
    });
    expect(message).toMatch(/^fit: parameter "\[0\]\.b" is not finite after step 1, the last\. /);
  });

  test("a state that is broken is not saved", async () => {
    const written: Uint8Array[] = [];
    const message = await fails({
      optimizer: sgd({ lr: 1e39 }),
      batches: rows({ size: 70, seed: 5 }),
      epochs: 1,
      save: { write: (bytes) => void written.push(bytes) },
    });
    expect(message).toContain('saveTraining: the state is broken: "params[0].b" is not finite ');
    expect(written).toEqual([]);
  });
});

describe("what fit refuses", () => {
  test.each([
    [{ batches: [] as never }, "fit: no batches: . Give data.batches({ … })."],
    [{ optimizer: "adam" as never }, "fit: no optimizer: adam. Give one, such as optim.adam("],
    [{ loss: undefined as never }, "fit: loss is no function: undefined. Write (params, batch) =>"],
    [
      { save: (() => 0) as never },
      "fit: save has no write: () => 0. Write { write: (bytes) => … }.",
    ],
    [{ lr: 0.1 } as object, "fit: unknown option: lr. Use params, state, loss, optimizer, "],
    [{ epochs: 1.5 }, "fit: epochs is no whole number from 0: 1.5. Use 0 or more."],
    [
      { save: { every: 0, write: () => {} } },
      "fit: save.every is no whole number from 1: 0. Use 1 or more.",
    ],
    [
      { stop: { measure: "accuracy", patience: 1 } },
      'fit: nothing measures "accuracy", which stop waits for. Give evaluate.',
    ],
    [
      { stop: { measure: "f1", patience: 1 }, evaluate: async () => ({ accuracy: 1 }) },
      'fit: no measure "f1", which stop waits for: evaluate gave accuracy. Name one.',
    ],
  ])("%j", async (more, text) => {
    const params = fresh();
    await expect(training(params, more)).rejects.toThrow(text);
    dispose(params);
  });

  test("a state of other batches, or of none", async () => {
    const params = fresh();
    let saved = new Uint8Array();
    const save = {
      write: (bytes: Uint8Array<ArrayBuffer>) => {
        saved = bytes;
      },
    };
    const { params: last } = await training(params, { epochs: 1, save });
    await expect(
      training(params, { resume: saved, batches: rows({ size: 8, seed: 5 }) }),
    ).rejects.toThrow("fit: the saved state is of other batches: {");
    await expect(training(params, { resume: new Uint8Array(4) })).rejects.toThrow(
      "safetensors: the saved state is no safetensors file or is damaged: ",
    );
    dispose([last, params]);
  });
});
