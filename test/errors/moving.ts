// Bad calls of ops that move elements. Those of indices hold where a device sees values at once.

import * as o from "../../src/ops/index";
import { type ErrorCase, f, i, idx } from "./case";

export const moving: readonly ErrorCase[] = [
  [
    "ShapeError",
    "reshape: sizes differ: x is [2, 3] with 6 elements, asked for [4, -1]. Ask for a shape of 6 " +
      "elements.",
    () => o.reshape(f(2, 3), [4, -1]),
    () => o.reshape(f(2, 3), [3, -1]),
  ],
  [
    "ShapeError",
    "reshape: more than one size is -1: asked for [-1, -1]. Leave one size open.",
    () => o.reshape(f(2, 3), [-1, -1]),
    () => o.reshape(f(2, 3), [-1, 1]),
  ],
  [
    "ShapeError",
    "expandDims: axis out of range: axis is 3, rank is 2; use -2 to 1.",
    () => o.expandDims(f(2), 3),
    () => o.expandDims(f(2), 1),
  ],
  [
    "ShapeError",
    "squeeze: size is not 1: axis 0 of x [2, 1] has size 2. Leave it out.",
    () => o.squeeze(f(2, 1), 0),
    () => o.squeeze(f(2, 1), 1),
  ],
  [
    "ShapeError",
    "expand: shapes do not fit: x is [2, 3], asked for [2, 4]. Each size of x must be 1 or the " +
      "one asked for, from the last axis back.",
    () => o.expand(f(2, 3), [2, 4]),
    () => o.expand(f(2, 1), [2, 4]),
  ],
  [
    "ShapeError",
    "sumTo: shapes do not fit: x is [2, 3], asked for [4]. Each size asked for must be 1 or that " +
      "of x, from the last axis back.",
    () => o.sumTo(f(2, 3), [4]),
    () => o.sumTo(f(2, 3), [3]),
  ],
  [
    "ShapeError",
    "transpose: no order of the axes: perm is [0, 0], x is [2, 3]. Name every axis once.",
    () => o.transpose(f(2, 3), [0, 0]),
    () => o.transpose(f(2, 3), [1, 0]),
  ],
  [
    "ShapeError",
    "concat: shapes do not fit: tensor 0 is [2, 3], tensor 1 is [3, 2]. All sizes but that of " +
      "axis 0 must be equal.",
    () => o.concat([f(2, 3), f(3, 2)]),
    () => o.concat([f(2, 3), f(3, 3)]),
  ],
  [
    "DTypeError",
    "concat: dtypes differ: tensor 0 is float32, tensor 1 is int32. Use cast(x, dtype) on one.",
    () => o.concat([f(2), i(2)]),
    () => o.concat([i(2), i(2)]),
  ],
  [
    "ShapeError",
    "stack: shapes do not fit: tensor 0 is [2], tensor 1 is [3]. All sizes must be equal.",
    () => o.stack([f(2), f(3)]),
    () => o.stack([f(3), f(3)]),
  ],
  [
    "ShapeError",
    "split: parts do not add up: 2 equal parts of axis 0, x is [5]. Their sum must be 5.",
    () => o.split(f(5), 2),
    () => o.split(f(6), 2),
  ],
  [
    "ShapeError",
    "slice: no part of x: start is [0, 1], size is [2, 3], x is [2, 3]. Stay inside of x.",
    () => o.slice(f(2, 3), [0, 1], [2, 3]),
    () => o.slice(f(2, 3), [0, 1], [2, 2]),
  ],
  [
    "ShapeError",
    "pad: 1 pairs for 2 axes: x is [2, 3]. Give [before, after] for each axis.",
    () => o.pad(f(2, 3), [[0, 1]]),
    () =>
      o.pad(f(2, 3), [
        [0, 1],
        [0, 0],
      ]),
  ],
  [
    "ShapeError",
    "flip: axis out of range: axis is 1, rank is 1; use -1 to 0.",
    () => o.flip(f(2), 1),
    () => o.flip(f(2), 0),
  ],
  [
    "ShapeError",
    "tril: no matrix: x is [2]. Give [..., n, m].",
    () => o.tril(f(2)),
    () => o.tril(f(2, 1)),
  ],
  [
    "ValueError",
    "triu: k is no whole number: 0.5. Use 0, 1 or -1.",
    () => o.triu(f(2, 2), 0.5),
    () => o.triu(f(2, 2), -1),
  ],
  [
    "ShapeError",
    "unstack: axis out of range: axis is 1, rank is 1; use -1 to 0.",
    () => o.unstack(f(2), 1),
    () => o.unstack(f(2), 0),
  ],
  [
    "ValueError",
    "tile: no whole number from 0: reps is [-1]. Give whole numbers.",
    () => o.tile(f(2), [-1]),
    () => o.tile(f(2), [0]),
  ],
  [
    "ShapeError",
    "unravel: length differs: got [3], the tree has 2 elements. Give a vector of 2.",
    () => o.ravel({ a: f(2) })[1](f(3)),
    () => o.ravel({ a: f(2) })[1](f(2)),
  ],
  [
    "DTypeError",
    'gather: wrong dtype: indices is float32, not int32. Use cast(indices, "int32").',
    () => o.gather(f(3), f(2)),
    () => o.gather(f(3), i(2)),
  ],
  [
    "ShapeError",
    "gather: axis out of range: axis is 1, rank is 1; use -1 to 0.",
    () => o.gather(f(3), i(2), 1),
    () => o.gather(f(3), i(2), -1),
  ],
  [
    "ShapeError",
    "scatterAdd: shapes do not fit: g is [3, 2], indices is [2], axis is 0. From that axis on g " +
      "must have the sizes of the indices.",
    () => o.scatterAdd(f(3, 2), i(2), 5),
    () => o.scatterAdd(f(2, 2), i(2), 5),
  ],
  [
    "ShapeError",
    "gatherAlong: shapes do not fit: x is [3, 2], indices is [2, 2]. All sizes but that of axis " +
      "1 must be equal.",
    () => o.gatherAlong(f(3, 2), i(2, 2), 1),
    () => o.gatherAlong(f(3, 2), i(3, 2), 1),
  ],
  [
    "ShapeError",
    "scatterAlong: shapes differ: g is [3, 2], indices is [3, 1]. Give one index for each element.",
    () => o.scatterAlong(f(3, 2), i(3, 1), 1, 4),
    () => o.scatterAlong(f(3, 2), i(3, 2), 1, 4),
  ],
];

/** On devices that see values at once. */
export const indexing: readonly ErrorCase[] = [
  [
    "IndexError",
    "gather: index out of range: idx[1] is 3, the axis has 3. Use 0 to 2.",
    () => o.gather(f(3), idx(0, 3)),
    () => o.gather(f(3), idx(0, 2)),
  ],
  [
    "IndexError",
    "gather: index out of range: idx[0] is -1, the axis has 3. Use 0 to 2.",
    () => o.gather(f(3), idx(-1)),
    () => o.gather(f(3), idx(0)),
  ],
  [
    "IndexError",
    "scatterAdd: index out of range: idx[1] is 5, the axis has 5. Use 0 to 4.",
    () => o.scatterAdd(f(2), idx(0, 5), 5),
    () => o.scatterAdd(f(2), idx(0, 4), 5),
  ],
  [
    "IndexError",
    "gatherAlong: index out of range: idx[1] is 2, the axis has 2. Use 0 to 1.",
    () => o.gatherAlong(f(2), idx(0, 2), 0),
    () => o.gatherAlong(f(2), idx(0, 1), 0),
  ],
  [
    "IndexError",
    "scatterAlong: index out of range: idx[1] is 4, the axis has 4. Use 0 to 3.",
    () => o.oneHot(idx(0, 4), 4),
    () => o.oneHot(idx(0, 3), 4),
  ],
  [
    "IndexError",
    "crossEntropy: label out of range: idx[1] is 3, the axis has 3. Use 0 to 2.",
    () => o.crossEntropy(f(2, 3), idx(0, 3)),
    () => o.crossEntropy(f(2, 3), idx(0, 2)),
  ],
];
