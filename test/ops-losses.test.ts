// Softmax, normalization and losses against values worked out by hand, on the reference device.

import { expect, test } from "vitest";
import { DTypeError, IndexError, ShapeError, ValueError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { grad } from "../src/grad/index";
import { mul } from "../src/ops/arithmetic";
import { binaryCrossEntropy, crossEntropy, mse } from "../src/ops/losses";
import { batchNorm, layerNorm } from "../src/ops/normalize";
import { mean, sum, variance } from "../src/ops/reduce";
import { logSoftmax, softmax } from "../src/ops/softmax";
import { tensor } from "../src/tensor/create";
import { ones, zeros } from "../src/tensor/fill";
import type { Tensor } from "../src/tensor/tensor";

setDevice(referenceDevice());
const ints = (data: number[]) => tensor(data, [data.length], "int32");
const near = async (t: Tensor, want: number[]) => {
  const data = [...(await t.data())];
  expect(data.length).toBe(want.length);
  for (const [i, v] of want.entries()) expect(data[i]).toBeCloseTo(v, 12);
};
const ln = Math.log;

test("softmax sums to 1 along its axis, without overflow", async () => {
  const x = tensor([
    [ln(1), ln(3)],
    [1000, 1000],
  ]);
  await near(softmax(x), [0.25, 0.75, 0.5, 0.5]);
  await near(softmax(tensor([[ln(1)], [ln(3)]]), { axis: 0 }), [0.25, 0.75]);
  await near(logSoftmax(x), [ln(0.25), ln(0.75), ln(0.5), ln(0.5)]);
  await near(logSoftmax(tensor([[ln(1)], [ln(3)]]), { axis: -2 }), [ln(0.25), ln(0.75)]);
  expect(softmax(zeros([2, 0])).shape).toEqual([2, 0]);
  expect(() => softmax(ints([1]))).toThrow(
    new DTypeError('softmax: wrong dtype: x is int32. Use cast(x, "float32").'),
  );
});

test("crossEntropy takes labels or probabilities", async () => {
  const logits = tensor([
    [ln(1), ln(3)],
    [ln(1), ln(1)],
  ]);
  await near(crossEntropy(logits, ints([1, 0])), [(-ln(0.75) - ln(0.5)) / 2]);
  await near(crossEntropy(logits, ints([1, 0]), { reduction: "none" }), [-ln(0.75), -ln(0.5)]);
  await near(crossEntropy(logits, ints([0, 0]), { reduction: "sum" }), [-ln(0.25) - ln(0.5)]);
  const p = tensor([
    [0.5, 0.5],
    [0, 1],
  ]);
  await near(crossEntropy(logits, p), [(-(ln(0.25) + ln(0.75)) / 2 - ln(0.5)) / 2]);
  await near(crossEntropy(tensor([0, 0]), tensor(1, [], "int32")), [ln(2)]);
});

test("the gradient of crossEntropy is softmax less the label", async () => {
  const g = grad((t: Tensor) => crossEntropy(t, ints([1])));
  await near(g(tensor([[ln(1), ln(3)]])), [0.25, -0.25]);
});

test("targets that do not fit are errors", () => {
  const logits = zeros([2, 3]);
  expect(() => crossEntropy(logits, ints([0, 1, 2]))).toThrow(
    new ShapeError(
      "crossEntropy: targets do not fit: logits is [2, 3], targets is [3] int32. " +
        "Give labels of shape [2].",
    ),
  );
  expect(() => crossEntropy(logits, zeros([2]))).toThrow(
    new ShapeError(
      "crossEntropy: targets do not fit: logits is [2, 3], targets is [2] float32. " +
        "Give probabilities of the logits' shape, or labels as int32.",
    ),
  );
  expect(() => crossEntropy(logits, ints([0, 3]))).toThrow(IndexError);
  expect(() => crossEntropy(logits, zeros([2], "bool"))).toThrow(DTypeError);
  expect(() => crossEntropy(logits, ints([0, 1]), { reduction: "avg" as "mean" })).toThrow(
    new ValueError('crossEntropy: unknown reduction: "avg". Use "mean", "sum" or "none".'),
  );
});

test("mse and binaryCrossEntropy want one shape", async () => {
  await near(mse(tensor([1, 2]), tensor([3, 5])), [6.5]);
  await near(binaryCrossEntropy(tensor([ln(3), -1000]), ints([1, 0])), [-ln(0.75) / 2]);
  await near(binaryCrossEntropy(tensor([1000]), tensor([0])), [1000]);
  expect(() => mse(zeros([2, 1]), zeros([2]))).toThrow(
    new ShapeError(
      "mse: shapes differ: prediction is [2, 1], target is [2]. " +
        "Give both one shape; nothing broadcasts here.",
    ),
  );
});

test("layerNorm and batchNorm bring mean 0 and variance 1", async () => {
  const x = tensor([
    [1, 3],
    [2, 10],
    [6, 2],
  ]);
  const gamma = tensor([2, 3]);
  const beta = tensor([10, 20]);
  await near(layerNorm(x, gamma, beta, { eps: 0 }), [8, 23, 8, 23, 12, 17]);
  const y = batchNorm(x, ones([2]), zeros([2]), { eps: 0 });
  await near(mean(y, { axis: 0 }), [0, 0]);
  await near(variance(y, { axis: 0 }), [1, 1]);
  await near(batchNorm(tensor([[1], [3]]), ones([1]), zeros([1]), { eps: 3 }), [-0.5, 0.5]);
});

test("normalization does not see shift and scale of its input", async () => {
  const w = tensor([
    [1, -2],
    [0.5, 3],
    [2, 1],
  ]);
  const f = (t: Tensor) => sum(mul(w, batchNorm(t, ones([2]), zeros([2]), { eps: 0 })));
  const x = tensor([
    [1, 3],
    [2, 10],
    [6, 2],
  ]);
  const g = grad(f)(x);
  await near(sum(g, { axis: 0 }), [0, 0]); // along a shift
  await near(sum(mul(g, x)), [0]); // along a scale
});

test("gamma and beta must broadcast to x", () => {
  const x = zeros([2, 3]);
  expect(layerNorm(x, ones([3]), zeros([1])).shape).toEqual([2, 3]);
  expect(() => layerNorm(x, ones([2]), zeros([3]))).toThrow(
    new ShapeError(
      "layerNorm: shapes do not fit: x is [2, 3], gamma is [2]. gamma must broadcast to x.",
    ),
  );
  expect(() => batchNorm(x, ones([3]), zeros([4, 2, 3]))).toThrow(ShapeError);
  expect(() => batchNorm(zeros([3]), ones([3]), zeros([3]))).toThrow(
    new ShapeError("batchNorm: nothing to take statistics over: x is [3]. Give [..., channels]."),
  );
  expect(() => layerNorm(x, ones([3]), zeros([3]), { eps: -1 })).toThrow(ValueError);
});
