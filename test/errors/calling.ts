// Bad calls of losses, random draws, constructors and gradients.

import { grad, hvp, jacobian, jvp, valueAndGrad, vjp } from "../../src/grad/index";
import * as o from "../../src/ops/index";
import { tensor } from "../../src/tensor/create";
import { arange, eye, full, linspace, zeros } from "../../src/tensor/fill";
import type { Tensor } from "../../src/tensor/tensor";
import { any, b, type ErrorCase, f, i } from "./case";

const losses: readonly ErrorCase[] = [
  [
    "ShapeError",
    "crossEntropy: targets do not fit: logits is [2, 3], targets is [3] int32. Give labels of " +
      "shape [2].",
    () => o.crossEntropy(f(2, 3), i(3)),
    () => o.crossEntropy(f(2, 3), i(2)),
  ],
  [
    "ShapeError",
    "crossEntropy: targets do not fit: logits is [2, 3], targets is [2] float32. Give " +
      "probabilities of the logits' shape, or labels as int32.",
    () => o.crossEntropy(f(2, 3), f(2)),
    () => o.crossEntropy(f(2, 3), f(2, 3)),
  ],
  [
    "DTypeError",
    "crossEntropy: wrong dtype: the targets are bool. Give int32 labels or float32 probabilities.",
    () => o.crossEntropy(f(2, 3), b(2)),
    () => o.crossEntropy(f(2, 3), i(2)),
  ],
  [
    "ValueError",
    'crossEntropy: unknown reduction: "avg". Use "mean", "sum" or "none".',
    () => o.crossEntropy(f(2, 3), i(2), { reduction: any("avg") }),
    () => o.crossEntropy(f(2, 3), i(2), { reduction: "none" }),
  ],
  [
    "ShapeError",
    "mse: shapes differ: prediction is [2], target is [2, 1]. Give both one shape; nothing " +
      "broadcasts here.",
    () => o.mse(f(2), f(2, 1)),
    () => o.mse(f(2), f(2)),
  ],
  [
    "ShapeError",
    "binaryCrossEntropy: shapes differ: logits is [2], targets is [3]. Give both one shape; " +
      "nothing broadcasts here.",
    () => o.binaryCrossEntropy(f(2), f(3)),
    () => o.binaryCrossEntropy(f(2), b(2)),
  ],
  [
    "ShapeError",
    "layerNorm: shapes do not fit: x is [2, 3], gamma is [2]. gamma must broadcast to x.",
    () => o.layerNorm(f(2, 3), f(2), f(3)),
    () => o.layerNorm(f(2, 3), f(3), f(3)),
  ],
  [
    "ShapeError",
    "batchNorm: nothing to take statistics over: x is [3]. Give [..., channels].",
    () => o.batchNorm(f(3), f(3), f(3)),
    () => o.batchNorm(f(1, 3), f(3), f(3)),
  ],
  [
    "ValueError",
    "batchNorm: eps is no number from 0: eps is NaN. Use 1e-5.",
    () => o.batchNorm(f(2, 3), f(3), f(3), { eps: Number.NaN }),
    () => o.batchNorm(f(2, 3), f(3), f(3), { eps: 0 }),
  ],
];

const draws: readonly ErrorCase[] = [
  [
    "TypeError",
    "normal: no key: got 0. Use key(0).",
    () => o.normal(any(0), [2]),
    () => o.normal(o.key(0), [2]),
  ],
  [
    "ShapeError",
    "dropout: no key: got float32 [2], a key is int32 [2]. Use key(seed).",
    () => o.dropout(f(2), any(0.5), any(undefined)),
    () => o.dropout(o.key(0), f(2), 0.5),
  ],
  [
    "ValueError",
    "oneHot: n is no whole number from 0: undefined. Use 0 or more.",
    () => o.oneHot(i(2), any(undefined)),
    () => o.oneHot(i(2), 3),
  ],
  [
    "ValueError",
    "key: the seed is no whole number: 0.5. Use one below 2^53.",
    () => o.key(0.5),
    () => o.key(5),
  ],
  [
    "ShapeError",
    "uniform: no key: got float32 [2], a key is int32 [2]. Use key(seed).",
    () => o.uniform(f(2), [2]),
    () => o.uniform(i(2), [2]),
  ],
  [
    "ShapeError",
    "normal: a parameter does not fit: it is [3], the draws are [2]. It must broadcast to them.",
    () => o.normal(o.key(1), [2], { mean: f(3) }),
    () => o.normal(o.key(1), [2], { mean: f(2) }),
  ],
  [
    "ValueError",
    "bernoulli: no probability: p is NaN. Use 0 to 1.",
    () => o.bernoulli(o.key(1), [2], Number.NaN),
    () => o.bernoulli(o.key(1), [2], 1),
  ],
  [
    "ValueError",
    "dropout: rate out of range: rate is 1. Use 0 up to below 1.",
    () => o.dropout(o.key(1), f(2), 1),
    () => o.dropout(o.key(1), f(2), 0.9),
  ],
  [
    "ShapeError",
    "categorical: logits do not fit: logits is [2, 4], the shape is [3]. Without axis 1 they " +
      "must broadcast to it.",
    () => o.categorical(o.key(1), [3], f(2, 4)),
    () => o.categorical(o.key(1), [3, 2], f(2, 4)),
  ],
];

const options: readonly ErrorCase[] = [
  [
    "TypeError",
    "sum: the options are no object: 0. Write { axis, keepDims }.",
    () => o.sum(f(2, 3), 0 as never),
    () => o.sum(f(2, 3), { axis: 0 }),
  ],
  [
    "TypeError",
    "mean: unknown option: keepdims. Use axis, keepDims.",
    () => o.mean(f(2, 3), { keepdims: true } as never),
    () => o.mean(f(2, 3), { keepDims: true }),
  ],
  [
    "TypeError",
    "conv2d: unknown option: strides. Use stride, padding, dilation, groups.",
    () => o.conv2d(f(1, 4, 4, 1), f(3, 3, 1, 2), { strides: 2 } as never),
    () => o.conv2d(f(1, 4, 4, 1), f(3, 3, 1, 2), { stride: 2 }),
  ],
  [
    "TypeError",
    "maxPool2d: the options are no object: 2. Write { size, stride, padding }.",
    () => o.maxPool2d(f(1, 4, 4, 1), 2 as never),
    () => o.maxPool2d(f(1, 4, 4, 1), { size: 2 }),
  ],
  [
    "ShapeError",
    "reshape: no shape: 6. Give a list of sizes, like [2, 3].",
    () => o.reshape(f(2, 3), 6 as never),
    () => o.reshape(f(2, 3), [6]),
  ],
  [
    "TypeError",
    "transpose: perm is no list: 1. Write [...] with numbers.",
    () => o.transpose(f(2, 3), 1 as never),
    () => o.transpose(f(2, 3), [1, 0]),
  ],
  [
    "TypeError",
    "sum: axis is no list: last. Write [...] with numbers.",
    () => o.sum(f(2, 3), { axis: "last" as never }),
    () => o.sum(f(2, 3), { axis: [-1] }),
  ],
  [
    "TypeError",
    'einsum: the spec is no text: 3. Write it like "ij,jk->ik".',
    () => o.einsum(3 as never, f(2, 3)),
    () => o.einsum("ij->ji", f(2, 3)),
  ],
  [
    "ShapeError",
    "split: parts do not add up: 4 equal parts of axis 1, x is [2, 3]. Their sum must be 3.",
    () => o.split(f(2, 3), 4, 1),
    () => o.split(f(2, 3), 3, 1),
  ],
];

const making: readonly ErrorCase[] = [
  [
    "ShapeError",
    "tensor: data and shape differ: 3 values for shape [2, 2], which holds 4. Give a shape of " +
      "that size.",
    () => tensor([1, 2, 3], [2, 2]),
    () => tensor([1, 2, 3, 4], [2, 2]),
  ],
  [
    "ShapeError",
    "tensor: ragged data: axis 1 has size 2 at first and 1 later. Make all rows alike.",
    () => tensor([[1, 2], [3]]),
    () =>
      tensor([
        [1, 2],
        [3, 4],
      ]),
  ],
  [
    "ValueError",
    "tensor: no int32: value 1 is NaN. Give whole numbers of 32 bits, or use float32.",
    () => tensor([1, Number.NaN], [2], "int32"),
    () => tensor([1, Number.NaN], [2], "float32"),
  ],
  [
    "ValueError",
    "tensor: no int32: value 0 is 2147483648. Give whole numbers of 32 bits, or use float32.",
    () => tensor([2 ** 31], [1], "int32"),
    () => tensor([2 ** 31 - 1], [1], "int32"),
  ],
  [
    "ValueError",
    "tensor: no bool: value 0 is NaN. Give whole numbers of 32 bits, or use float32.",
    () => tensor([Number.NaN], [1], "bool"),
    () => tensor([2], [1], "bool"),
  ],
  [
    "DTypeError",
    'tensor: unknown dtype: "f32". Use "float32", "int32" or "bool".',
    () => tensor([1], [1], any("f32")),
    () => tensor([1], [1], "float32"),
  ],
  [
    "ShapeError",
    "tensor: a size is no whole number from 0: the shape is [2.5]. Give whole sizes.",
    () => tensor([1, 2], [2.5]),
    () => tensor([1, 2], [2]),
  ],
  [
    "TypeError",
    "tensor: a value is no number: a. Give numbers.",
    () => tensor(any(["a"])),
    () => tensor([true]),
  ],
  [
    "ShapeError",
    "zeros: no shape: 3. Give a list of sizes, like [2, 3].",
    () => zeros(any(3)),
    () => zeros([3]),
  ],
  [
    "ValueError",
    "full: no int32: value 0 is 0.5. Give whole numbers of 32 bits, or use float32.",
    () => full([2], 0.5, "int32"),
    () => full([2], 0.5),
  ],
  [
    "ValueError",
    "arange: no such range: start is 0, stop is 3, step is 0. Use finite numbers and a step that " +
      "is not 0.",
    () => arange(0, 3, 0),
    () => arange(0, 3, 1),
  ],
  [
    "ValueError",
    "linspace: no such range: start is 0, stop is Infinity. Use finite numbers.",
    () => linspace(0, Number.POSITIVE_INFINITY, 3),
    () => linspace(0, 1, 3),
  ],
  [
    "ShapeError",
    "eye: a size is no whole number from 0: the shape is [-1, -1]. Give whole sizes.",
    () => eye(-1),
    () => eye(0),
  ],
];

const total = (x: Tensor) => o.sum(x);

const derivatives: readonly ErrorCase[] = [
  [
    "ShapeError",
    "grad: the function must return one number, got [32, 10]. Reduce it first, for example " +
      "mean(loss).",
    () => grad(o.tanh)(f(32, 10)),
    () => grad((x: Tensor) => o.mean(o.tanh(x)))(f(32, 10)),
  ],
  [
    "ShapeError",
    "grad: the function must return one number, got 2 tensors. Reduce it first, for example " +
      "mean(loss).",
    () => grad(any((x: Tensor) => [x, x]))(f()),
    () => grad((x: Tensor) => x)(f()),
  ],
  [
    "ShapeError",
    "grad: the function must return one number, got [] int32. Reduce it first, for example " +
      "mean(loss).",
    () => grad((x: Tensor) => o.argmax(x))(f(2)),
    () => grad((x: Tensor) => o.max(x))(f(2)),
  ],
  [
    "DTypeError",
    "grad: no gradient by int32: b is int32. Give it as a further argument, or close over it.",
    () => grad(({ a }: { a: Tensor; b: Tensor }) => total(a))({ a: f(2), b: i(2) }),
    () => grad(({ a }: { a: Tensor; b: Tensor }) => total(a))({ a: f(2), b: f(2) }),
  ],
  [
    "TypeError",
    "grad: a leaf is no tensor: the root is string. Use tensors, in plain objects and arrays.",
    () => grad(total)(any("x")),
    () => grad(total)(any(3)),
  ],
  [
    "TypeError",
    "grad: the function returned a promise. Differentiate a function without await.",
    () => grad(any(async (x: Tensor) => total(x)))(f(2)),
    () => grad(total)(f(2)),
  ],
  [
    "TypeError",
    "grad: with aux the function must return [value, aux], and returned no array. Return both.",
    () => valueAndGrad(any(total), { aux: true })(f(2)),
    () => valueAndGrad((x: Tensor) => [total(x), x] as const, { aux: true })(f(2)),
  ],
  [
    "ShapeError",
    "vjp: cotangents do not fit: pull got [3], the function returned [2]. Give one of each shape.",
    () => vjp((x: Tensor) => x, f(2))[1](f(3)),
    () => vjp((x: Tensor) => x, f(2))[1](f(2)),
  ],
  [
    "ShapeError",
    "jvp: tangents do not fit: [3] for arguments [2]. Give one of each shape.",
    () => jvp((x: Tensor) => x, [f(2)], [f(3)]),
    () => jvp((x: Tensor) => x, [f(2)], [f(2)]),
  ],
  [
    "ShapeError",
    "jvp: tangents do not fit: [3] for arguments [2]. Give one of each shape.",
    () => hvp(total, f(2), f(3)),
    () => hvp(total, f(2), f(2)),
  ],
  [
    "TypeError",
    "jvp: arguments and tangents are no lists. Write jvp(f, [x], [v]): one of each an argument.",
    () => jvp(any(total), any(f(2)), any(f(2))),
    () => jvp(total, [f(2)], [f(2)]),
  ],
  [
    "TypeError",
    "grad: takes a function alone: got 1 beside it. The gradient is by the first argument: put " +
      "another one first, or several into one tree.",
    () => any(grad)(total, 1),
    () => grad(total),
  ],
  [
    "ShapeError",
    "jacobian: the output is empty: [0]. Return elements.",
    () => jacobian((x) => o.reshape(x, [0]))(f(0)),
    () => jacobian((x) => x)(f(1)),
  ],
];

export const calling: readonly ErrorCase[] = [
  ...losses,
  ...draws,
  ...making,
  ...options,
  ...derivatives,
];
