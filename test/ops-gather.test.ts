// Indexing ops against values worked out by hand, on the reference device.

import { expect, test } from "vitest";
import { DTypeError, IndexError, ShapeError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { gather, gatherAlong, oneHot, scatterAdd, scatterAlong } from "../src/ops/gather";
import { tensor } from "../src/tensor/create";

setDevice(referenceDevice());
const ints = (data: number[], shape = [data.length]) => tensor(data, shape, "int32");
const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

test("gather takes rows, or columns, in the shape of the indices", async () => {
  expect(await gather(x, ints([1, 0, 1])).array()).toEqual([
    [4, 5, 6],
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(await gather(x, ints([2, 0, 0, 1], [2, 2]), -1).array()).toEqual([
    [
      [3, 1],
      [1, 2],
    ],
    [
      [6, 4],
      [4, 5],
    ],
  ]);
  const one = gather(x, tensor(1, [], "int32"));
  expect(await one.array()).toEqual([4, 5, 6]);
  expect(gather(x, ints([])).shape).toEqual([0, 3]);
});

test("gather keeps the type of x", async () => {
  const y = gather(ints([7, 8, 9]), ints([2, 2]));
  expect(y.dtype).toBe("int32");
  expect(await y.array()).toEqual([9, 9]);
});

test("scatterAdd adds up slices that name one place", async () => {
  expect(await scatterAdd(x, ints([2, 2]), 4).array()).toEqual([
    [0, 0, 0],
    [0, 0, 0],
    [5, 7, 9],
    [0, 0, 0],
  ]);
  expect(await scatterAdd(x, ints([1, 0, 1]), 2, 1).array()).toEqual([
    [2, 4],
    [5, 10],
  ]);
});

test("gatherAlong and scatterAlong go element by element", async () => {
  const idx = ints([2, 0, 1, 1], [2, 2]);
  expect(await gatherAlong(x, idx, 1).array()).toEqual([
    [3, 1],
    [5, 5],
  ]);
  const g = tensor([
    [1, 2],
    [3, 4],
  ]);
  expect(await scatterAlong(g, idx, 1, 3).array()).toEqual([
    [2, 0, 1],
    [0, 7, 0],
  ]);
});

test("oneHot puts a 1 along a new last axis", async () => {
  const y = oneHot(ints([1, 0, 2, 1], [2, 2]), 3);
  expect(await y.array()).toEqual([
    [
      [0, 1, 0],
      [1, 0, 0],
    ],
    [
      [0, 0, 1],
      [0, 1, 0],
    ],
  ]);
  expect(oneHot(ints([1]), 2, "bool").dtype).toBe("bool");
  expect(oneHot(tensor(1, [], "int32"), 2).shape).toEqual([2]);
});

test("an index outside the axis is an error, the last inside is not", async () => {
  expect(() => gather(x, ints([0, 2]))).toThrow(
    new IndexError("gather: index out of range: idx[1] is 2, the axis has 2. Use 0 to 1."),
  );
  expect(() => gather(x, ints([-1]))).toThrow(IndexError);
  expect(() => oneHot(ints([3]), 3)).toThrow(IndexError);
  expect(await oneHot(ints([2]), 3).array()).toEqual([[0, 0, 1]]);
});

test("shapes and types are checked first", () => {
  expect(() => gather(x, tensor([1]))).toThrow(
    new DTypeError(
      'gather: wrong dtype: indices is float32, not int32. Use cast(indices, "int32").',
    ),
  );
  expect(() => gatherAlong(x, ints([0, 0, 0]), 0)).toThrow(
    new ShapeError(
      "gatherAlong: shapes do not fit: x is [2, 3], indices is [3]. " +
        "All sizes but that of axis 0 must be equal.",
    ),
  );
  expect(() => scatterAdd(x, ints([0, 1, 0]), 2)).toThrow(
    new ShapeError(
      "scatterAdd: shapes do not fit: g is [2, 3], indices is [3], axis is 0. " +
        "From that axis on g must have the sizes of the indices.",
    ),
  );
  expect(() => scatterAdd(ints([1]), ints([0]), 2)).toThrow(
    new DTypeError('scatterAdd: wrong dtype: g is int32. Use cast(g, "float32").'),
  );
});
