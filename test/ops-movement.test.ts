// Transposes, parts and joins of tensors against values worked out by hand, on the reference
// device.

import { expect, test } from "vitest";
import { DTypeError, ShapeError, ValueError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { grad, jvp } from "../src/grad/index";
import { mul } from "../src/ops/arithmetic";
import { expand } from "../src/ops/expand";
import { concat, flip, pad, slice, stack, transpose } from "../src/ops/movement";
import { split } from "../src/ops/random";
import { sum } from "../src/ops/reduce";
import { reshape } from "../src/ops/reshape";
import { tile } from "../src/ops/tile";
import { tensor } from "../src/tensor/create";
import { arange, eye, full, linspace, ones, zeros } from "../src/tensor/fill";
import { scope } from "../src/tensor/scope";
import type { Tensor } from "../src/tensor/tensor";

const reference = referenceDevice();
setDevice(reference);
const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

test("transpose reverses the axes or takes their order", async () => {
  expect(await transpose(x).array()).toEqual([
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  const y = reshape(arange(24), [2, 3, 4]);
  const z = transpose(y, [1, -1, 0]);
  expect(z.shape).toEqual([3, 4, 2]);
  expect(await slice(z, [2, 1, 0], [1, 1, 2]).array()).toEqual([[[9, 21]]]);
});

test("transpose of an order that moves only axes of size 1 shares memory", () => {
  const y = transpose(reshape(x, [1, 2, 3]), [1, 0, 2]);
  expect(y.shape).toEqual([2, 1, 3]);
  expect(y.storage).toBe(x.storage);
});

test("transpose takes more axes than the kernel", async () => {
  const shape = [2, 3, 1, 2, 2, 2, 3, 2];
  const y = reshape(arange(288), shape);
  const perm = [7, 4, 6, 0, 5, 2, 3, 1];
  const data = await transpose(y, perm).data();
  const strides = [144, 48, 48, 24, 12, 6, 2, 1];
  const out = perm.map((p) => shape[p]);
  const want: number[] = [];
  const walk = (axis: number, at: number) => {
    if (axis === out.length) want.push(at);
    else for (let i = 0; i < out[axis]; i++) walk(axis + 1, at + i * strides[perm[axis]]);
  };
  walk(0, 0);
  expect([...data]).toEqual(want);
});

test("slice counts from the end, takes the rest, and steps both ways", async () => {
  expect(await slice(x, [0, 1], [2, 2]).array()).toEqual([
    [2, 3],
    [5, 6],
  ]);
  expect(await slice(x, [-1], [1]).array()).toEqual([[4, 5, 6]]);
  expect(await slice(x, [0, -2], [-1, -1]).array()).toEqual([
    [2, 3],
    [5, 6],
  ]);
  expect(await slice(arange(7), [1], [3], [2]).array()).toEqual([1, 3, 5]);
  expect(await slice(arange(7), [1], [-1], [2]).array()).toEqual([1, 3, 5]);
  expect(await slice(arange(7), [-1], [-1], [-3]).array()).toEqual([6, 3, 0]);
  expect(slice(x, [2, 0], [0, 3]).shape).toEqual([0, 3]);
  expect(slice(x, [0, 0], [2, 3])).toBe(x);
});

test("a part that leaves x is an error, one that reaches its end is not", () => {
  expect(slice(x, [0, 1], [2, 2]).shape).toEqual([2, 2]);
  expect(() => slice(x, [0, 1], [2, 3])).toThrow(
    new ShapeError(
      "slice: no part of x: start is [0, 1], size is [2, 3], x is [2, 3]. Stay inside of x.",
    ),
  );
  expect(() => slice(x, [-3], [1])).toThrow(ShapeError);
  expect(() => slice(x, [1], [2], [-2])).toThrow(
    new ShapeError(
      "slice: no part of x: start is [1], size is [2], step is [-2], x is [2, 3]. Stay inside of " +
        "x.",
    ),
  );
  expect(() => slice(x, [0], [1], [0])).toThrow(ShapeError);
  expect(() => slice(x, [0, 0, 0], [1, 1, 1])).toThrow(ShapeError);
});

test("pad surrounds x with a value", async () => {
  const row = tensor([[1, 2]]);
  expect(
    await pad(
      row,
      [
        [1, 0],
        [0, 2],
      ],
      9,
    ).array(),
  ).toEqual([
    [9, 9, 9, 9],
    [1, 2, 9, 9],
  ]);
  expect(await pad(tensor([1, 2], [2], "int32"), [[1, 1]]).array()).toEqual([0, 1, 2, 0]);
  expect(await pad(tensor([1]), [[1, 0]], Number.NEGATIVE_INFINITY).array()).toEqual([
    Number.NEGATIVE_INFINITY,
    1,
  ]);
  expect(await pad(zeros([0]), [[1, 1]], 3).array()).toEqual([3, 3]);
});

test("the tangent of pad has zeros around it, whatever the value", async () => {
  const [, dy] = jvp((t: Tensor) => pad(t, [[1, 1]], 7), [tensor([1, 2])], [tensor([3, 4])]);
  expect(await (dy as Tensor).array()).toEqual([0, 3, 4, 0]);
});

test("pad takes one pair an axis, whole and not below 0", () => {
  expect(() => pad(x, [[1, 1]])).toThrow(
    new ShapeError("pad: 1 pairs for 2 axes: x is [2, 3]. Give [before, after] for each axis."),
  );
  expect(() =>
    pad(x, [
      [0, 0],
      [-1, 0],
    ]),
  ).toThrow(
    new ValueError(
      "pad: no whole numbers from 0: a pair is [-1, 0]. Use slice() to take elements away.",
    ),
  );
  expect(() => pad(tensor([1], [1], "int32"), [[1, 0]], 0.5)).toThrow(DTypeError);
});

test("flip turns the axes named, or all", async () => {
  expect(await flip(x, 1).array()).toEqual([
    [3, 2, 1],
    [6, 5, 4],
  ]);
  expect(await flip(x, [0, -1]).array()).toEqual([
    [6, 5, 4],
    [3, 2, 1],
  ]);
  expect(await flip(x).array()).toEqual(await flip(x, [0, 1]).array());
});

test("concat and stack put tensors together", async () => {
  const y = tensor([[7], [8]]);
  expect(await concat([x, y, y], -1).array()).toEqual([
    [1, 2, 3, 7, 7],
    [4, 5, 6, 8, 8],
  ]);
  const [a, b] = [tensor([1, 2]), tensor([3, 4])];
  expect(await stack([a, b]).array()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(await stack([a, b], -1).array()).toEqual([
    [1, 3],
    [2, 4],
  ]);
  expect(await concat([zeros([0]), a]).array()).toEqual([1, 2]);
  expect(concat([x])).toBe(x);
});

test("concat reads repeated values", async () => {
  expect(await concat([expand(tensor([1, 2]), [2, 2]), ones([1, 2])]).array()).toEqual([
    [1, 2],
    [1, 2],
    [1, 1],
  ]);
});

test("concat and stack want one type and one shape", () => {
  expect(() => concat([x, zeros([2, 2])])).toThrow(
    new ShapeError(
      "concat: shapes do not fit: tensor 0 is [2, 3], tensor 1 is [2, 2]. " +
        "All sizes but that of axis 0 must be equal.",
    ),
  );
  expect(() => stack([x, zeros([2, 2])])).toThrow(
    new ShapeError(
      "stack: shapes do not fit: tensor 0 is [2, 3], tensor 1 is [2, 2]. All sizes must be equal.",
    ),
  );
  expect(() => concat([x, zeros([2, 3], "int32")])).toThrow(DTypeError);
  expect(() => concat([])).toThrow(ShapeError);
  expect(() => stack([x, x], 3)).toThrow(
    new ShapeError("stack: axis out of range: axis is 3, rank is 3; use -3 to 2."),
  );
});

test("split takes a number of equal parts or their sizes", async () => {
  const [a, b, c] = split(x, 3, 1);
  expect(await a.array()).toEqual([[1], [4]]);
  expect(await b.array()).toEqual([[2], [5]]);
  expect(await c.array()).toEqual([[3], [6]]);
  const [d, e] = split(x, [1, 1]);
  expect(await d.array()).toEqual([[1, 2, 3]]);
  expect(await e.array()).toEqual([[4, 5, 6]]);
  expect(split(x, [0, 3], -1)[0].shape).toEqual([2, 0]);
});

test("split says which parts do not add up", () => {
  expect(() => split(x, 2, 1)).toThrow(
    new ShapeError(
      "split: parts do not add up: 2 equal parts of axis 1, x is [2, 3]. Their sum must be 3.",
    ),
  );
  expect(() => split(x, [1, 1], 1)).toThrow(
    new ShapeError(
      "split: parts do not add up: parts [1, 1] of axis 1, x is [2, 3]. Their sum must be 3.",
    ),
  );
});

test("parts that nothing depends on get zero gradient", async () => {
  const weights = tensor([5, 7]);
  const f = (t: Tensor) => sum(mul(split(t, [2, 2, 2], 0)[1], weights));
  expect(await grad(f)(arange(6)).array()).toEqual([0, 0, 5, 7, 0, 0]);
});

test("tile repeats along every axis, and along new ones", async () => {
  expect(await tile(tensor([1, 2]), [2]).array()).toEqual([1, 2, 1, 2]);
  expect(await tile(tensor([[1], [2]]), [2, 3]).array()).toEqual([
    [1, 1, 1],
    [2, 2, 2],
    [1, 1, 1],
    [2, 2, 2],
  ]);
  expect(tile(x, [2, 1, 1]).shape).toEqual([2, 2, 3]);
  expect(tile(x, [2]).shape).toEqual([2, 6]);
  expect(tile(x, [0, 1]).shape).toEqual([0, 3]);
});

test("filled tensors take no memory of their own", async () => {
  const before = reference.memory();
  const all = scope(() => {
    const list = [zeros([1000]), ones([10, 10]), full([3], 7)];
    expect(reference.memory().bytes).toBe(before.bytes);
    return list[2];
  });
  expect(await all.array()).toEqual([7, 7, 7]);
  expect(await full([2], 3, "int32").array()).toEqual([3, 3]);
  expect(await zeros([]).item()).toBe(0);
  expect(zeros([0, 2]).size).toBe(0);
});

test("arange, linspace and eye", async () => {
  expect(await arange(3).array()).toEqual([0, 1, 2]);
  expect(await arange(1, 2, 0.25).array()).toEqual([1, 1.25, 1.5, 1.75]);
  expect(await arange(3, 0, -1, "int32").array()).toEqual([3, 2, 1]);
  expect(arange(3, 0).shape).toEqual([0]);
  expect(await linspace(0, 1, 5).array()).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(await linspace(2, 5, 1).array()).toEqual([2]);
  expect(await eye(2, 3).array()).toEqual([
    [1, 0, 0],
    [0, 1, 0],
  ]);
  expect(() => arange(0, 1, 0)).toThrow(ValueError);
});
