// Bad calls of elementwise ops, products and reductions.

import * as o from "../../src/ops/index";
import {
  add,
  argmax,
  argmin,
  cumsum,
  div,
  equal,
  less,
  logSoftmax,
  logSumExp,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  norm,
  pow,
  prod,
  softmax,
  sort,
  sub,
  sum,
  variance,
} from "../../src/ops/index";
import { tensor } from "../../src/tensor/create";
import { any, b, type ErrorCase, f, i } from "./case";

const BROADCAST = "Sizes must be equal, or 1, from the last axis back.";

const elementwise: readonly ErrorCase[] = [
  ...Object.entries({ add, sub, mul, div, pow, maximum, minimum, equal, less }).map(
    ([name, op]): ErrorCase => [
      "ShapeError",
      `${name}: shapes do not broadcast: a is [2, 3], b is [2]. ${BROADCAST}`,
      () => op(f(2, 3), f(2)),
      () => op(f(2, 3), f(3)),
    ],
  ),
  [
    "ShapeError",
    `where: shapes do not broadcast: a is [2], b is [3], c is [3]. ${BROADCAST}`,
    () => o.where(b(2), f(3), f(3)),
    () => o.where(b(3), f(3), f(3)),
  ],
  [
    "ShapeError",
    `clip: shapes do not broadcast: a is [2], b is [3], c is []. ${BROADCAST}`,
    () => o.clip(f(2), f(3), 1),
    () => o.clip(f(3), f(3), 1),
  ],
  [
    "DTypeError",
    'exp: wrong dtype: x is int32, exp takes float32. Use cast(x, "float32").',
    () => o.exp(i(2)),
    () => o.exp(f(2)),
  ],
  [
    "DTypeError",
    'div: wrong dtype: x is int32, div takes float32. Use cast(x, "float32").',
    () => o.div(i(2), i(2)),
    () => o.mul(i(2), i(2)),
  ],
  [
    "DTypeError",
    'less: wrong dtype: x is bool, less takes float32 or int32. Use cast(x, "float32").',
    () => o.less(b(2), b(2)),
    () => o.equal(b(2), b(2)),
  ],
  [
    "DTypeError",
    'logicalAnd: wrong dtype: x is float32, logicalAnd takes bool. Use cast(x, "bool").',
    () => o.logicalAnd(f(2), f(2)),
    () => o.logicalAnd(b(2), b(2)),
  ],
  [
    "DTypeError",
    "add: dtypes differ: a is float32, b is int32. Use cast(x, dtype) on one.",
    () => o.add(f(2), i(2)),
    () => o.add(i(2), i(2)),
  ],
  [
    "DTypeError",
    'add: 0.5 is no int32, and the tensor beside it is. Use cast(x, "float32").',
    () => o.add(i(2), 0.5),
    () => o.add(i(2), 5),
  ],
  [
    "DTypeError",
    'where: the condition is float32, not bool. Use a comparison, or cast(condition, "bool").',
    () => o.where(f(2), f(2), f(2)),
    () => o.where(b(2), f(2), f(2)),
  ],
  [
    "DTypeError",
    'cast: unknown dtype: "float64". Use "float32", "int32" or "bool".',
    () => o.cast(f(2), any("float64")),
    () => o.cast(f(2), "int32"),
  ],
  [
    "TypeError",
    "exp: input 1 is no tensor: 1,2. Use tensor(x).",
    () => o.exp(any([1, 2])),
    () => o.exp(tensor([1, 2])),
  ],
  [
    "TypeError",
    "add: no tensor and no number: undefined. Use tensor(x).",
    () => o.add(f(2), any(undefined)),
    () => o.add(f(2), 1),
  ],
];

const products: readonly ErrorCase[] = [
  [
    "ShapeError",
    "matmul: inner sizes differ: a is [32, 784], b is [128, 10]; a's last (784) must equal b's " +
      "first (128).",
    () => o.matmul(f(32, 784), f(128, 10)),
    () => o.matmul(f(32, 128), f(128, 10)),
  ],
  [
    "ShapeError",
    "matmul: inner sizes differ: a is [3, 2], b is [4, 5]; a's second to last (3) must equal b's " +
      "last (5).",
    () => o.matmul(f(3, 2), f(4, 5), { transposeA: true, transposeB: true }),
    () => o.matmul(f(5, 2), f(4, 5), { transposeA: true, transposeB: true }),
  ],
  [
    "ShapeError",
    "matmul: leading axes do not broadcast: a is [2, 3, 4], b is [5, 4, 2]. All sizes but the " +
      "last two must be equal or 1.",
    () => o.matmul(f(2, 3, 4), f(5, 4, 2)),
    () => o.matmul(f(1, 3, 4), f(5, 4, 2)),
  ],
  [
    "ShapeError",
    "matmul: a scalar has no rows: a is [], b is [2, 2]. Use mul().",
    () => o.matmul(f(), f(2, 2)),
    () => o.matmul(f(2), f(2, 2)),
  ],
  [
    "DTypeError",
    'matmul: wrong dtype: a is int32, b is float32. Use cast(x, "float32").',
    () => o.matmul(i(2, 2), f(2, 2)),
    () => o.matmul(f(2, 2), f(2, 2)),
  ],
  [
    "TypeError",
    "matmul: a is no tensor: 3. Use tensor(a).",
    () => o.matmul(any(3), f(2, 2)),
    () => o.matmul(f(2, 2), f(2, 2)),
  ],
  [
    "ShapeError",
    'einsum: sizes differ: "j" is 3 and 4 in "ij,jk->ik", the operands are [2, 3], [4, 5]. Axes ' +
      "with one letter must have one size.",
    () => o.einsum("ij,jk->ik", f(2, 3), f(4, 5)),
    () => o.einsum("ij,jk->ik", f(2, 4), f(4, 5)),
  ],
  [
    "ShapeError",
    'einsum: 2 terms for 1 operands: the spec is "ij,jk->ik". Give one term for each operand.',
    () => o.einsum("ij,jk->ik", f(2, 3)),
    () => o.einsum("ij->ji", f(2, 3)),
  ],
  [
    "ShapeError",
    'einsum: no operand has "k", the output has: the spec is "ij->k". Leave it out.',
    () => o.einsum("ij->k", f(2, 2)),
    () => o.einsum("ij->j", f(2, 2)),
  ],
];

const reductions: readonly ErrorCase[] = [
  ...Object.entries({ sum, mean, max, min, prod, logSumExp, variance, norm }).map(
    ([name, op]): ErrorCase => [
      "ShapeError",
      `${name}: axis out of range: axis is 2, rank is 2; use -2 to 1.`,
      () => op(f(2, 3), { axis: 2 }),
      () => op(f(2, 3), { axis: -2 }),
    ],
  ),
  ...Object.entries({ argmax, argmin, cumsum, softmax, logSoftmax, sort }).map(
    ([name, op]): ErrorCase => [
      "ShapeError",
      `${name}: axis out of range: axis is -3, rank is 2; use -2 to 1.`,
      () => op(f(2, 3), { axis: -3 }),
      () => op(f(2, 3), { axis: 1 }),
    ],
  ),
  [
    "ShapeError",
    "sum: axis named twice: [0, -2] for rank 2. Name it once.",
    () => o.sum(f(2, 3), { axis: [0, -2] }),
    () => o.sum(f(2, 3), { axis: [0, -1] }),
  ],
  [
    "ShapeError",
    "sum: axis out of range: axis is 0, rank is 0; a scalar has no axes.",
    () => o.sum(f(), { axis: 0 }),
    () => o.sum(f()),
  ],
  [
    "TypeError",
    "sum: x is no tensor: 1,2. Use tensor(x).",
    () => o.sum(any([1, 2])),
    () => o.sum(tensor([1, 2])),
  ],
  [
    "ShapeError",
    "max: nothing to choose from: axis 0 of x [0, 2] has size 0. Give at least one element.",
    () => o.max(f(0, 2), { axis: 0 }),
    () => o.max(f(0, 2), { axis: 1 }),
  ],
  [
    "DTypeError",
    'logSumExp: wrong dtype: x is int32. Use cast(x, "float32").',
    () => o.logSumExp(i(2)),
    () => o.logSumExp(f(2)),
  ],
  [
    "DTypeError",
    'sort: wrong dtype: x is bool. Use cast(x, "int32").',
    () => o.sort(b(3)),
    () => o.sort(i(3)),
  ],
  [
    "ShapeError",
    "topK: no 4 elements: axis 0 of x [3] has size 3. Use 0 to 3.",
    () => o.topK(f(3), 4),
    () => o.topK(f(3), 3),
  ],
];

export const computing: readonly ErrorCase[] = [...elementwise, ...products, ...reductions];
