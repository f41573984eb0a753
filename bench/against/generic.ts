// The steps of the contests over any library with tensors and reverse mode: what a user of that
// library would write, with nothing of ours in it.

import { blockSize, CONV, type ConvProtocol } from "../nets";
import type { Task } from "./contest";

/** What the steps ask of a library. `T` is its tensor. */
export interface Ops<T> {
  add(a: T, b: T | number): T;
  sub(a: T, b: T | number): T;
  mul(a: T, b: T | number): T;
  div(a: T, b: T | number): T;
  square(a: T): T;
  sqrt(a: T): T;
  relu(a: T): T;
  tanh(a: T): T;
  sigmoid(a: T): T;
  matmul(a: T, b: T): T;
  reshape(a: T, shape: number[]): T;
  /** Of all elements. */
  mean(a: T): T;
  sum(a: T): T;
  /** Over all axes but the channels', kept as ones. */
  meanOfChannels(a: T): T;
  /** Over height and width, which go. */
  meanOfPlaces(a: T): T;
  /** [c] to what broadcasts over images. */
  perChannel(a: T): T;
  conv(x: T, w: T, stride: number, padding: "same" | 1): T;
  maxPool(x: T): T;
  /** Images to rows, in the order h w c. */
  flatten(x: T): T;
  /** Columns of a matrix. */
  columns(a: T, from: number, count: number): T;
  /** Element i of the first axis, which goes. */
  at(a: T, i: number): T;
  stack(list: T[]): T;
  /** Mean softmax cross-entropy of logits and one-hot labels. */
  crossEntropy(logits: T, labels: T): T;
  shape(a: T): readonly number[];
  valueAndGrad(f: (params: T[]) => T, params: T[]): [T, T[]];
}

type Loss<T> = (params: T[], x: T, y: T) => T;

function mlp<T>(o: Ops<T>, params: T[], x: T): T {
  let y = x;
  for (let i = 0; i < params.length; i += 2) {
    y = o.add(o.matmul(y, params[i]), params[i + 1]);
    if (i + 2 < params.length) y = o.relu(y);
  }
  return y;
}

function batchNorm<T>(o: Ops<T>, x: T, gamma: T, beta: T): T {
  const centred = o.sub(x, o.meanOfChannels(x));
  const spread = o.sqrt(o.add(o.meanOfChannels(o.square(centred)), 1e-5));
  return o.add(o.mul(o.div(centred, spread), o.perChannel(gamma)), o.perChannel(beta));
}

function convNet<T>(o: Ops<T>, params: T[], x: T, protocol: ConvProtocol): T {
  const size = blockSize(protocol);
  const torch = protocol.by === "torch";
  let y = x;
  for (let i = 0; i < CONV.blocks; i++) {
    const block = params.slice(i * size, (i + 1) * size);
    const [gamma, beta] = block.slice(-2);
    y = o.conv(y, block[0], protocol.pool === "stride" ? 2 : 1, torch ? 1 : "same");
    if (torch) y = o.add(y, o.perChannel(block[1]));
    y = o.relu(batchNorm(o, y, gamma, beta));
    if (protocol.pool === "max") y = o.maxPool(y);
  }
  const [w, b] = params.slice(-2);
  return o.add(o.matmul(torch ? o.flatten(y) : o.meanOfPlaces(y), w), b);
}

/** All states of an LSTM: one product for all inputs, then a step at a time. */
function lstm<T>(o: Ops<T>, x: T, wx: T, wh: T, b: T): T {
  const [time, batch, input] = o.shape(x);
  const hidden = o.shape(wh)[0];
  const all = o.add(o.matmul(o.reshape(x, [time * batch, input]), wx), b);
  const inputs = o.reshape(all, [time, batch, 4 * hidden]);
  const states: T[] = [];
  let h: T | null = null;
  let c: T | null = null;
  for (let t = 0; t < time; t++) {
    const own: T = o.at(inputs, t);
    const gates: T = h === null ? own : o.add(own, o.matmul(h, wh));
    const gate = (k: number) => o.columns(gates, k * hidden, hidden);
    const fresh: T = o.mul(o.sigmoid(gate(0)), o.tanh(gate(2)));
    c = c === null ? fresh : o.add(o.mul(o.sigmoid(gate(1)), c), fresh);
    h = o.mul(o.sigmoid(gate(3)), o.tanh(c));
    states.push(h);
  }
  return o.stack(states);
}

function lossOf<T>(o: Ops<T>, task: Task & { kind: "net" | "maml" }): Loss<T> {
  const { net, protocol } = task;
  if (net === "lstm") return ([wx, wh, b], x) => o.mean(o.square(lstm(o, x, wx, wh, b)));
  if (net === "conv") return (p, x, y) => o.crossEntropy(convNet(o, p, x, protocol), y);
  if (task.kind === "maml") return (p, x, y) => o.mean(o.square(o.sub(mlp(o, p, x), y)));
  return (p, x, y) => o.crossEntropy(mlp(o, p, x), y);
}

/** One task's query loss after inner steps. */
function adapted<T>(o: Ops<T>, loss: Loss<T>, task: Task & { kind: "maml" }) {
  return (start: T[], [sx, sy, qx, qy]: T[]): T => {
    let params = start;
    for (let i = 0; i < task.steps; i++) {
      const [, grads] = o.valueAndGrad((p) => loss(p, sx, sy), params);
      params = params.map((p, k) => o.sub(p, o.mul(grads[k], task.lr)));
    }
    return loss(params, qx, qy);
  };
}

function adam<T>(o: Ops<T>, task: Task & { kind: "adam" }, xs: T[]): T[] {
  const count = xs.length - 5;
  const start = xs.slice(0, count);
  const [sx, sy, qx, qy, rate] = xs.slice(count);
  const loss = (p: T[], x: T, y: T) => o.mean(o.square(o.sub(mlp(o, p, x), y)));
  const after = ([lr]: T[]): T => {
    let params = start;
    let m: T[] | null = null;
    let v: T[] | null = null;
    for (let step = 1; step <= task.steps; step++) {
      const [, g] = o.valueAndGrad((p) => loss(p, sx, sy), params);
      const blend = (old: T[] | null, fresh: T[], beta: number): T[] =>
        fresh.map((x, k) =>
          old === null ? o.mul(x, 1 - beta) : o.add(o.mul(old[k], beta), o.mul(x, 1 - beta)),
        );
      m = blend(m, g, 0.9);
      v = blend(
        v,
        g.map((x) => o.square(x)),
        0.999,
      );
      const rate = o.div(lr, 1 - 0.9 ** step);
      const scale = 1 - 0.999 ** step;
      params = params.map((p, k) => {
        const size = o.sqrt(o.add(o.div(v![k], scale), task.eps ** 2));
        return o.sub(p, o.mul(rate, o.div(m![k], size)));
      });
    }
    return loss(params, qx, qy);
  };
  const [value, [slope]] = o.valueAndGrad(after, [rate]);
  return [value, slope];
}

/** A contest's step over `o`, or null where it is no step. Inputs and results as the contest's. */
export function stepOf<T>(o: Ops<T>, task: Task): ((xs: T[]) => T[]) | null {
  if (task.kind === "lstm") {
    if (!task.train) return ([x, ...w]) => [lstm(o, x, w[0], w[1], w[2])];
    return ([x, ...weights]) => {
      const loss = (w: T[]) => o.mean(o.square(lstm(o, x, w[0], w[1], w[2])));
      const [, grads] = o.valueAndGrad(loss, weights);
      return weights.map((w, k) => o.sub(w, o.mul(grads[k], task.lr)));
    };
  }
  if (task.kind === "net") {
    const loss = lossOf(o, task);
    const batch = task.net === "lstm" ? 1 : 2;
    return (xs) => {
      const params = xs.slice(0, -batch);
      const [x, y] = xs.slice(-batch);
      const first = (p: T[]) => loss(p, x, y);
      if (task.order === 1) {
        const [value, grads] = o.valueAndGrad(first, params);
        return [value, ...grads];
      }
      const squares = (p: T[]) =>
        o.mul(
          o
            .valueAndGrad(first, p)[1]
            .map((g) => o.sum(o.square(g)))
            .reduce((a, b) => o.add(a, b)),
          0.5,
        );
      return o.valueAndGrad(squares, params)[1];
    };
  }
  if (task.kind === "maml") {
    const one = adapted(o, lossOf(o, task), task);
    return (xs) => {
      const params = xs.slice(0, -4);
      const stacked = xs.slice(-4);
      const tasks = o.shape(stacked[0])[0];
      let total: T[] | null = null;
      for (let i = 0; i < tasks; i++) {
        const own = stacked.map((x) => o.at(x, i));
        const [value, grads] = o.valueAndGrad((p) => one(p, own), params);
        const all: T[] = [value, ...grads];
        total = total === null ? all : total.map((sum: T, k: number) => o.add(sum, all[k]));
      }
      return total!.map((x) => o.div(x, tasks));
    };
  }
  return task.kind === "adam" ? (xs) => adam(o, task, xs) : null;
}

/** One task's step, for libraries that can map it over the tasks. */
export function taskLossOf<T>(o: Ops<T>, task: Task & { kind: "maml" }) {
  return adapted(o, lossOf(o, task), task);
}
