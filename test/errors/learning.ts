// Bad calls of compiled steps, layers, optimizers and meta-learners.

import * as data from "../../src/data/index";
import * as meta from "../../src/meta/index";
import * as nn from "../../src/nn/index";
import * as o from "../../src/ops/index";
import * as optim from "../../src/optim/index";
import { compile } from "../../src/program/compile";
import * as search from "../../src/search/index";
import type { Tensor } from "../../src/tensor/tensor";
import { mapTree } from "../../src/tensor/tree";
import { any, type ErrorCase, f } from "./case";

const total = (x: Tensor) => o.sum(x);
const characters = data.characters({ seed: 0, classes: 2, perClass: 2 });

const loop = {
  loss: (x: Tensor) => total(x),
  inner: meta.inner.sgd({ lr: 0.1 }),
  steps: 1,
  order: 1,
} as const;
const task = { support: {}, query: {} };

export const learning: readonly ErrorCase[] = [
  [
    "HypergradError",
    "compile: the function returned a promise. Compile a function without await.",
    () => compile(any(async (x: Tensor) => x))(f(2)),
    () => compile((x: Tensor) => x)(f(2)),
  ],
  [
    "HypergradError",
    "stats: nothing ran yet. Call the compiled function first.",
    () => compile(total).stats(),
    () => {
      const step = compile(total);
      step(f(2));
      return step.stats();
    },
  ],
  [
    "TypeError",
    "compile: a leaf is no tensor: [0] is 3. Use tensors, in plain objects and arrays.",
    () => compile(total)(any(3)),
    () => compile(total)(f()),
  ],
  [
    "TypeError",
    "compile: donate is no list: 0. Write [0] for the first.",
    () => compile(total, { donate: any(0) }),
    () => compile(total, { donate: [0] }),
  ],
  [
    "ValueError",
    "adam: lr out of range: undefined. Use a number from 0.",
    () => optim.adam(any({})),
    () => optim.adam({ lr: f() }),
  ],
  [
    "ValueError",
    "sgd: lr out of range: 0.1. Use a number from 0.",
    () => optim.sgd({ lr: any("0.1") }),
    () => optim.sgd({ lr: () => 0.1 }),
  ],
  [
    "TypeError",
    "unroll: inner is no inner optimizer: it has no initMeta. Use one of meta.inner, such as " +
      "meta.inner.sgd({ lr: 0.4 }).",
    () => meta.unroll({ ...loop, inner: any(optim.sgd({ lr: 0.1 })) }),
    () => meta.unroll(loop),
  ],
  [
    "TypeError",
    "unroll: unknown option: truncated. Use loss, inner, steps, order, mode, by, evolution, " +
      "tasks, weights, truncate, batch, trace, outer, head.",
    () => meta.unroll({ ...loop, truncated: 3 } as typeof loop),
    () => meta.unroll({ ...loop, truncate: 3 }),
  ],
  [
    "TypeError",
    "unroll: loss is no function: undefined. Write (params, batch) => one number.",
    () => meta.unroll({ ...loop, loss: any(undefined) }),
    () => meta.unroll(loop),
  ],
  [
    "TypeError",
    "inner.sgd: unknown option: learningRate. Use lr.",
    () => meta.inner.sgd(any({ learningRate: 0.1 })),
    () => meta.inner.sgd({ lr: 0.1 }),
  ],
  [
    "TypeError",
    "cosine: the options are no object: 100. Write { steps, end }.",
    () => optim.cosine(0.1, any(100)),
    () => optim.cosine(0.1, { steps: 100 }),
  ],
  [
    "ValueError",
    "warmup: steps is no whole number from 1: 0.001. Use 1 or more.",
    () => optim.warmup(1e-3, 10),
    () => optim.warmup(10, 1e-3),
  ],
  [
    "ValueError",
    "dropout: rate out of range: 50. Use 0 up to below 1.",
    () => nn.dropout(50),
    () => nn.dropout(0.5),
  ],
  [
    "TypeError",
    "mnistMlp: unknown option: units. Use inputs, hidden, classes, dropout.",
    () => nn.models.mnistMlp(any({ units: [8] })),
    () => nn.models.mnistMlp({ hidden: [8] }),
  ],
  [
    "TypeError",
    "textGru: the options are no object: 100. Write { vocabulary, classes, size, padding, std, " +
      "dropout, units, layers, bidirectional, pool, hidden }.",
    () => nn.models.textGru(any(100)),
    () => nn.models.textGru({ vocabulary: 100 }),
  ],
  [
    "TypeError",
    "episodes: unknown option: ways. Use classes, way, shot, query, key.",
    () => data.episodes(any({ ways: 5 })),
    () => data.episodes({ classes: characters, way: 2, shot: 1, query: 1, key: 0 }),
  ],
  [
    "TypeError",
    "asha: unknown option: grace. Use min, max, eta.",
    () => search.asha(any({ max: 9, grace: 1 })),
    () => search.asha({ max: 9 }),
  ],
  [
    "TypeError",
    "outer: no optimizer of parameters. Use one of optim, such as optim.adam({ lr: 1e-3 }).",
    () => meta.maml({ ...loop, outer: any(meta.inner.sgd({ lr: 0.1 })) }),
    () => meta.maml({ ...loop, outer: optim.sgd({ lr: 0.1 }) }),
  ],
  [
    "TypeError",
    "metaGrad: task 1 has no query. Give { support, query }.",
    () => meta.unroll(loop).metaGrad({ params: f(2), meta: {} }, [task, any({ support: {} })]),
    () => meta.unroll(loop).metaGrad({ params: f(2), meta: {} }, [task]),
  ],
  [
    "TypeError",
    "sequential: stage 0 is no layer and no function: [object Object]. Give them one by one: " +
      "sequential(linear(2, 8), relu, linear(8, 1)).",
    () => nn.sequential(any([nn.linear(2, 3)])),
    () => nn.sequential(nn.linear(2, 3)),
  ],
  [
    "TypeError",
    "apply: no input: got one argument. Write apply(params, x).",
    () => any(nn.linear(2, 3)).apply(f(2)),
    () => nn.linear(2, 3).apply({ w: f(2, 3) }, f(2)),
  ],
  [
    "TypeError",
    "apply: no input: got one argument. Write apply(params, x).",
    () => any(nn.sequential(o.relu)).apply(f(2)),
    () => nn.sequential(o.relu).apply([{}], f(2)),
  ],
  [
    "ShapeError",
    "sequential: no parameters for stage 1: there are 1. Give those of this net's init.",
    () => nn.sequential(o.relu, nn.linear(2, 2)).apply(any([{}]), f(2)),
    () => nn.sequential(o.relu, nn.linear(2, 2)).apply([{}, { w: f(2, 2) }], f(2)),
  ],
  [
    "TypeError",
    "linear: unknown option: activation. Use bias, gain.",
    () => nn.linear(2, 3, any({ activation: "relu" })),
    () => nn.linear(2, 3, { bias: false }),
  ],
  [
    "TypeError",
    "conv: unknown option: kernelSize. Use stride, padding, dilation, groups, size, bias, gain.",
    () => nn.conv(2, 3, any({ kernelSize: 5 })),
    () => nn.conv(2, 3, { size: 5 }),
  ],
  [
    "TypeError",
    "lstmLayer: the options are no object: 2. Write { layers, bidirectional, dropout }.",
    () => nn.lstmLayer(2, 3, any(2)),
    () => nn.lstmLayer(2, 3, { layers: 2 }),
  ],
  [
    "ValueError",
    "unroll: no order: undefined. Write order: 2 for the exact meta-gradient or order: 1 for the " +
      "first-order one.",
    () => meta.unroll(any({ loss: total, inner: meta.inner.sgd({ lr: 0.1 }), steps: 1 })),
    () => meta.unroll(any({ loss: total, inner: meta.inner.sgd({ lr: 0.1 }), steps: 1, order: 1 })),
  ],
  [
    "ValueError",
    "sgd: lr out of range: NaN. Use a number from 0.",
    () => optim.sgd({ lr: Number.NaN }),
    () => optim.sgd({ lr: 0 }),
  ],
  [
    "ValueError",
    "adam: beta1 out of range: 1. Use a number in [0, 1).",
    () => optim.adam({ lr: 0.1, beta1: 1 }),
    () => optim.adam({ lr: 0.1, beta1: 0 }),
  ],
  [
    "ShapeError",
    "tree: forms differ at a: the first tree has an object of 2 there, another a leaf. Give " +
      "trees of one form.",
    () => mapTree((x) => x, { a: { b: f(), c: f() } }, { a: f() }),
    () => mapTree((x) => x, { a: { b: f(), c: f() } }, { a: { c: f(), b: f() } }),
  ],
  [
    "ShapeError",
    'tree: key "c" is missing at a of one tree. Add it.',
    () => mapTree((x) => x, { a: { b: f(), c: f() } }, { a: { b: f(), d: f() } }),
    () => mapTree((x) => x, { a: { b: f(), c: f() } }, { a: { b: f(), c: f() } }),
  ],
];
