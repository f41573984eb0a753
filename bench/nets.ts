// The nets and learners that whole-step rows are made of, by the protocols that the peers' figures
// follow. Parameters are flat lists, so that every peer can be handed the same arrays.

import {
  add,
  batchNorm,
  conv2d,
  crossEntropy,
  matmul,
  maxPool2d,
  mean,
  meta,
  mse,
  relu,
  reshape,
  type Tensor,
  type Tree,
} from "hypergrad";
import { type Input, images, label, normal, weights } from "./row";

/** x [n, 1] to [n, 1] through two hidden layers; params w1 b1 w2 b2 w3 b3. */
export function mlp(params: readonly Tensor[], x: Tensor): Tensor {
  let y = x;
  for (let i = 0; i < params.length; i += 2) {
    y = add(matmul(y, params[i]), params[i + 1]);
    if (i + 2 < params.length) y = relu(y);
  }
  return y;
}

export type Points = { readonly x: Tensor; readonly y: Tensor };

export function regression(params: readonly Tensor[], { x, y }: Points): Tensor {
  return mse(mlp(params, x), y);
}

/** Layers of these sizes, with biases that are not zero, so that a lost one shows. */
export function mlpInputs(sizes: readonly number[]): Input[] {
  return sizes
    .slice(1)
    .flatMap((size, i): Input[] => [
      weights([sizes[i], size]),
      { kind: "normal", shape: [size], scale: 0.1 },
    ]);
}

/** Sinusoid MAML (kernels.md): 1-40-40-1, 10 support and 10 query points, 25 tasks, SGD 0.01. */
export const SINUSOID = { sizes: [1, 40, 40, 1], points: 10, tasks: 25, lr: 0.01 } as const;

/** Parameters, then support x and y, query x and y, each [tasks, points, 1]. */
export function sinusoidInputs(tasks: number = SINUSOID.tasks): Input[] {
  const points = normal(tasks, SINUSOID.points, 1);
  return [...mlpInputs(SINUSOID.sizes), points, points, points, points];
}

export interface ConvProtocol {
  readonly filters: number;
  readonly pool: "stride" | "max";
  /** "torch": conv bias, flatten, 15 queries a class. "jax": none, mean over places, 1 query. */
  readonly by: "torch" | "jax";
  readonly steps: number;
  readonly tasks: number;
}

export const CONV = { way: 5, side: 28, lr: 0.4, blocks: 4 } as const;

/** Places left after the blocks, along a side. */
function sideAfter({ pool }: ConvProtocol): number {
  let side: number = CONV.side;
  for (let i = 0; i < CONV.blocks; i++) side = pool === "max" ? side >> 1 : (side + 1) >> 1;
  return side;
}

/** How many parameters a block has: w, its bias where the protocol has one, gamma, beta. */
export function blockSize(protocol: ConvProtocol): number {
  return protocol.by === "torch" ? 4 : 3;
}

/** The net's parameters: 4 blocks, then weights and bias of the linear layer. */
export function convNetInputs(protocol: ConvProtocol): Input[] {
  const { filters, by } = protocol;
  const blocks = Array.from({ length: CONV.blocks }, (_, i): Input[] => {
    const w = weights([3, 3, i === 0 ? 1 : filters, filters]);
    const small: Input = { kind: "normal", shape: [filters], scale: 0.1 };
    const near: Input = { kind: "positive", shape: [filters] };
    return by === "torch" ? [w, small, near, small] : [w, near, small];
  });
  const features = by === "torch" ? filters * sideAfter(protocol) ** 2 : filters;
  const head: Input[] = [
    weights([features, CONV.way], 1),
    { kind: "normal", shape: [CONV.way], scale: 0.1 },
  ];
  return [...blocks.flat(), ...head];
}

/** Parameters, then support images and labels, query images and labels, tasks in front. */
export function convMamlInputs(protocol: ConvProtocol): Input[] {
  const { way, side } = CONV;
  const queries = way * (protocol.by === "torch" ? 15 : 1);
  const { tasks } = protocol;
  return [
    ...convNetInputs(protocol),
    images(tasks, way, side, side, 1),
    label(way, tasks, way),
    images(tasks, queries, side, side, 1),
    label(way, tasks, queries),
  ];
}

/** Images [n, 28, 28, 1] to logits [n, 5]. */
export function convNet(params: readonly Tensor[], x: Tensor, protocol: ConvProtocol): Tensor {
  const size = blockSize(protocol);
  let y = x;
  for (let i = 0; i < CONV.blocks; i++) {
    const block = params.slice(i * size, (i + 1) * size);
    const [gamma, beta] = block.slice(-2);
    y = conv2d(y, block[0], {
      stride: protocol.pool === "stride" ? 2 : 1,
      padding: padding(protocol),
    });
    if (protocol.by === "torch") y = add(y, block[1]);
    y = relu(batchNorm(y, gamma, beta, { eps: 1e-5 }));
    if (protocol.pool === "max") y = maxPool2d(y, { size: 2 });
  }
  const [w, b] = params.slice(-2);
  const [n, h, , c] = y.shape;
  const features = protocol.by === "torch" ? reshape(y, [n, h * h * c]) : mean(y, { axis: [1, 2] });
  return add(matmul(features, w), b);
}

const padding = ({ by }: ConvProtocol) => (by === "torch" ? 1 : "same");

export function classification(protocol: ConvProtocol) {
  return (params: readonly Tensor[], { x, y }: Points): Tensor =>
    crossEntropy(convNet(params, x, protocol), y);
}

export type Loss = (params: readonly Tensor[], batch: Points) => Tensor;

/** The mean query loss after `steps` inner steps, and its gradient by the parameters. */
export function metaGradient(
  loss: Loss,
  options: Pick<
    meta.UnrollOptions<readonly Tensor[], Tree, Tree, Points>,
    "steps" | "order" | "mode" | "tasks"
  >,
  lr: number,
) {
  const loop = meta.unroll({ loss, inner: meta.inner.sgd({ lr }), ...options });
  return (params: readonly Tensor[], tasks: readonly meta.Task<Points>[]): readonly Tensor[] => {
    const { value, grads } = loop.metaGrad({ params, meta: {} }, tasks);
    return [value, ...grads.params];
  };
}

/** Stacked support and query arrays as a list of tasks. */
export function tasksOf(
  xs: readonly Tensor[],
  take: (x: Tensor, task: number) => Tensor,
): meta.Task<Points>[] {
  const [sx, sy, qx, qy] = xs;
  return Array.from({ length: sx.shape[0] }, (_, i) => ({
    support: { x: take(sx, i), y: take(sy, i) },
    query: { x: take(qx, i), y: take(qy, i) },
  }));
}
