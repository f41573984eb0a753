// Random draws: ranges, moments against their known values, independence of keys, and gradients to
// their parameters, on the reference device.

import { expect, test } from "vitest";
import { ShapeError, ValueError } from "../src/core/errors";
import { threefry } from "../src/core/random";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { grad } from "../src/grad/index";
import { dropout } from "../src/ops/dropout";
import {
  bernoulli,
  categorical,
  key,
  normal,
  permutation,
  split,
  truncatedNormal,
  uniform,
} from "../src/ops/random";
import { sum } from "../src/ops/reduce";
import { tensor } from "../src/tensor/create";
import { ones, zeros } from "../src/tensor/fill";
import type { Tensor } from "../src/tensor/tensor";

setDevice(referenceDevice());
const N = 20_000;
/** Moments of N draws lie within 5 of their standard errors. */
const within = (got: number, want: number, deviation: number) =>
  expect(Math.abs(got - want)).toBeLessThan((5 * deviation) / Math.sqrt(N));

async function moments(t: Tensor) {
  const data = [...(await t.data())];
  const mean = data.reduce((s, v) => s + v, 0) / data.length;
  const variance = data.reduce((s, v) => s + (v - mean) ** 2, 0) / data.length;
  return { data, mean, variance };
}

test("every seed has its own key, large and negative ones too", async () => {
  const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1, -(2 ** 32)];
  const all = await Promise.all(seeds.map(async (s) => String(await key(s).array())));
  expect(new Set(all).size).toBe(seeds.length);
  expect(all[0]).toBe("0,0");
  expect(all[3]).toBe("0,1");
  expect(() => key(0.5)).toThrow(
    new ValueError("key: the seed is no whole number: 0.5. Use one below 2^53."),
  );
});

test("split gives the keys of Threefry at counters (j, 1)", async () => {
  const keys = split(key(7), 3);
  expect(keys.length).toBe(3);
  for (const [j, k] of keys.entries()) {
    expect(await k.array()).toEqual(threefry(7, 0, j, 1).map((word) => word | 0));
  }
  expect(split(key(7)).length).toBe(2);
  expect(split(key(7), 0)).toEqual([]);
  const parts = split(tensor([5, 6], [2], "int32"), 2, 0); // an axis: no key
  expect(await parts[1].array()).toEqual([6]);
});

test("one key gives one draw, another key another", async () => {
  const draw = async (seed: number) => String(await uniform(key(seed), [5]).array());
  expect(await draw(1)).toBe(await draw(1));
  expect(await draw(1)).not.toBe(await draw(2));
});

test("uniform lies in its range, evenly", async () => {
  const { data, mean, variance } = await moments(uniform(key(1), [N], { low: -1, high: 3 }));
  expect(Math.min(...data)).toBeGreaterThanOrEqual(-1);
  expect(Math.max(...data)).toBeLessThan(3);
  within(mean, 1, 4 / Math.sqrt(12));
  within(variance, 16 / 12, 16 / Math.sqrt(180));
});

test("normal has its mean and deviation, and is never infinite", async () => {
  const { data, mean, variance } = await moments(normal(key(2), [N], { mean: 3, std: 2 }));
  expect(data.every(Number.isFinite)).toBe(true);
  within(mean, 3, 2);
  within(variance, 4, 4 * Math.SQRT2);
  const tails = data.filter((v) => Math.abs(v - 3) > 2 * 1.959964).length / N;
  within(tails, 0.05, Math.sqrt(0.05 * 0.95));
});

test("truncatedNormal stays between its bounds", async () => {
  const { data, mean, variance } = await moments(truncatedNormal(key(3), [N]));
  expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(2);
  within(mean, 0, 0.88);
  within(variance, 0.7737, 1); // 1 − 2 · 2 φ(2) / (2 Φ(2) − 1)
  const free = truncatedNormal(key(3), [N], { low: -Infinity, high: Infinity });
  expect([...(await free.data())].every(Number.isFinite)).toBe(true);
  expect(() => truncatedNormal(key(3), [2], { low: 1, high: 1 })).toThrow(ValueError);
});

test("bernoulli is true as often as asked", async () => {
  const { mean } = await moments(bernoulli(key(4), [N], 0.3));
  within(mean, 0.3, Math.sqrt(0.21));
  expect(await bernoulli(key(4), [2, 2], tensor([0, 1])).array()).toEqual([
    [0, 1],
    [0, 1],
  ]);
  expect(bernoulli(key(4), [3]).dtype).toBe("bool");
  expect(() => bernoulli(key(4), [3], 1.5)).toThrow(ValueError);
});

test("categorical draws by the softmax of its logits", async () => {
  const logits = tensor([Math.log(1), Math.log(3), Number.NEGATIVE_INFINITY]);
  const { data } = await moments(categorical(key(5), [N], logits));
  within(data.filter((v) => v === 1).length / N, 0.75, Math.sqrt(0.75 * 0.25));
  expect(data.every((v) => v === 0 || v === 1)).toBe(true);
  const sure = tensor([
    [0, 100],
    [100, 0],
  ]);
  const rows = categorical(key(5), [4, 2], sure);
  expect(rows.dtype).toBe("int32");
  expect(await rows.array()).toEqual(new Array(4).fill([1, 0]));
  const columns = tensor([
    [100, 100, 0],
    [0, 0, 100],
  ]);
  expect(await categorical(key(5), [3], columns, { axis: 0 }).array()).toEqual([0, 0, 1]);
  expect(() => categorical(key(5), [3], sure)).toThrow(
    new ShapeError(
      "categorical: logits do not fit: logits is [2, 2], the shape is [3]. " +
        "Without axis 1 they must broadcast to it.",
    ),
  );
});

test("permutation holds every index once", async () => {
  const p = [...(await permutation(key(6), 100).data())];
  expect([...p].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(p).not.toEqual([...(await permutation(key(7), 100).data())]);
  expect(permutation(key(6), 0).shape).toEqual([0]);
});

test("dropout keeps the expected value, and x where the rate is 0", async () => {
  const { data, mean } = await moments(dropout(key(8), ones([N]), 0.75));
  expect(new Set(data)).toEqual(new Set([0, 4]));
  within(mean, 1, 4 * Math.sqrt(0.25 * 0.75));
  const x = zeros([2]);
  expect(dropout(key(8), x, 0)).toBe(x);
  expect(() => dropout(key(8), x, 1)).toThrow(
    new ValueError("dropout: rate out of range: rate is 1. Use 0 up to below 1."),
  );
  expect(() => dropout(key(8), x, Number.NaN)).toThrow(ValueError);
});

test("gradients reach the parameters of a draw", async () => {
  const [k, shape] = [key(9), [6]];
  const z = [...(await normal(k, shape).data())];
  const total = z.reduce((s, v) => s + v, 0);
  const byStd = grad((std: Tensor) => sum(normal(k, shape, { mean: 1, std })))(tensor(2));
  expect(await byStd.item()).toBeCloseTo(total, 12);
  const byMean = grad((mean: Tensor) => sum(normal(k, shape, { mean })))(tensor(2));
  expect(await byMean.item()).toBe(6);
});

test("draws of parameters that do not broadcast, and no keys, are errors", () => {
  expect(() => normal(key(1), [2], { mean: zeros([3]) })).toThrow(
    new ShapeError(
      "normal: a parameter does not fit: it is [3], the draws are [2]. It must broadcast to them.",
    ),
  );
  expect(() => uniform(zeros([2]), [2])).toThrow(
    new ShapeError("uniform: no key: got float32 [2], a key is int32 [2]. Use key(seed)."),
  );
});
