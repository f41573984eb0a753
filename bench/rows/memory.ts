// Rows: kernels whose time is the memory's: reductions, softmax, norms, pooling, indexing, sorting
// and movement. Bytes are those that must be read and written once.

import {
  argmax,
  avgPool2d,
  batchNorm,
  concat,
  cumsum,
  gather,
  grad,
  layerNorm,
  logSoftmax,
  max,
  maxPool2d,
  mul,
  pad,
  scatterAdd,
  slice,
  softmax,
  sort,
  sum,
  type Tensor,
  topK,
  transpose,
  variance,
} from "hypergrad";
import { type Group, index, normal, positive, type Row } from "../row";

const N = 1 << 20;

function over(
  name: string,
  f: (x: Tensor) => Tensor,
  written: number,
  within: Row["within"] = "arithmetic",
  read = N,
): Row {
  return { name, inputs: [normal(1024, 1024)], f, work: { bytes: 4 * (read + written) }, within };
}

const quick = (row: Row): Row => ({ ...row, quick: true });

/** The gradient of ⟨f(x), g⟩ by x. */
const gradient = (f: (x: Tensor) => Tensor) => (x: Tensor, g: Tensor) =>
  grad((at: Tensor) => sum(mul(f(at), g)))(x);

const IMAGES = [32, 28, 28, 32];
const PIXELS = 32 * 28 * 28 * 32;
const pool = (x: Tensor) => maxPool2d(x, { size: 2 });
const pooled = normal(32, 14, 14, 32);

const BORDER = [
  [1, 1],
  [1, 1],
] as const;

const VOCABULARY = 10_000;
const TOKENS = 32 * 50;
const WIDTH = 128;

export const memoryGroups: readonly Group[] = [
  {
    name: "reductions of 1024x1024",
    rows: [
      quick(over("sum of all", (x) => sum(x), 1)),
      quick(over("sum of rows", (x) => sum(x, { axis: 1 }), 1024)),
      over("sum of columns", (x) => sum(x, { axis: 0 }), 1024),
      over("max of rows", (x) => max(x, { axis: 1 }), 1024),
      over("argmax of rows", (x) => argmax(x, { axis: 1 }), 1024),
      over("variance of columns", (x) => variance(x, { axis: 0 }), 1024),
      over("cumsum of rows", (x) => cumsum(x, { axis: 1 }), N),
    ],
  },
  {
    name: "softmax and norms",
    rows: [
      quick(over("softmax of rows", (x) => softmax(x), N, "functions")),
      over("logSoftmax of rows", (x) => logSoftmax(x), N, "functions"),
      {
        name: "softmax of 64x10",
        inputs: [normal(64, 10)],
        f: (x) => softmax(x),
        work: { bytes: 8 * 640 },
        within: "functions",
      },
      quick({
        name: "layerNorm of rows",
        inputs: [normal(1024, 1024), normal(1024), normal(1024)],
        f: (x, gamma, beta) => layerNorm(x, gamma, beta),
        work: { bytes: 8 * N },
        within: "arithmetic",
      }),
      quick({
        name: "batchNorm of 75x14x14x32",
        inputs: [normal(75, 14, 14, 32), normal(32), normal(32)],
        f: (x, gamma, beta) => batchNorm(x, gamma, beta),
        work: { bytes: 8 * 75 * 196 * 32 },
        within: "arithmetic",
      }),
      {
        name: "batchNorm's gradient, 75x14x14x32",
        inputs: [normal(75, 14, 14, 32), normal(75, 14, 14, 32), normal(32), normal(32)],
        f: (x, g, gamma, beta) => grad((at: Tensor) => sum(mul(batchNorm(at, gamma, beta), g)))(x),
        work: { bytes: 12 * 75 * 196 * 32 },
        within: "functions",
      },
    ],
  },
  {
    name: "pooling 2x2 of 32x28x28x32",
    rows: [
      quick({
        name: "maxPool2d",
        inputs: [normal(...IMAGES)],
        f: pool,
        work: { bytes: 4 * (PIXELS + PIXELS / 4) },
        within: "exact",
      }),
      quick({
        name: "maxPool2d's gradient",
        inputs: [normal(...IMAGES), pooled],
        f: gradient(pool),
        work: { bytes: 4 * (2 * PIXELS + PIXELS / 2) },
        within: "arithmetic",
      }),
      {
        name: "avgPool2d",
        inputs: [normal(...IMAGES)],
        f: (x) => avgPool2d(x, { size: 2 }),
        work: { bytes: 4 * (PIXELS + PIXELS / 4) },
        within: "arithmetic",
      },
    ],
  },
  {
    name: "indexing and sorting",
    rows: [
      quick({
        name: "gather 1600 of 10000 rows of 128",
        inputs: [normal(VOCABULARY, WIDTH), index(VOCABULARY, TOKENS)],
        f: (x, at) => gather(x, at),
        work: { bytes: 8 * TOKENS * WIDTH },
        within: "exact",
      }),
      quick({
        name: "scatterAdd, the gradient of gather",
        inputs: [normal(TOKENS, WIDTH), index(VOCABULARY, TOKENS)],
        f: (g, at) => scatterAdd(g, at, VOCABULARY),
        work: { bytes: 4 * (VOCABULARY + 2 * TOKENS) * WIDTH },
        within: "arithmetic",
      }),
      {
        name: "sort 64 rows of 1024",
        inputs: [normal(64, 1024)],
        f: (x) => sort(x),
        work: { bytes: 8 * 65536 },
        within: "exact",
      },
      {
        name: "topK 8 of 64 rows of 1024",
        inputs: [normal(64, 1024)],
        f: (x) => topK(x, 8).values,
        work: { bytes: 4 * 65536 },
        within: "exact",
      },
    ],
  },
  {
    name: "movement of 1024x1024",
    rows: [
      quick(over("transpose", (x) => transpose(x), N, "exact")),
      over("slice of 512x512", (x) => slice(x, [256, 256], [512, 512]), N / 4, "exact", N / 4),
      over("pad by 1", (x) => pad(x, BORDER), 1026 * 1026, "exact"),
      {
        name: "concat of two halves",
        inputs: [normal(1024, 512), positive(1024, 512)],
        f: (x, y) => concat([x, y], 1),
        work: { bytes: 8 * N },
        within: "exact",
      },
      {
        name: "transpose 32x28x28x32 to channels first",
        inputs: [normal(...IMAGES)],
        f: (x) => transpose(x, [0, 3, 1, 2]),
        work: { bytes: 8 * PIXELS },
        within: "exact",
      },
    ],
  },
];
