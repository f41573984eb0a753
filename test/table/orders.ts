// Rows of what puts elements in order.

import {
  argsort,
  max,
  maximum,
  minimum,
  reshape,
  slice,
  sort,
  stack,
  topK,
} from "../../src/ops/index";
import type { Tensor } from "../../src/tensor/tensor";
import { apart, given, ints, type Row, row } from "./row";
import { over, rows } from "./truth";

const Inf = Number.POSITIVE_INFINITY;
const NaN = Number.NaN;
const most = (list: readonly number[]) => Math.max(...list);

/** The places of a list in order; NaN last, equal ones as they came. */
export function order(list: readonly number[], descending = false): number[] {
  const sign = descending ? -1 : 1;
  return list
    .map((_, i) => i)
    .sort((i, j) => {
      const [a, b] = [list[i], list[j]];
      if (a !== a || b !== b) return Number(a !== a) - Number(b !== b) || i - j;
      return sign * (a - b) || i - j;
    });
}

const sorted = (descending: boolean, axis: number) =>
  rows((list) => order(list, descending).map((i) => list[i]), axis);

/** Both columns of x [n, 2]. */
const columns = (x: Tensor) =>
  [0, 1].map((j) => reshape(slice(x, [0, j], [x.shape[0], 1]), [x.shape[0]]));

export const orderRows: readonly Row[] = [
  row("sort", {
    f: (x: Tensor) => sort(x),
    inputs: [apart([2, 6])],
    truth: sorted(false, 1),
    rule: "exact",
  }),
  row("sort: descending, first axis", {
    f: (x: Tensor) => sort(x, { axis: 0, descending: true }),
    inputs: [apart([5, 2])],
    truth: sorted(true, 0),
    rule: "exact",
  }),
  row("sort: of two by minimum and maximum", {
    f: (x: Tensor) => sort(x),
    inputs: [apart([4, 2])],
    truth: sorted(false, 1),
    rule: "exact",
    same: (x: Tensor) => {
      const [a, b] = columns(x);
      return stack([minimum(a, b), maximum(a, b)], 1);
    },
  }),
  row("sort: NaN last", {
    f: (x: Tensor) => sort(x),
    inputs: [apart([6])],
    truth: sorted(false, 0),
    rule: "exact",
    special: [[3, NaN, -Inf, 2, Inf, NaN]],
  }),
  row("sort: int32", {
    f: (x: Tensor) => sort(x, { descending: true }),
    inputs: [ints([3, 5], -4, 4)],
    truth: sorted(true, 1),
    rule: "exact",
  }),
  row("argsort", {
    f: (x: Tensor) => argsort(x, { axis: 0 }),
    inputs: [apart([5, 3])],
    truth: rows((list) => order(list), 0),
    rule: "exact",
  }),
  row("argsort: equal ones keep their order", {
    f: (x: Tensor) => argsort(x, { descending: true }),
    inputs: [given([1, 0, 1, 0, 2, 1, 0])],
    truth: rows((list) => order(list, true), 0),
    rule: "exact",
    special: [[NaN, 1, NaN, 1, -1, Inf, -Inf]],
  }),
  row("topK", {
    f: (x: Tensor) => topK(x, 3),
    inputs: [apart([2, 5])],
    truth: (x) =>
      [
        rows((list) => order(list, true).slice(0, 3), 1)(x),
        rows(
          (list) =>
            order(list, true)
              .map((i) => list[i])
              .slice(0, 3),
          1,
        )(x),
      ].flat(),
    rule: "exact",
  }),
  row("topK: first axis", {
    f: (x: Tensor) => topK(x, 2, 0).values,
    inputs: [apart([4, 3])],
    truth: rows(
      (list) =>
        order(list, true)
          .map((i) => list[i])
          .slice(0, 2),
      0,
    ),
    rule: "exact",
  }),
  row("topK: the one largest", {
    f: (x: Tensor) => topK(x, 1).values,
    inputs: [apart([3, 4])],
    truth: over(most, [1], true),
    rule: "exact",
    same: (x: Tensor) => max(x, { axis: 1, keepDims: true }),
  }),
];
