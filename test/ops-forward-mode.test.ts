// Forward and reverse mode agree: u · (J t) = (Jᵀ u) · t for every op, whose two sides come from
// different rules for linear and bilinear ops. On the reference device.

import { expect, test } from "vitest";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { jvp, vjp } from "../src/grad/index";
import { mul } from "../src/ops/arithmetic";
import { conv2d, conv2dInput, conv2dKernel, convTranspose2d } from "../src/ops/conv";
import { cumsum } from "../src/ops/cumulative";
import { dropout } from "../src/ops/dropout";
import { einsum } from "../src/ops/einsum";
import { gather, gatherAlong, scatterAdd, scatterAlong } from "../src/ops/gather";
import { crossEntropy } from "../src/ops/losses";
import { concat, flip, pad, slice, stack, transpose } from "../src/ops/movement";
import { norm } from "../src/ops/norm";
import { batchNorm, layerNorm } from "../src/ops/normalize";
import { avgPool2d, maxPool2d } from "../src/ops/pool";
import { prod } from "../src/ops/product";
import { key, normal, split } from "../src/ops/random";
import { sum } from "../src/ops/reduce";
import { logSoftmax, softmax } from "../src/ops/softmax";
import { sort, topK } from "../src/ops/sort";
import { tile } from "../src/ops/tile";
import { tensor } from "../src/tensor/create";
import { ones } from "../src/tensor/fill";
import type { Tensor } from "../src/tensor/tensor";

setDevice(referenceDevice());
const idx = tensor([2, 0, 2, 1], [2, 2], "int32");
const form = { stride: [2, 1], padding: 1, groups: 2 } as const;

type F = (...xs: Tensor[]) => Tensor;
const cases: [string, F, number[][]][] = [
  ["gather", (x) => gather(x, idx, 1), [[2, 3, 2]]],
  ["scatterAdd", (x) => scatterAdd(x, idx, 4, 1), [[2, 2, 2, 2]]],
  ["gatherAlong", (x) => gatherAlong(x, idx, 1), [[2, 3]]],
  ["scatterAlong", (x) => scatterAlong(x, idx, 0, 3), [[2, 2]]],
  ["transpose", (x) => transpose(x, [2, 0, 1]), [[2, 3, 4]]],
  ["slice", (x) => slice(x, [2, 1], [2, 2], [-2, 1]), [[3, 4]]],
  [
    "pad",
    (x) =>
      pad(
        x,
        [
          [1, 0],
          [0, 2],
        ],
        3,
      ),
    [[2, 2]],
  ],
  ["flip", (x) => flip(x, 1), [[2, 3]]],
  [
    "concat",
    (x, y) => concat([x, y, x], 1),
    [
      [2, 1],
      [2, 3],
    ],
  ],
  [
    "stack",
    (x, y) => stack([x, y], 1),
    [
      [2, 3],
      [2, 3],
    ],
  ],
  ["split", (x) => mul(split(x, 2, 1)[0], split(x, 2, 1)[1]), [[2, 4]]],
  ["tile", (x) => tile(x, [2, 3]), [[2, 2]]],
  ["cumsum", (x) => cumsum(x, { axis: 0 }), [[3, 2]]],
  ["sort", (x) => sort(x, { axis: 0, descending: true }), [[4, 2]]],
  ["topK", (x) => topK(x, 2).values, [[2, 4]]],
  ["prod", (x) => prod(x, { axis: 0 }), [[5, 2]]],
  ["norm", (x) => norm(x, { axis: 0 }), [[3, 2]]],
  ["softmax", (x) => softmax(x, { axis: 0 }), [[3, 2]]],
  ["logSoftmax", (x) => logSoftmax(x), [[2, 3]]],
  [
    "crossEntropy",
    (x, p) => crossEntropy(x, p),
    [
      [2, 3],
      [2, 3],
    ],
  ],
  ["layerNorm", (x, g, b) => layerNorm(x, g, b), [[3, 4], [4], [4]]],
  ["batchNorm", (x, g, b) => batchNorm(x, g, b), [[3, 2, 2], [2], [2]]],
  [
    "einsum",
    (a, b) => einsum("bij,jk->bik", a, b),
    [
      [2, 3, 4],
      [4, 2],
    ],
  ],
  [
    "conv2d",
    (x, w) => conv2d(x, w, form),
    [
      [2, 4, 3, 4],
      [3, 2, 2, 2],
    ],
  ],
  [
    "conv2dInput",
    (g, w) => conv2dInput(g, w, { size: [4, 3], ...form }),
    [
      [1, 2, 4, 2],
      [3, 2, 2, 2],
    ],
  ],
  [
    "conv2dKernel",
    (x, g) => conv2dKernel(x, g, { size: [3, 2], ...form }),
    [
      [1, 4, 3, 4],
      [1, 2, 4, 2],
    ],
  ],
  [
    "convTranspose2d",
    (x, w) => convTranspose2d(x, w, { stride: 2 }),
    [
      [1, 2, 3, 2],
      [2, 3, 1, 2],
    ],
  ],
  ["maxPool2d", (x) => maxPool2d(x, { size: 2, stride: 1, padding: 1 }), [[1, 3, 3, 2]]],
  [
    "avgPool2d",
    (x) => avgPool2d(x, { size: 2, padding: "same", countPadding: false }),
    [[1, 3, 3, 2]],
  ],
  ["normal", (mean, std) => normal(key(1), [3], { mean, std }), [[3], []]],
  ["dropout", (x) => dropout(key(1), x, 0.5), [[8]]],
];

test.each(cases)("%s", async (_, f, shapes) => {
  const keys = split(key(42), 2 * shapes.length + 1);
  const xs = shapes.map((shape, i) => normal(keys[i], shape));
  const ts = shapes.map((shape, i) => normal(keys[shapes.length + i], shape));
  const [y, dy] = jvp(f, xs, ts);
  const u = normal(keys[2 * shapes.length], y.shape);
  const [, pull] = vjp(f, ...xs);
  const gs = pull(u);
  const forward = await sum(mul(u, dy)).item();
  const backward = await Promise.all(gs.map((g, i) => sum(mul(g, ts[i])).item()));
  expect(forward).not.toBe(0);
  expect(backward.reduce((a, b) => a + b)).toBeCloseTo(forward, 10);
});

test("an integer index beside a differentiated tensor has no tangent", async () => {
  const f = (x: Tensor) => gather(x, idx);
  const [, dy] = jvp(f, [ones([3])], [tensor([1, 10, 100])]);
  expect(await dy.array()).toEqual([
    [100, 1],
    [100, 10],
  ]);
});
