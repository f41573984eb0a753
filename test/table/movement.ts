// Rows of ops that put elements in other places: all are linear, and all move bits.

import {
  add,
  concat,
  expand,
  expandDims,
  flip,
  matmul,
  mul,
  pad,
  ravel,
  reshape,
  slice,
  split,
  squeeze,
  stack,
  sum,
  sumTo,
  tile,
  transpose,
} from "../../src/ops/index";
import { eye, ones } from "../../src/tensor/fill";
import type { Tensor } from "../../src/tensor/tensor";
import { bools, ints, type Row, row } from "./row";
import { add as addAll, at, build, over, type Truth, type Values } from "./truth";

const moved = { rule: "exact", bilinear: true } as const;
const cube = [2, 3, 4];

/** The same elements in another shape. */
const shaped =
  (...shape: number[]): Truth =>
  (x) => ({ shape, data: x.data });

const reshapes: readonly Row[] = [
  row("reshape", {
    f: (x: Tensor) => reshape(x, [4, 6]),
    inputs: [cube],
    truth: shaped(4, 6),
    ...moved,
  }),
  row("reshape: -1", {
    f: (x: Tensor) => reshape(x, [-1, 2]),
    inputs: [cube],
    truth: shaped(12, 2),
    ...moved,
  }),
  row("reshape: to a scalar", {
    f: (x: Tensor) => reshape(x, []),
    inputs: [[1, 1]],
    truth: shaped(),
    ...moved,
  }),
  row("reshape: empty", {
    f: (x: Tensor) => reshape(x, [3, 0]),
    inputs: [[0, 2]],
    truth: shaped(3, 0),
    ...moved,
  }),
  row("reshape: of a repeated row", {
    f: (x: Tensor) => mul(reshape(expand(x, [3, 4]), [2, 6]), 2),
    inputs: [[4]],
    truth: (x) => build([2, 6], (i, j) => 2 * at(x, (6 * i + j) % 4)),
    ...moved,
  }),
  row("expandDims", {
    f: (x: Tensor) => expandDims(x, -1),
    inputs: [[2, 3]],
    truth: shaped(2, 3, 1),
    ...moved,
  }),
  row("expandDims: first", {
    f: (x: Tensor) => expandDims(x, 0),
    inputs: [ints([2, 3], 0, 9)],
    truth: shaped(1, 2, 3),
    ...moved,
  }),
  row("squeeze", {
    f: (x: Tensor) => squeeze(x),
    inputs: [[1, 3, 1, 2]],
    truth: shaped(3, 2),
    ...moved,
  }),
  row("squeeze: one axis", {
    f: (x: Tensor) => squeeze(x, -2),
    inputs: [[1, 3, 1, 2]],
    truth: shaped(1, 3, 2),
    ...moved,
  }),
];

/** The element of x that a broadcast reads at an index. */
const read = (x: Values, index: readonly number[]) =>
  at(x, ...index.slice(index.length - x.shape.length).map((j, i) => (x.shape[i] === 1 ? 0 : j)));

const wider =
  (shape: readonly number[]): Truth =>
  (x) =>
    build(shape, (...index) => read(x, index));

const repeats: readonly Row[] = [
  ...(
    [
      ["", [4], [3, 4]],
      [": a column", [3, 1], [3, 4]],
      [": a scalar", [], [2, 3]],
      [": two apart", [2, 1, 3, 1], [5, 2, 4, 3, 2]],
      [": to nothing", [1, 3], [0, 3]],
    ] as const
  ).map(([name, from, to]) =>
    row(`expand${name}`, {
      f: (x: Tensor) => expand(x, to),
      inputs: [from],
      truth: wider(to),
      ...moved,
      same: (x: Tensor) => mul(x, ones(to)),
    }),
  ),
  row("expand: twice", {
    f: (x: Tensor) => expand(expandDims(expand(x, [3, 4]), 1), [3, 2, 4]),
    inputs: [[4]],
    truth: wider([3, 2, 4]),
    ...moved,
  }),
  row("sumTo", {
    f: (x: Tensor) => sumTo(x, [3, 1]),
    inputs: [cube],
    truth: (x) => shaped(3, 1)(over(addAll, [0, 2])(x) as Values),
    rule: "sum",
    bilinear: true,
    same: (x: Tensor) => reshape(sum(sum(x, { axis: 2 }), { axis: 0 }), [3, 1]),
  }),
  row("sumTo: a scalar", {
    f: (x: Tensor) => sumTo(x, []),
    inputs: [[2, 3]],
    truth: over(addAll),
    rule: "sum",
    bilinear: true,
  }),
  row("tile", {
    f: (x: Tensor) => tile(x, [2, 3]),
    inputs: [[2, 3]],
    truth: (x) => build([4, 9], (i, j) => at(x, i % 2, j % 3)),
    ...moved,
    same: (x: Tensor) => {
      const wide = concat([x, x, x], 1);
      return concat([wide, wide], 0);
    },
  }),
  row("tile: more axes than x", {
    f: (x: Tensor) => tile(x, [2, 1, 2]),
    inputs: [[3]],
    truth: (x) => build([2, 1, 6], (_, __, j) => at(x, j % 3)),
    ...moved,
  }),
  row("tile: fewer axes than x, and none", {
    f: (x: Tensor) => [tile(x, [2]), tile(x, [0, 1])],
    inputs: [[2, 2]],
    truth: (x) => [build([2, 4], (i, j) => at(x, i, j % 2)), build([0, 2], () => 0)],
    ...moved,
  }),
];

const transposes: readonly Row[] = [
  row("transpose", {
    f: (x: Tensor) => transpose(x),
    inputs: [cube],
    truth: (x) => build([4, 3, 2], (i, j, k) => at(x, k, j, i)),
    ...moved,
  }),
  row("transpose: perm", {
    f: (x: Tensor) => transpose(x, [1, -1, 0]),
    inputs: [cube],
    truth: (x) => build([3, 4, 2], (i, j, k) => at(x, k, i, j)),
    ...moved,
  }),
  row("transpose: of a matrix, by a product", {
    f: (x: Tensor) => transpose(x),
    inputs: [[3, 5]],
    truth: (x) => build([5, 3], (i, j) => at(x, j, i)),
    ...moved,
    same: (x: Tensor) => matmul(x, eye(3), { transposeA: true }),
  }),
  row("transpose: axes of size 1", {
    f: (x: Tensor) => transpose(x, [2, 0, 1]),
    inputs: [[2, 3, 1]],
    truth: shaped(1, 2, 3),
    ...moved,
  }),
  row("transpose: five axes of int32", {
    f: (x: Tensor) => transpose(x),
    inputs: [ints([2, 3, 2, 1, 2], 0, 99)],
    truth: (x) => build([2, 1, 2, 3, 2], (i, j, k, l, m) => at(x, m, l, k, j, i)),
    ...moved,
  }),
  row("transpose: of a repeated column", {
    f: (x: Tensor) => transpose(expand(x, [3, 2])),
    inputs: [[3, 1]],
    truth: (x) => build([2, 3], (_, j) => at(x, j, 0)),
    ...moved,
  }),
  row("flip", {
    f: (x: Tensor) => flip(x),
    inputs: [[2, 3]],
    truth: (x) => build([2, 3], (i, j) => at(x, 1 - i, 2 - j)),
    ...moved,
  }),
  row("flip: one axis", {
    f: (x: Tensor) => flip(x, -2),
    inputs: [cube],
    truth: (x) => build(cube, (i, j, k) => at(x, i, 2 - j, k)),
    ...moved,
    same: (x: Tensor) => slice(x, [0, -1, 0], [2, 3, 4], [1, -1, 1]),
  }),
];

const parts: readonly Row[] = [
  row("slice", {
    f: (x: Tensor) => slice(x, [1, 0, 1], [1, 2, 2]),
    inputs: [cube],
    truth: (x) => build([1, 2, 2], (i, j, k) => at(x, 1 + i, j, 1 + k)),
    ...moved,
  }),
  row("slice: steps, negative start", {
    f: (x: Tensor) => slice(x, [-1, 0], [-1, 3], [-2, 2]),
    inputs: [[5, 6]],
    truth: (x) => build([3, 3], (i, j) => at(x, 4 - 2 * i, 2 * j)),
    ...moved,
  }),
  row("slice: fewer numbers than axes", {
    f: (x: Tensor) => slice(x, [1], [-1]),
    inputs: [ints([3, 2], 0, 9)],
    truth: (x) => build([2, 2], (i, j) => at(x, 1 + i, j)),
    ...moved,
  }),
  row("slice: nothing", {
    f: (x: Tensor) => slice(x, [3], [0]),
    inputs: [[3, 2]],
    truth: () => ({ shape: [0, 2], data: [] }),
    ...moved,
  }),
  row("slice: by a product", {
    f: (x: Tensor) => slice(x, [1, 0], [2, 3]),
    inputs: [[4, 3]],
    truth: (x) => build([2, 3], (i, j) => at(x, 1 + i, j)),
    ...moved,
    same: (x: Tensor) => matmul(slice(eye(4), [1, 0], [2, 4]), x),
  }),
  row("pad", {
    f: (x: Tensor) =>
      pad(x, [
        [1, 0],
        [0, 2],
      ]),
    inputs: [[2, 3]],
    truth: (x) => build([3, 5], (i, j) => at(x, i - 1, j)),
    ...moved,
    same: (x: Tensor) => {
      const wide = concat([x, mul(ones([2, 2]), 0)], 1);
      return concat([mul(ones([1, 5]), 0), wide], 0);
    },
  }),
  row("pad: with a value", {
    f: (x: Tensor) => pad(x, [[1, 2]], 0.5),
    inputs: [[2]],
    truth: (x) => build([5], (i) => (i >= 1 && i < 3 ? at(x, i - 1) : 0.5)),
    ...moved,
  }),
  row("pad: bool and int32", {
    f: (x: Tensor, c: Tensor) => [pad(x, [[0, 1]], -7), pad(c, [[1, 0]], true)],
    inputs: [ints([3], 0, 9), bools([2])],
    truth: (x, c) => [
      build([4], (i) => (i < 3 ? at(x, i) : -7)),
      build([3], (i) => (i === 0 ? 1 : at(c, i - 1))),
    ],
    rule: "exact",
  }),
  row("pad: of nothing", {
    f: (x: Tensor) => pad(x, [[2, 1]]),
    inputs: [[0]],
    truth: () => ({ shape: [3], data: [0, 0, 0] }),
    ...moved,
  }),
  row("split: equal parts", {
    f: (x: Tensor) => split(x, 2, 1),
    inputs: [[3, 4]],
    truth: (x) => [0, 2].map((from) => build([3, 2], (i, j) => at(x, i, from + j))),
    ...moved,
    same: (x: Tensor) => [slice(x, [0, 0], [3, 2]), slice(x, [0, 2], [3, 2])],
  }),
  row("split: sizes", {
    f: (x: Tensor) => split(x, [1, 0, 3], -2),
    inputs: [[4, 2]],
    truth: (x) => [
      build([1, 2], (i, j) => at(x, i, j)),
      build([0, 2], () => 0),
      build([3, 2], (i, j) => at(x, i + 1, j)),
    ],
    ...moved,
  }),
  row("split: only one part is used", {
    f: (x: Tensor) => split(x, 3)[1],
    inputs: [[6]],
    truth: (x) => build([2], (i) => at(x, 2 + i)),
    ...moved,
  }),
];

const joins: readonly Row[] = [
  row("concat", {
    f: (a: Tensor, b: Tensor, c: Tensor) => concat([a, b, c], 1),
    inputs: [
      [2, 2],
      [2, 0],
      [2, 3],
    ],
    truth: (a, _, c) => build([2, 5], (i, j) => (j < 2 ? at(a, i, j) : at(c, i, j - 2))),
    ...moved,
    same: (a: Tensor, _: Tensor, c: Tensor) =>
      add(
        pad(a, [
          [0, 0],
          [0, 3],
        ]),
        pad(c, [
          [0, 0],
          [2, 0],
        ]),
      ),
  }),
  row("concat: a tensor twice, first axis", {
    f: (a: Tensor, b: Tensor) => concat([a, b, a]),
    inputs: [
      [1, 3],
      [2, 3],
    ],
    truth: (a, b) => build([4, 3], (i, j) => (i === 0 || i === 3 ? at(a, 0, j) : at(b, i - 1, j))),
    ...moved,
  }),
  row("concat: int32, negative axis", {
    f: (a: Tensor, b: Tensor) => concat([a, b], -1),
    inputs: [ints([2, 1], 0, 9), ints([2, 2], 0, 9)],
    truth: (a, b) => build([2, 3], (i, j) => (j < 1 ? at(a, i, j) : at(b, i, j - 1))),
    ...moved,
  }),
  row("stack", {
    f: (a: Tensor, b: Tensor) => stack([a, b]),
    inputs: [
      [2, 3],
      [2, 3],
    ],
    truth: (a, b) => build([2, 2, 3], (i, j, k) => at(i === 0 ? a : b, j, k)),
    ...moved,
    same: (a: Tensor, b: Tensor) => concat([expandDims(a, 0), expandDims(b, 0)], 0),
  }),
  row("stack: last axis", {
    f: (a: Tensor, b: Tensor) => stack([a, b], -1),
    inputs: [[3], [3]],
    truth: (a, b) => build([3, 2], (i, j) => at(j === 0 ? a : b, i)),
    ...moved,
  }),
];

const trees: readonly Row[] = [
  row("ravel", {
    f: (a: Tensor, b: Tensor, c: Tensor) => ravel({ w: [b, c], a })[0],
    inputs: [[2, 2], [3], []],
    truth: (a, b, c) => ({ shape: [8], data: [...a.data, ...b.data, ...c.data] }),
    ...moved,
    same: (a: Tensor, b: Tensor, c: Tensor) => concat([reshape(a, [4]), b, reshape(c, [1])]),
  }),
  row("ravel: and back", {
    f: (a: Tensor, b: Tensor) => {
      const [vector, unravel] = ravel({ a, b });
      return unravel(mul(vector, 2));
    },
    inputs: [[2, 2], [3]],
    truth: (a, b) => [a, b].map(({ shape, data }) => ({ shape, data: data.map((v) => 2 * v) })),
    ...moved,
  }),
];

export const movementRows: readonly Row[] = [
  ...reshapes,
  ...repeats,
  ...transposes,
  ...parts,
  ...joins,
  ...trees,
];
