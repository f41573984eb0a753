// Rows of matrix products and Einstein sums.

import { einsum, expandDims, matmul, mul, sum, transpose } from "../../src/ops/index";
import type { Tensor } from "../../src/tensor/tensor";
import { type Row, row } from "./row";
import { at, build, type Truth, total } from "./truth";

const sums = { rule: "sum", bilinear: true } as const;

const layouts = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

/** a [m, k] by b [k, n], each read transposed where it is stored so. */
const product =
  (m: number, k: number, n: number, ta: boolean, tb: boolean): Truth =>
  (a, b) =>
    build([m, n], (i, j) =>
      total(k, (l) => (ta ? at(a, l, i) : at(a, i, l)) * (tb ? at(b, j, l) : at(b, l, j))),
    );

const named = (ta: boolean, tb: boolean) => `${ta ? "T" : "N"}${tb ? "T" : "N"}`;

/** A product by a broadcast one that is summed. */
const bySum = (ta: boolean, tb: boolean) => (a: Tensor, b: Tensor) => {
  const left = ta ? transpose(a) : a;
  const right = tb ? transpose(b) : b;
  return sum(mul(expandDims(left, 2), expandDims(right, 0)), { axis: 1 });
};

const matrices: readonly Row[] = layouts.flatMap(([ta, tb]) => {
  const options = { transposeA: ta, transposeB: tb };
  const shaped = (m: number, k: number, n: number) => [ta ? [k, m] : [m, k], tb ? [n, k] : [k, n]];
  return [
    row(`matmul: ${named(ta, tb)}`, {
      f: (a: Tensor, b: Tensor) => matmul(a, b, options),
      inputs: shaped(3, 5, 2),
      truth: product(3, 5, 2, ta, tb),
      ...sums,
      same: bySum(ta, tb),
    }),
    row(`matmul: ${named(ta, tb)}, tails of tiles`, {
      f: (a: Tensor, b: Tensor) => matmul(a, b, options),
      inputs: shaped(7, 9, 9),
      truth: product(7, 9, 9, ta, tb),
      ...sums,
    }),
    row(`matmul: ${named(ta, tb)}, one row`, {
      f: (a: Tensor, b: Tensor) => matmul(a, b, options),
      inputs: shaped(1, 6, 5),
      truth: product(1, 6, 5, ta, tb),
      ...sums,
    }),
    row(`matmul: ${named(ta, tb)}, batched`, {
      f: (a: Tensor, b: Tensor) => matmul(a, b, options),
      inputs: shaped(2, 3, 4).map((shape) => [3, ...shape]),
      truth: (a, b) =>
        build([3, 2, 4], (s, i, j) =>
          total(
            3,
            (l) => (ta ? at(a, s, l, i) : at(a, s, i, l)) * (tb ? at(b, s, j, l) : at(b, s, l, j)),
          ),
        ),
      ...sums,
    }),
    row(`matmul: ${named(ta, tb)}, one matrix for a batch on the right`, {
      f: (a: Tensor, b: Tensor) => matmul(a, b, options),
      inputs: [[2, ...shaped(2, 3, 4)[0]], shaped(2, 3, 4)[1]],
      truth: (a, b) =>
        build([2, 2, 4], (s, i, j) =>
          total(
            3,
            (l) => (ta ? at(a, s, l, i) : at(a, s, i, l)) * (tb ? at(b, j, l) : at(b, l, j)),
          ),
        ),
      ...sums,
    }),
    row(`matmul: ${named(ta, tb)}, one matrix for a batch on the left`, {
      f: (a: Tensor, b: Tensor) => matmul(a, b, options),
      inputs: [shaped(2, 3, 4)[0], [2, ...shaped(2, 3, 4)[1]]],
      truth: (a, b) =>
        build([2, 2, 4], (s, i, j) =>
          total(
            3,
            (l) => (ta ? at(a, l, i) : at(a, i, l)) * (tb ? at(b, s, j, l) : at(b, s, l, j)),
          ),
        ),
      ...sums,
    }),
  ];
});

const ranks: readonly Row[] = [
  row("matmul: leading axes broadcast", {
    f: matmul,
    inputs: [
      [2, 1, 2, 3],
      [3, 3, 2],
    ],
    truth: (a, b) =>
      build([2, 3, 2, 2], (s, t, i, j) => total(3, (l) => at(a, s, 0, i, l) * at(b, t, l, j))),
    ...sums,
  }),
  row("matmul: vectors", {
    f: matmul,
    inputs: [[5], [5]],
    truth: (a, b) => build([], () => total(5, (l) => at(a, l) * at(b, l))),
    ...sums,
    same: (a: Tensor, b: Tensor) => sum(mul(a, b)),
  }),
  row("matmul: a row by a matrix", {
    f: matmul,
    inputs: [[3], [3, 4]],
    truth: (a, b) => build([4], (j) => total(3, (l) => at(a, l) * at(b, l, j))),
    ...sums,
  }),
  row("matmul: a batch by a column", {
    f: matmul,
    inputs: [[2, 3, 4], [4]],
    truth: (a, b) => build([2, 3], (s, i) => total(4, (l) => at(a, s, i, l) * at(b, l))),
    ...sums,
  }),
  row("matmul: no inner size", {
    f: matmul,
    inputs: [
      [2, 0],
      [0, 3],
    ],
    truth: () => ({ shape: [2, 3], data: new Array<number>(6).fill(0) }),
    ...sums,
  }),
  row("matmul: no rows", {
    f: matmul,
    inputs: [
      [0, 3],
      [3, 2],
    ],
    truth: () => ({ shape: [0, 2], data: [] }),
    ...sums,
  }),
  row("matmul: a matrix and itself", {
    f: (a: Tensor) => matmul(a, a, { transposeB: true }),
    inputs: [[3, 4]],
    truth: (a) => build([3, 3], (i, j) => total(4, (l) => at(a, i, l) * at(a, j, l))),
    rule: "sum",
  }),
];

const einsums: readonly Row[] = [
  row("einsum: ij,jk->ik", {
    f: (a: Tensor, b: Tensor) => einsum("ij,jk->ik", a, b),
    inputs: [
      [2, 3],
      [3, 4],
    ],
    truth: (a, b) => build([2, 4], (i, k) => total(3, (j) => at(a, i, j) * at(b, j, k))),
    ...sums,
    same: (a: Tensor, b: Tensor) => matmul(a, b),
  }),
  row("einsum: bij,bkj->bik", {
    f: (a: Tensor, b: Tensor) => einsum("bij,bkj->bik", a, b),
    inputs: [
      [2, 2, 3],
      [2, 4, 3],
    ],
    truth: (a, b) =>
      build([2, 2, 4], (s, i, k) => total(3, (j) => at(a, s, i, j) * at(b, s, k, j))),
    ...sums,
    same: (a: Tensor, b: Tensor) => matmul(a, b, { transposeB: true }),
  }),
  row("einsum: ji,kj->ki, both stored the other way", {
    f: (a: Tensor, b: Tensor) => einsum("ji,kj->ki", a, b),
    inputs: [
      [3, 2],
      [4, 3],
    ],
    truth: (a, b) => build([4, 2], (k, i) => total(3, (j) => at(a, j, i) * at(b, k, j))),
    ...sums,
  }),
  row("einsum: ii-> is a trace", {
    f: (a: Tensor) => einsum("ii->", a),
    inputs: [[3, 3]],
    truth: (a) => build([], () => total(3, (i) => at(a, i, i))),
    ...sums,
  }),
  row("einsum: bii->ib", {
    f: (a: Tensor) => einsum("bii->ib", a),
    inputs: [[2, 3, 3]],
    truth: (a) => build([3, 2], (i, b) => at(a, b, i, i)),
    ...sums,
  }),
  row("einsum: i,j->ji", {
    f: (a: Tensor, b: Tensor) => einsum("i,j->ji", a, b),
    inputs: [[3], [2]],
    truth: (a, b) => build([2, 3], (j, i) => at(a, i) * at(b, j)),
    ...sums,
  }),
  row("einsum: without an arrow", {
    f: (a: Tensor, b: Tensor) => einsum("cb,ba", a, b),
    inputs: [
      [2, 3],
      [3, 4],
    ],
    truth: (a, b) => build([4, 2], (i, j) => total(3, (k) => at(a, j, k) * at(b, k, i))),
    ...sums,
  }),
  row("einsum: ellipsis broadcasts", {
    f: (a: Tensor, b: Tensor) => einsum("...ij,...jk->...ik", a, b),
    inputs: [
      [2, 1, 2, 3],
      [3, 3, 2],
    ],
    truth: (a, b) =>
      build([2, 3, 2, 2], (s, t, i, k) => total(3, (j) => at(a, s, 0, i, j) * at(b, t, j, k))),
    ...sums,
    same: (a: Tensor, b: Tensor) => matmul(a, b),
  }),
  row("einsum: three operands", {
    f: (a: Tensor, b: Tensor, c: Tensor) => einsum("ij,jk,kl->il", a, b, c),
    inputs: [
      [2, 3],
      [3, 2],
      [2, 2],
    ],
    truth: (a, b, c) =>
      build([2, 2], (i, l) =>
        total(3, (j) => total(2, (k) => at(a, i, j) * at(b, j, k) * at(c, k, l))),
      ),
    ...sums,
    same: (a: Tensor, b: Tensor, c: Tensor) => matmul(matmul(a, b), c),
  }),
  row("einsum: a letter of one operand alone", {
    f: (a: Tensor, b: Tensor) => einsum("ij,k->k", a, b),
    inputs: [[2, 3], [4]],
    truth: (a, b) => build([4], (k) => total(2, (i) => total(3, (j) => at(a, i, j))) * at(b, k)),
    ...sums,
  }),
];

export const productRows: readonly Row[] = [...matrices, ...ranks, ...einsums];
