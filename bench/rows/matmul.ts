// Rows: products, in every layout and shape that nets and their backward passes are made of.

import { matmul, type Tensor, transpose } from "hypergrad";
import { type Group, normal, type Row } from "../row";

const LAYOUTS = ["NN", "TN", "NT", "TT"] as const;
type Layout = (typeof LAYOUTS)[number];

export interface Product {
  m: number;
  k: number;
  n: number;
  layout?: Layout;
  batch?: number;
  quick?: boolean;
}

/** `matmul 64x784x256 TN`: m x k x n, and which operand is stored transposed. */
export function product({ m, k, n, layout = "NN", batch, quick }: Product): Row {
  const transposeA = layout[0] === "T";
  const transposeB = layout[1] === "T";
  const lead = batch === undefined ? [] : [batch];
  const swap = batch === undefined ? [1, 0] : [0, 2, 1];
  const size = `${batch === undefined ? "" : `${batch} of `}${m}x${k}x${n}`;
  const stored = (x: Tensor, turned: boolean) => (turned ? transpose(x, swap) : x);
  return {
    name: `matmul ${size} ${layout}`,
    // The same two matrices in every layout, so that one truth serves all.
    computes: `matmul ${size}`,
    inputs: [normal(...lead, m, k), normal(...lead, k, n)],
    prepare: (a, b) => [stored(a, transposeA), stored(b, transposeB)],
    f: (a, b) => matmul(a, b, { transposeA, transposeB }),
    // The layout whose loops walk both operands in memory order.
    truth: (a: Tensor, b: Tensor) =>
      matmul(stored(a, transposeA), stored(b, !transposeB), { transposeB: true }),
    work: {
      flops: 2 * (batch ?? 1) * m * k * n,
      bytes: 4 * (batch ?? 1) * (m * k + k * n + m * n),
    },
    within: "arithmetic",
    quick,
  };
}

const square = (size: number, quick: boolean): Group => ({
  name: `matmul ${size}`,
  rows: LAYOUTS.map((layout) => product({ m: size, k: size, n: size, layout, quick })),
});

export const matmulGroups: readonly Group[] = [
  square(64, true),
  square(128, false),
  square(256, true),
  square(512, false),
  square(1024, false),
  {
    name: "matmul of layers",
    rows: [
      product({ m: 64, k: 784, n: 256, quick: true }),
      product({ m: 784, k: 64, n: 256, layout: "TN" }),
      product({ m: 64, k: 256, n: 784, layout: "NT" }),
      product({ m: 32, k: 128, n: 512, quick: true }),
      product({ m: 128, k: 25, n: 3136 }),
      product({ m: 5, k: 784, n: 64 }),
      product({ m: 64, k: 256, n: 10 }),
    ],
  },
  {
    name: "matmul, small and batched",
    rows: [
      product({ m: 5, k: 64, n: 64, quick: true }),
      product({ m: 25, k: 64, n: 64 }),
      product({ m: 5, k: 64, n: 64, batch: 25, quick: true }),
      product({ m: 10, k: 40, n: 40, batch: 25 }),
      product({ m: 40, k: 10, n: 40, batch: 25, layout: "TN" }),
      product({ m: 64, k: 64, n: 64, batch: 16 }),
      product({ m: 64, k: 64, n: 64, batch: 16, layout: "NT" }),
    ],
  },
  {
    name: "matrix times vector",
    rows: [
      product({ m: 1, k: 256, n: 256, quick: true }),
      product({ m: 1, k: 256, n: 256, layout: "NT" }),
      product({ m: 256, k: 256, n: 1 }),
      product({ m: 1, k: 1024, n: 1024 }),
    ],
  },
];
