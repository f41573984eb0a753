// Convolution and pooling against values worked out by hand, on the reference device.

import { expect, test } from "vitest";
import { DTypeError, ShapeError, ValueError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { checkGrads, grad } from "../src/grad/index";
import { mul } from "../src/ops/arithmetic";
import {
  type ConvOptions,
  conv1d,
  conv2d,
  conv2dInput,
  conv2dKernel,
  convTranspose2d,
} from "../src/ops/conv";
import { exp } from "../src/ops/math";
import { slice, stack } from "../src/ops/movement";
import { avgPool2d, maxPool2d } from "../src/ops/pool";
import { key, normal, split } from "../src/ops/random";
import { sum } from "../src/ops/reduce";
import { reshape } from "../src/ops/reshape";
import { tensor } from "../src/tensor/create";
import { arange, ones, zeros } from "../src/tensor/fill";
import type { Tensor } from "../src/tensor/tensor";

setDevice(referenceDevice());
const keys = split(key(11), 16);
const draw = (i: number, ...shape: number[]) => normal(keys[i], shape);
/** 1 to 9 in a 3 × 3 image of one channel. */
const image = reshape(arange(1, 10), [1, 3, 3, 1]);
const taps = (values: number[], kh: number, kw: number) => tensor(values, [kh, kw, 1, 1]);
const flat = async (t: Tensor) => [...(await t.data())];

test("conv2d slides the kernel, not flipped", async () => {
  const y = conv2d(image, taps([1, 10, 100, 1000], 2, 2));
  expect(y.shape).toEqual([1, 2, 2, 1]);
  expect(await flat(y)).toEqual([5421, 6532, 8754, 9865]);
});

test("padding, stride and dilation choose the taps", async () => {
  const one = ones([3, 3, 1, 1]);
  expect(await flat(conv2d(image, one, { padding: 1, stride: 2 }))).toEqual([12, 16, 24, 28]);
  expect(await flat(conv2d(image, ones([2, 2, 1, 1]), { dilation: 2 }))).toEqual([20]);
  const sided: ConvOptions = {
    padding: [
      [1, 0],
      [0, 2],
    ],
    stride: [3, 2],
  };
  expect(await flat(conv2d(image, taps([1, 10], 1, 2), sided))).toEqual([0, 0, 87, 9]);
});

test('"same" keeps ceil(size / stride), the odd zero last; "valid" pads nothing', async () => {
  const y = conv2d(image, taps([1, 10, 100, 1000], 2, 2), { padding: "same" });
  expect(await flat(y)).toEqual([5421, 6532, 603, 8754, 9865, 906, 87, 98, 9]);
  expect(
    conv2d(zeros([1, 7, 8, 2]), zeros([3, 3, 2, 4]), { padding: "same", stride: 2 }).shape,
  ).toEqual([1, 4, 4, 4]);
  expect(conv2d(image, ones([2, 2, 1, 1]), { padding: "valid" }).shape).toEqual([1, 2, 2, 1]);
});

test("groups see their own channels", async () => {
  const x = tensor([1, 2, 3, 4], [1, 1, 1, 4]);
  const w = tensor([1, 10, 100, 1000, 5, 50, 500, 5000], [1, 1, 2, 4]);
  const y = conv2d(x, w, { groups: 2 });
  expect(await flat(y)).toEqual([1 + 10, 10 + 100, 300 + 2000, 3000 + 20000]);
});

test("a leading axis means many convolutions; a side without it serves all", async () => {
  const x = draw(0, 2, 1, 4, 3, 2);
  const w = draw(1, 2, 2, 2, 2, 3);
  const at = (t: Tensor, i: number) => reshape(slice(t, [i], [1]), t.shape.slice(1));
  const each = (a: (i: number) => Tensor, b: (i: number) => Tensor) =>
    flat(stack([conv2d(a(0), b(0)), conv2d(a(1), b(1))]));
  const [xs, ws] = [(i: number) => at(x, i), (i: number) => at(w, i)];
  expect(await flat(conv2d(x, w))).toEqual(await each(xs, ws));
  expect(await flat(conv2d(xs(1), w))).toEqual(await each(() => xs(1), ws));
  expect(await flat(conv2d(x, ws(0)))).toEqual(await each(xs, () => ws(0)));
});

test("gradients are right to order 3 where operands are shared by a batch", async () => {
  const options: ConvOptions = {
    padding: [
      [0, 1],
      [1, 0],
    ],
    stride: [1, 2],
  };
  const [x5, x4] = [draw(2, 2, 1, 3, 3, 1), draw(3, 1, 3, 3, 1)];
  const [w5, w4] = [draw(4, 2, 2, 2, 1, 2), draw(5, 2, 2, 1, 2)];
  for (const [x, w] of [
    [x5, w5],
    [x4, w5],
    [x5, w4],
  ]) {
    const report = await checkGrads((a: Tensor, b: Tensor) => exp(conv2d(a, b, options)), [x, w], {
      order: 3,
    });
    expect(report.errors.length).toBe(3);
  }
});

test("conv2dInput and conv2dKernel are the gradients of conv2d", async () => {
  const options: ConvOptions = { stride: 2, padding: 1, dilation: [1, 2], groups: 2 };
  const x = draw(6, 2, 5, 6, 4);
  const w = draw(7, 3, 2, 2, 6);
  const y = conv2d(x, w, options);
  const g = draw(8, ...y.shape);
  const [dx, dw] = grad(([a, b]: Tensor[]) => sum(mul(conv2d(a, b, options), g)))([x, w]);
  expect(await flat(conv2dInput(g, w, { size: [5, 6], ...options }))).toEqual(await flat(dx));
  expect(await flat(conv2dKernel(x, g, { size: [3, 2], ...options }))).toEqual(await flat(dw));
  expect(() => conv2dInput(g, w, { size: [9, 6], ...options })).toThrow(
    new ShapeError(
      "conv2dInput: g is no output: g is [2, 3, 3, 6], conv2d of [2, 9, 6, 4] by [3, 2, 2, 6] " +
        "gives [2, 5, 3, 6]. Give g that shape.",
    ),
  );
});

test("convTranspose2d spreads each element by the kernel", async () => {
  const x = tensor([1, 2, 3, 4], [1, 2, 2, 1]);
  const y = convTranspose2d(x, taps([1, 10, 100, 1000], 2, 2), { stride: 2 });
  expect(y.shape).toEqual([1, 4, 4, 1]);
  expect(await flat(y)).toEqual([
    1, 10, 2, 20, 100, 1000, 200, 2000, 3, 30, 4, 40, 300, 3000, 400, 4000,
  ]);
  const w = zeros([3, 3, 5, 1]);
  expect(convTranspose2d(x, w, { stride: 2, padding: 1 }).shape).toEqual([1, 3, 3, 5]);
  expect(convTranspose2d(x, w, { stride: 2, padding: 1, outputPadding: 1 }).shape).toEqual([
    1, 4, 4, 5,
  ]);
  expect(convTranspose2d(x, w, { stride: 3, padding: "same" }).shape).toEqual([1, 6, 6, 5]);
  expect(() => convTranspose2d(x, w, { stride: 2, outputPadding: 2 })).toThrow(ShapeError);
});

test("conv1d slides along the sequence", async () => {
  const x = tensor([1, 2, 3, 4, 5], [1, 5, 1]);
  const w = tensor([1, 10], [2, 1, 1]);
  expect(await flat(conv1d(x, w))).toEqual([21, 32, 43, 54]);
  expect(await flat(conv1d(x, w, { padding: [2, 0], stride: 2, dilation: 2 }))).toEqual([
    10, 31, 53,
  ]);
  expect(conv1d(x, w, { padding: "same" }).shape).toEqual([1, 5, 1]);
});

test("empty batches, channels and images give empty or zero results", async () => {
  expect(conv2d(zeros([0, 3, 3, 2]), ones([2, 2, 2, 4])).shape).toEqual([0, 2, 2, 4]);
  expect(conv2d(zeros([1, 3, 3, 2]), zeros([2, 2, 2, 0])).shape).toEqual([1, 2, 2, 0]);
  expect(conv2d(zeros([1, 0, 3, 2]), ones([2, 2, 2, 4])).shape).toEqual([1, 0, 2, 4]);
  expect(await flat(conv2d(zeros([1, 2, 2, 0]), zeros([2, 2, 0, 1])))).toEqual([0]);
  expect(maxPool2d(zeros([0, 4, 4, 1]), { size: 2 }).shape).toEqual([0, 2, 2, 1]);
  expect(maxPool2d(zeros([1, 0, 4, 1]), { size: 2 }).shape).toEqual([1, 0, 0, 1]);
});

test("what does not fit is said with both shapes", () => {
  const x = zeros([8, 28, 28, 3]);
  expect(conv2d(zeros([1, 4, 4, 3]), zeros([3, 3, 3, 2])).shape).toEqual([1, 2, 2, 2]);
  expect(() => conv2d(x, zeros([3, 3, 1, 16]))).toThrow(
    new ShapeError(
      "conv2d: channels differ: x is [8, 28, 28, 3] (n h w c), w is [3, 3, 1, 16] (kh kw c oc). " +
        "With groups 1, w's third size must be 3.",
    ),
  );
  expect(() => conv2d(x, zeros([3, 3, 3]))).toThrow(
    new ShapeError(
      "conv2d: wrong rank: x is [8, 28, 28, 3], w is [3, 3, 3]. " +
        "Give x as [n, h, w, c], w as [kh, kw, c / groups, oc].",
    ),
  );
  expect(() => conv2d(x, zeros([3, 3, 3, 16]), { groups: 2 })).toThrow(
    new ShapeError(
      "conv2d: groups do not fit: 3 channels in, 16 out, groups is 2. It must divide both.",
    ),
  );
  expect(() =>
    conv2d(image, zeros([5, 1, 1, 1]), {
      padding: [
        [1, 0],
        [0, 0],
      ],
    }),
  ).toThrow(
    new ShapeError(
      "conv2d: the window does not fit: it covers 5, the image has 3 and padding 1 + 0. " +
        "Use a smaller window or more padding.",
    ),
  );
  expect(() => conv2d(image, ones([2, 2, 1, 1]), { stride: 0 })).toThrow(
    new ValueError(
      "conv2d: stride is no whole number from 1: stride is 0. Give one number, or [height, width].",
    ),
  );
  expect(() => conv2d(image, ones([2, 2, 1, 1]), { padding: -1 })).toThrow(
    new ValueError(
      "conv2d: no such padding: padding is -1. Use a whole number from 0, " +
        '[[top, bottom], [left, right]], "same" or "valid".',
    ),
  );
  expect(() => conv2d(zeros([1, 3, 3, 1], "int32"), ones([2, 2, 1, 1]))).toThrow(
    new DTypeError('conv2d: wrong dtype: x is int32, w is float32. Use cast(x, "float32").'),
  );
});

test("maxPool2d takes the largest; padding is never chosen", async () => {
  expect(await flat(maxPool2d(image, { size: 2, stride: 1 }))).toEqual([5, 6, 8, 9]);
  expect(await flat(maxPool2d(image, { size: 2 }))).toEqual([5]);
  const below = reshape(arange(-9, 0), [1, 3, 3, 1]);
  expect(await flat(maxPool2d(below, { size: 3, stride: 2, padding: 1 }))).toEqual([
    -5, -4, -2, -1,
  ]);
  expect(maxPool2d(zeros([2, 3, 4, 4, 5]), { size: 2 }).shape).toEqual([2, 3, 2, 2, 5]);
});

test("the gradient of maxPool2d goes to the first of equals, and adds up", async () => {
  const g = grad((t: Tensor) => sum(maxPool2d(t, { size: 2, stride: 1 })));
  expect(await flat(g(ones([1, 2, 2, 1])))).toEqual([1, 0, 0, 0]);
  const peak = tensor([0, 0, 0, 0, 1, 0, 0, 0, 0], [1, 3, 3, 1]);
  expect(await flat(g(peak))).toEqual([0, 0, 0, 0, 4, 0, 0, 0, 0]);
});

test("avgPool2d counts padding in the divisor, or not", async () => {
  expect(await flat(avgPool2d(image, { size: 2, stride: 1 }))).toEqual([3, 4, 6, 7]);
  expect(await flat(avgPool2d(image, { size: 2, padding: 1 }))).toEqual([0.25, 1.25, 2.75, 7]);
  const own = { size: 2, padding: 1, countPadding: false };
  expect(await flat(avgPool2d(image, own))).toEqual([1, 2.5, 5.5, 7]);
});

test("a window of padding alone is an error", () => {
  expect(() => maxPool2d(image, { size: 2, padding: 2 })).toThrow(
    new ValueError(
      "maxPool2d: a window of padding alone: padding is 2 and 2, the window covers 2. " +
        "Use padding below the size.",
    ),
  );
});
