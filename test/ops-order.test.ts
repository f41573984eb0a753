// Sorting, running sums, products and norms against values worked out by hand, on the reference
// device.

import { expect, test } from "vitest";
import { DTypeError, ShapeError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { grad, hessian } from "../src/grad/index";
import { mul } from "../src/ops/arithmetic";
import { cumsum } from "../src/ops/cumulative";
import { norm } from "../src/ops/norm";
import { prod } from "../src/ops/product";
import { sum } from "../src/ops/reduce";
import { argsort, sort, topK } from "../src/ops/sort";
import { tensor } from "../src/tensor/create";
import { zeros } from "../src/tensor/fill";
import type { Tensor } from "../src/tensor/tensor";

setDevice(referenceDevice());
const x = tensor([
  [3, 1, 2],
  [1, 5, 1],
]);

test("sort and argsort along an axis, equal ones in their order", async () => {
  expect(await sort(x).array()).toEqual([
    [1, 2, 3],
    [1, 1, 5],
  ]);
  expect(await argsort(x).array()).toEqual([
    [1, 2, 0],
    [0, 2, 1],
  ]);
  expect(await argsort(x, { descending: true }).array()).toEqual([
    [0, 2, 1],
    [1, 0, 2],
  ]);
  expect(await sort(x, { axis: 0, descending: true }).array()).toEqual([
    [3, 5, 2],
    [1, 1, 1],
  ]);
  expect(await sort(tensor([2, Number.NaN, 1])).array()).toEqual([1, 2, Number.NaN]);
  expect(await sort(tensor([3, -1], [2], "int32")).array()).toEqual([-1, 3]);
  expect(sort(zeros([2, 0])).shape).toEqual([2, 0]);
});

test("topK gives the largest and where they stand", async () => {
  const { values, indices } = topK(x, 2);
  expect(await values.array()).toEqual([
    [3, 2],
    [5, 1],
  ]);
  expect(await indices.array()).toEqual([
    [0, 2],
    [1, 0],
  ]);
  const first = topK(x, 1, 0);
  expect(await first.values.array()).toEqual([[3, 5, 2]]);
  expect(await first.indices.array()).toEqual([[0, 1, 0]]);
  expect(() => topK(x, 3, 0)).toThrow(
    new ShapeError("topK: no 3 elements: axis 0 of x [2, 3] has size 2. Use 0 to 2."),
  );
});

test("the gradient of sort goes back to where the elements stood", async () => {
  const weights = tensor([1, 2, 3]);
  expect(await grad((t: Tensor) => sum(mul(sort(t), weights)))(tensor([9, 7, 8])).array()).toEqual([
    3, 1, 2,
  ]);
});

test("cumsum runs along an axis, or over all, from either end", async () => {
  expect(await cumsum(x, { axis: 1 }).array()).toEqual([
    [3, 4, 6],
    [1, 6, 7],
  ]);
  expect(await cumsum(x, { axis: -2, reverse: true }).array()).toEqual([
    [4, 6, 3],
    [1, 5, 1],
  ]);
  expect(await cumsum(x).array()).toEqual([3, 4, 6, 7, 12, 13]);
  expect(() => cumsum(tensor([1], [1], "int32"))).toThrow(DTypeError);
});

test("prod over axes, and of nothing 1", async () => {
  expect(await prod(x).item()).toBe(30);
  expect(await prod(x, { axis: 0, keepDims: true }).array()).toEqual([[3, 5, 2]]);
  expect(await prod(zeros([2, 0]), { axis: 1 }).array()).toEqual([1, 1]);
  expect(await prod(tensor([2, 3], [2], "int32")).item()).toBe(6);
  expect(await prod(tensor([true, false])).item()).toBe(0);
});

test("the gradient of prod is right with one zero, two zeros and none", async () => {
  const g = grad((t: Tensor) => prod(t));
  expect(await g(tensor([2, 3, 4])).array()).toEqual([12, 8, 6]);
  expect(await g(tensor([2, 0, 4])).array()).toEqual([0, 8, 0]);
  expect(await g(tensor([0, 3, 0])).array()).toEqual([0, 0, 0]);
  expect(await g(tensor([5])).array()).toEqual([1]);
});

test("the Hessian of prod holds the products of all but two", async () => {
  const h = hessian((t: Tensor) => prod(t))(tensor([2, 0, 0, 5, 1]));
  const want = [
    [0, 0, 0, 0, 0],
    [0, 0, 10, 0, 0],
    [0, 10, 0, 0, 0],
    [0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
  ];
  expect(await (h as Tensor).array()).toEqual(want);
});

test("norm over axes, with zero gradients of all orders at 0", async () => {
  expect(await norm(tensor([3, 4])).item()).toBe(5);
  expect(
    await norm(
      tensor([
        [3, 4],
        [0, 0],
      ]),
      { axis: 1 },
    ).array(),
  ).toEqual([5, 0]);
  const f = (t: Tensor) => norm(t);
  expect(await grad(f)(tensor([-2, 0])).array()).toEqual([-1, 0]);
  expect(await grad(f)(zeros([2])).array()).toEqual([0, 0]);
  expect(await (hessian(f)(zeros([2])) as Tensor).array()).toEqual([
    [0, 0],
    [0, 0],
  ]);
  const third = grad((t: Tensor) => sum(grad((u: Tensor) => sum(grad(f)(u)))(t)));
  expect(await third(zeros([2])).array()).toEqual([0, 0]);
});
