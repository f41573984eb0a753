// Rows of pooling; the truths list the elements of every window.

import {
  avgPool2d,
  conv2d,
  max,
  maxPool2d,
  mul,
  type PoolOptions,
  reshape,
  slice,
  stack,
  sum,
} from "../../src/ops/index";
import { eye, ones } from "../../src/tensor/fill";
import type { Tensor } from "../../src/tensor/tensor";
import { type Geometry, places } from "./convolution";
import { apart, given, type Row, row } from "./row";
import { at, build, type Values } from "./truth";

const sums = { rule: "sum", bilinear: true } as const;

/** The elements of every window, padding left out, in the order of rows. */
function windows(
  x: Values,
  [kh, kw]: readonly [number, number],
  g: Geometry,
  f: (list: readonly number[]) => number,
): Values {
  const place = places(g);
  const [n, h, w, c] = x.shape;
  return build([n, ...g.out, c], (image, oh, ow, channel) => {
    const list: number[] = [];
    for (let i = 0; i < kh; i++) {
      for (let j = 0; j < kw; j++) {
        const [r, s] = [place(0, oh, i), place(1, ow, j)];
        if (r >= 0 && r < h && s >= 0 && s < w) list.push(at(x, image, r, s, channel));
      }
    }
    return f(list);
  });
}

const pools: readonly (readonly [string, number[], PoolOptions, Geometry, [number, number]])[] = [
  ["2 by 2", [2, 4, 5, 2], { size: 2 }, { out: [2, 2], stride: [2, 2] }, [2, 2]],
  [
    "overlapping, padding 1",
    [1, 5, 4, 1],
    { size: 3, stride: 2, padding: 1 },
    { out: [3, 2], stride: [2, 2], before: [1, 1] },
    [3, 3],
  ],
  [
    "same, 3 by 2",
    [1, 4, 3, 2],
    { size: [3, 2], stride: 1, padding: "same" },
    { out: [4, 3], before: [1, 0] },
    [3, 2],
  ],
];

const most = (list: readonly number[]) => Math.max(...list);
const added = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

/** The largest of four shifted copies. */
const byCopies = (x: Tensor) => {
  const [n, h, w, c] = x.shape;
  const size = [n, Math.floor(h / 2), Math.floor(w / 2), c];
  const corner = (i: number, j: number) => slice(x, [0, i, j, 0], size, [1, 2, 2, 1]);
  return max(stack([corner(0, 0), corner(0, 1), corner(1, 0), corner(1, 1)]), { axis: 0 });
};

export const poolingRows: readonly Row[] = [
  ...pools.flatMap(([name, shape, options, geometry, size]) => [
    row(`maxPool2d: ${name}`, {
      f: (x: Tensor) => maxPool2d(x, options),
      inputs: [apart(shape)],
      truth: (x) => windows(x, size, geometry, most),
      rule: "exact",
      ...(name === "2 by 2" ? { same: byCopies } : {}),
    }),
    row(`avgPool2d: ${name}`, {
      f: (x: Tensor) => avgPool2d(x, options),
      inputs: [shape],
      truth: (x) => windows(x, size, geometry, (list) => added(list) / (size[0] * size[1])),
      ...sums,
    }),
    row(`avgPool2d: ${name}, without padding in the mean`, {
      f: (x: Tensor) => avgPool2d(x, { ...options, countPadding: false }),
      inputs: [shape],
      truth: (x) => windows(x, size, geometry, (list) => added(list) / list.length),
      ...sums,
    }),
  ]),
  row("maxPool2d: images with more leading axes", {
    f: (x: Tensor) => maxPool2d(x, { size: 2 }),
    inputs: [apart([2, 2, 2, 2, 1])],
    truth: (x) => ({
      ...windows({ shape: [4, 2, 2, 1], data: x.data }, [2, 2], { out: [1, 1] }, most),
      shape: [2, 2, 1, 1, 1],
    }),
    rule: "exact",
  }),
  row("maxPool2d: NaN and infinities", {
    f: (x: Tensor) => maxPool2d(reshape(x, [1, 2, 4, 1]), { size: 2 }),
    inputs: [given([1, 2, 3, 4, 5, 6, 7, 8])],
    truth: (x) =>
      windows({ shape: [1, 2, 4, 1], data: x.data }, [2, 2], { out: [1, 2], stride: [2, 2] }, most),
    rule: "exact",
    special: [
      [
        1,
        Number.NaN,
        Number.NEGATIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        2,
        0,
        Number.NEGATIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
      ],
    ],
  }),
  row("avgPool2d: by a convolution", {
    f: (x: Tensor) => avgPool2d(x, { size: 2, stride: 1 }),
    inputs: [[1, 3, 4, 2]],
    truth: (x) => windows(x, [2, 2], { out: [2, 3] }, (list) => added(list) / 4),
    ...sums,
    same: (x: Tensor) => conv2d(x, mul(ones([2, 2, 1, 1]), mul(eye(2), 0.25))),
  }),
  row("avgPool2d: the whole image", {
    f: (x: Tensor) => avgPool2d(x, { size: [2, 3] }),
    inputs: [[2, 2, 3, 2]],
    truth: (x) => windows(x, [2, 3], { out: [1, 1] }, (list) => added(list) / 6),
    ...sums,
    same: (x: Tensor) => mul(sum(x, { axis: [1, 2], keepDims: true }), 1 / 6),
  }),
];
