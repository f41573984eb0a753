// Rows of ops that take parts of a tensor: its slices one by one, the triangles of matrices.

import { concat, expandDims, mul, tril, triu, unstack } from "../../src/ops/index";
import { ones } from "../../src/tensor/fill";
import type { Tensor } from "../../src/tensor/tensor";
import { bools, ints, type Row, row } from "./row";
import { at, build } from "./truth";

const moved = { rule: "exact", bilinear: true } as const;

export const partRows: readonly Row[] = [
  row("unstack", {
    f: (x: Tensor) => unstack(x),
    inputs: [[3, 2]],
    truth: (x) => [0, 1, 2].map((i) => build([2], (j) => at(x, i, j))),
    ...moved,
  }),
  row("unstack: last axis, and put together again", {
    f: (x: Tensor) =>
      concat(
        unstack(x, -1).map((part) => expandDims(part, 1)),
        1,
      ),
    inputs: [ints([2, 3], -9, 9)],
    truth: (x) => x,
    rule: "exact",
  }),
  row("unstack: of nothing", {
    f: (x: Tensor) => [x, ...unstack(x)],
    inputs: [[0, 2]],
    truth: (x) => [x],
    ...moved,
  }),
  row("tril", {
    f: (x: Tensor) => tril(x),
    inputs: [[2, 3, 4]],
    truth: (x) => build([2, 3, 4], (b, i, j) => (j <= i ? at(x, b, i, j) : 0)),
    ...moved,
    same: (x: Tensor) => mul(x, tril(ones([3, 4]))),
  }),
  row("tril: a diagonal above, int32", {
    f: (x: Tensor) => tril(x, 1),
    inputs: [ints([3, 3], 1, 9)],
    truth: (x) => build([3, 3], (i, j) => (j <= i + 1 ? at(x, i, j) : 0)),
    rule: "exact",
  }),
  row("triu", {
    f: (x: Tensor) => triu(x),
    inputs: [[4, 3]],
    truth: (x) => build([4, 3], (i, j) => (j >= i ? at(x, i, j) : 0)),
    ...moved,
  }),
  row("triu: a diagonal below, bool", {
    f: (x: Tensor) => triu(x, -1),
    inputs: [bools([3, 3])],
    truth: (x) => build([3, 3], (i, j) => (j >= i - 1 ? at(x, i, j) : 0)),
    rule: "exact",
  }),
];
