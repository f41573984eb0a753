// Rows of reading and adding by integer indices.

import {
  add,
  concat,
  expand,
  gather,
  gatherAlong,
  matmul,
  mul,
  oneHot,
  reshape,
  scatterAdd,
  scatterAlong,
  slice,
  stack,
  sum,
} from "../../src/ops/index";
import type { Tensor } from "../../src/tensor/tensor";
import { bools, given, ints, type Row, row } from "./row";
import { at, build, total } from "./truth";

const moved = { rule: "exact", bilinear: true } as const;
const added = { rule: "sum", bilinear: true } as const;
const labels = given([2, 0, 2, 4], [4], "int32");

/** Rows of a matrix by a product with ones and zeros. */
const chosen = (idx: Tensor, n: number) => oneHot(idx, n);

export const indexingRows: readonly Row[] = [
  row("gather", {
    f: (x: Tensor, idx: Tensor) => gather(x, idx),
    inputs: [[5, 3], labels],
    truth: (x, idx) => build([4, 3], (i, j) => at(x, at(idx, i), j)),
    ...moved,
    same: (x: Tensor, idx: Tensor) => matmul(chosen(idx, 5), x),
  }),
  row("gather: middle axis, a matrix of indices", {
    f: (x: Tensor, idx: Tensor) => gather(x, idx, -2),
    inputs: [[2, 3, 2], given([2, 0, 1, 2, 2, 0], [2, 3], "int32")],
    truth: (x, idx) => build([2, 2, 3, 2], (i, j, k, l) => at(x, i, at(idx, j, k), l)),
    ...moved,
  }),
  row("gather: one index", {
    f: (x: Tensor, idx: Tensor) => gather(x, idx, 1),
    inputs: [[2, 3], given([1], [], "int32")],
    truth: (x) => build([2], (i) => at(x, i, 1)),
    ...moved,
  }),
  row("gather: no indices", {
    f: (x: Tensor, idx: Tensor) => gather(x, idx),
    inputs: [[3, 2], ints([0], 0, 3)],
    truth: () => ({ shape: [0, 2], data: [] }),
    ...moved,
  }),
  row("gather: bool and int32", {
    f: (x: Tensor, c: Tensor, idx: Tensor) => [gather(x, idx), gather(c, idx)],
    inputs: [ints([5], -9, 9), bools([5]), labels],
    truth: (x, c, idx) => [x, c].map((from) => build([4], (i) => at(from, at(idx, i)))),
    rule: "exact",
  }),
  row("scatterAdd", {
    f: (g: Tensor, idx: Tensor) => scatterAdd(g, idx, 5),
    inputs: [[4, 3], labels],
    truth: (g, idx) =>
      build([5, 3], (i, j) => total(4, (k) => (at(idx, k) === i ? at(g, k, j) : 0))),
    ...added,
    same: (g: Tensor, idx: Tensor) => matmul(chosen(idx, 5), g, { transposeA: true }),
  }),
  row("scatterAdd: last axis, a matrix of indices", {
    f: (g: Tensor, idx: Tensor) => scatterAdd(g, idx, 3, 1),
    inputs: [[2, 2, 3], given([2, 0, 1, 2, 2, 0], [2, 3], "int32")],
    truth: (g, idx) =>
      build([2, 3], (i, n) =>
        total(2, (j) => total(3, (k) => (at(idx, j, k) === n ? at(g, i, j, k) : 0))),
      ),
    ...added,
  }),
  row("scatterAdd: nothing", {
    f: (g: Tensor, idx: Tensor) => scatterAdd(g, idx, 2),
    inputs: [[0, 2], ints([0], 0, 2)],
    truth: () => ({ shape: [2, 2], data: [0, 0, 0, 0] }),
    ...added,
  }),
  row("gatherAlong", {
    f: (x: Tensor, idx: Tensor) => gatherAlong(x, idx, 1),
    inputs: [[3, 4], given([0, 3, 1, 1, 2, 2], [3, 2], "int32")],
    truth: (x, idx) => build([3, 2], (i, j) => at(x, i, at(idx, i, j))),
    ...moved,
    same: (x: Tensor, idx: Tensor) => sum(mul(oneHot(idx, 4), reshape(x, [3, 1, 4])), { axis: -1 }),
  }),
  row("gatherAlong: first axis, longer than x", {
    f: (x: Tensor, idx: Tensor) => gatherAlong(x, idx, 0),
    inputs: [[2, 3], ints([4, 3], 0, 2)],
    truth: (x, idx) => build([4, 3], (i, j) => at(x, at(idx, i, j), j)),
    ...moved,
  }),
  row("gatherAlong: middle axis", {
    f: (x: Tensor, idx: Tensor) => gatherAlong(x, idx, -2),
    inputs: [[2, 3, 2], ints([2, 2, 2], 0, 3)],
    truth: (x, idx) => build([2, 2, 2], (i, j, k) => at(x, i, at(idx, i, j, k), k)),
    ...moved,
  }),
  row("scatterAlong", {
    f: (g: Tensor, idx: Tensor) => scatterAlong(g, idx, 1, 4),
    inputs: [[3, 3], given([0, 3, 0, 1, 2, 1, 2, 2, 2], [3, 3], "int32")],
    truth: (g, idx) =>
      build([3, 4], (i, n) => total(3, (j) => (at(idx, i, j) === n ? at(g, i, j) : 0))),
    ...added,
    same: (g: Tensor, idx: Tensor) => sum(mul(oneHot(idx, 4), reshape(g, [3, 3, 1])), { axis: 1 }),
  }),
  row("scatterAlong: first axis", {
    f: (g: Tensor, idx: Tensor) => scatterAlong(g, idx, 0, 2),
    inputs: [[4, 3], ints([4, 3], 0, 2)],
    truth: (g, idx) =>
      build([2, 3], (n, j) => total(4, (i) => (at(idx, i, j) === n ? at(g, i, j) : 0))),
    ...added,
  }),
  row("oneHot", {
    f: (idx: Tensor) => oneHot(idx, 5),
    inputs: [labels],
    truth: (idx) => build([4, 5], (i, j) => Number(at(idx, i) === j)),
    rule: "exact",
  }),
  row("oneHot: a matrix, bool", {
    f: (idx: Tensor) => oneHot(idx, 3, "bool"),
    inputs: [ints([2, 2], 0, 3)],
    truth: (idx) => build([2, 2, 3], (i, j, k) => Number(at(idx, i, j) === k)),
    rule: "exact",
  }),
  row("gather: an embedding, by slices", {
    f: (x: Tensor, idx: Tensor) => gather(x, idx),
    inputs: [[3, 2], given([2, 1, 2], [3], "int32")],
    truth: (x, idx) => build([3, 2], (i, j) => at(x, at(idx, i), j)),
    ...moved,
    same: (x: Tensor) => concat([2, 1, 2].map((i) => slice(x, [i, 0], [1, 2]))),
  }),
  row("scatterAdd: undoes gather where indices differ", {
    f: (x: Tensor, idx: Tensor) => scatterAdd(gather(x, idx), idx, 4),
    inputs: [[4], given([3, 0, 2, 1], [4], "int32")],
    truth: (x) => x,
    ...moved,
  }),
  row("gather: of a repeated row", {
    f: (x: Tensor, idx: Tensor) => add(gather(expand(x, [5, 3]), idx), 0),
    inputs: [[3], labels],
    truth: (x) => build([4, 3], (_, j) => at(x, j)),
    ...moved,
    same: (x: Tensor) => stack([x, x, x, x]),
  }),
];
