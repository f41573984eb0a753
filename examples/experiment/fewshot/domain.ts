// What few-shot methods are compared on: streams of tasks of disjoint classes, the net that all
// methods share, and how one is judged.

import {
  crossEntropy,
  type data,
  key,
  mse,
  nn,
  relu,
  scope,
  type Tensor,
  type Tree,
  tensor,
} from "hypergrad";
import { type SpanPool, type SpanTask, spanLoss } from "./spans";
import type { TextTask } from "./text";

export type HostTask = data.Episode | data.SinusoidTask | TextTask | SpanTask;
export type Stream = (index: number) => HostTask;

/** Parameters in two parts: what sees, and what decides. */
export type NetParams = { readonly trunk: Tree; readonly head: Tree };

export interface Net {
  /** Inputs to features [n, d], or [n, places, d]. */
  readonly trunk: nn.Layer;
  readonly head: nn.Layer;
  /** A head of so many outputs, for joint pre-training. */
  headOf(outputs: number): nn.Layer;
}

export interface Domain {
  readonly name: string;
  /** "images": examples of classes, also sentences; "spans": answers that are spans of a text. */
  readonly kind: "points" | "images" | "spans";
  readonly about: string;
  readonly net: Net;
  /** The parameters that move when a task is learned, by path. Left out: all. */
  readonly moves?: (path: string) => boolean;
  /** Of what the net is made, where it is convolutional. */
  readonly conv?: ConvNetOptions;
  /** The training articles, where answers are spans. */
  readonly spans?: SpanPool;
  readonly way: number;
  readonly shot: number;
  readonly query: number;
  /** Inner steps in training, and the most at test time. */
  readonly steps: number;
  readonly testSteps: number;
  readonly innerLr: number;
  /** Adam's rate in meta-training. */
  readonly outerLr: number;
  /** Tasks of a meta-step. */
  readonly metaBatch: number;
  readonly testTasks: number;
  /** Accuracy to reach; for points the error to fall below. */
  readonly threshold: number;
  /** Tasks of the training classes; `shot` in the place of the domain's. */
  train(seed: number, shot?: number): Stream;
  /** Tasks of other classes, for choosing rates. */
  readonly valid: Stream;
  /** How many of them a rate is chosen on. Default 20. */
  readonly validTasks?: number;
  readonly test: Stream;
  /** Tasks of another kind that the same learners are tested on too. */
  readonly elsewhere?: {
    readonly name: string;
    readonly test: Stream;
    readonly testTasks: number;
    readonly threshold: number;
  };
  /** For joint pre-training: tasks whose labels are those of all training classes. */
  readonly joint?: { readonly classes: number; stream(seed: number): Stream };
}

export function predict(net: Net, params: NetParams, x: Tensor): Tensor {
  return net.head.apply(params.head, net.trunk.apply(params.trunk, x));
}

/** The loss of outputs. */
export const outputLoss = { points: mse, images: crossEntropy, spans: spanLoss } as const;

export function lossOf({ net, kind }: Pick<Domain, "net" | "kind">) {
  return (params: NetParams, { x, y }: data.Examples): Tensor =>
    outputLoss[kind](predict(net, params, x), y);
}

export function initNet(net: Net, seed: number): NetParams {
  return scope(() => {
    return { trunk: net.trunk.init(key(2 * seed)), head: net.head.init(key(2 * seed + 1)) };
  });
}

/** 1-40-40-1. He et al. 2015: variance 2 / fan-in behind a relu, 1 / fan-in at the input. */
export function pointNet(hidden = 40): Net {
  const trunk = nn.sequential(
    nn.linear(1, hidden, { gain: 1 }),
    relu,
    nn.linear(hidden, hidden),
    relu,
  );
  const headOf = (outputs: number) => nn.linear(hidden, outputs);
  return { trunk, head: headOf(1), headOf };
}

export interface ConvNetOptions {
  readonly channels: number;
  readonly filters: number;
  readonly way: number;
}

/** Conv-4 with strides for pooling; its norm uses the statistics of the very batch, so predictions
 * are transductive. */
export function convNet({ channels, filters, way }: ConvNetOptions): Net {
  const trunk = nn.models.fewShotCnn({ channels, filters, classes: null });
  const headOf = (outputs: number) => nn.linear(filters, outputs);
  return { trunk, head: headOf(way), headOf };
}

type HostSide = {
  readonly x: Float32Array | Int32Array;
  readonly y: Float32Array | Int32Array;
  readonly shape: readonly number[];
};

/** Tasks as one, with an axis of tasks in front of every tensor. */
export function stackTasks(tasks: readonly HostTask[]): data.TaskTensors {
  const side = (name: "support" | "query") => {
    const parts = tasks.map((task) => task[name] as HostSide);
    const { shape, y } = parts[0];
    const words = parts[0].x instanceof Int32Array;
    const size = parts.length * parts[0].x.length;
    const x = words ? new Int32Array(size) : new Float32Array(size);
    for (const [i, part] of parts.entries()) x.set(part.x, i * part.x.length);
    const whole = y instanceof Int32Array;
    const ys = whole
      ? new Int32Array(parts.length * y.length)
      : new Float32Array(parts.length * y.length);
    for (const [i, part] of parts.entries()) ys.set(part.y, i * y.length);
    const labels = [parts.length, shape[0]];
    if (y.length > shape[0]) labels.push(y.length / shape[0]);
    return { x, y: ys, shape: [parts.length, ...shape], labels };
  };
  const tensors = ({ x, y, shape, labels }: ReturnType<typeof side>): data.Examples => ({
    x: tensor(x, shape, x instanceof Int32Array ? "int32" : "float32"),
    y: y instanceof Int32Array ? tensor(y, labels, "int32") : tensor(y, shape, "float32"),
  });
  return { support: tensors(side("support")), query: tensors(side("query")) };
}
