// A problem on the device: its examples once, batches by number, and evaluation; a training is a
// sequence of compiled steps, each a function of what it is given.

import {
  compile,
  crossEntropy,
  data,
  dispose,
  gather,
  key,
  type nn,
  reshape,
  scope,
  type Tensor,
  type Tree,
  tensor,
} from "hypergrad";
import { countOf, type Part, type Problem, type Size, shuffled } from "./problem";

export type Batch = { readonly x: Tensor; readonly y: Tensor };

/** Numbers of examples, a function of (seed, step): whole passes, each in an order of its own. */
export function order(count: number, size: number, seed: number): (step: number) => Int32Array {
  const perPass = Math.max(1, Math.floor(count / size));
  let known = { pass: -1, ids: [] as number[] };
  return (step) => {
    const pass = Math.floor(step / perPass);
    if (known.pass !== pass) known = { pass, ids: shuffled(data.stream(seed, pass), count) };
    const at = (step % perPass) * size;
    return Int32Array.from({ length: size }, (_, i) => known.ids[(at + i) % count]);
  };
}

export interface Bench {
  readonly problem: Problem;
  readonly net: nn.Layer;
  /** Parameters to begin with. */
  begin(seed: number): Tree;
  /** Mean cross-entropy of parameters on a batch. */
  loss(params: Tree, batch: Batch, context?: nn.Context): Tensor;
  /** Examples by numbers [n] or [k, n], inside a compiled step too. */
  examples(part: "train" | "valid", ids: Tensor): Batch;
  /** Mean loss and accuracy on a whole part, or its first `most` examples. */
  judge(
    params: Tree,
    part: "train" | "valid" | "test",
    most?: number,
  ): Promise<{ loss: number; accuracy: number }>;
  dispose(): void;
}

const CHUNK = 250;

export function benchOf(problem: Problem, size: Size = {}): Bench {
  const net = problem.net(size);
  const { shape, classes } = problem;
  const upload = ({ x, y }: Part): Batch => ({
    x: tensor(x, [y.length, ...shape], x instanceof Int32Array ? "int32" : "float32"),
    y: tensor(y, [y.length], "int32"),
  });
  const parts = {
    train: upload(problem.train),
    valid: upload(problem.valid),
    test: upload(problem.test),
  };
  const predict = compile((params: Tree, x: Tensor) => net.apply(params, x));
  const examples = (part: "train" | "valid" | "test", ids: Tensor): Batch => {
    const { x, y } = parts[part];
    const flat = reshape(ids, [ids.size]);
    const back = (t: Tensor) => reshape(t, [...ids.shape, ...t.shape.slice(1)]);
    return { x: back(gather(x, flat, 0)), y: back(gather(y, flat, 0)) };
  };
  const pick = compile((ids: Tensor, x: Tensor) => gather(x, ids, 0));
  return {
    problem,
    net,
    begin: (seed) => scope(() => net.init(key(seed))),
    loss: (params, { x, y }, context) => crossEntropy(net.apply(params, x, context), y),
    examples,
    async judge(params, part, most = Number.POSITIVE_INFINITY) {
      const { y } = problem[part];
      const count = Math.min(most, countOf(problem[part]));
      let [loss, right] = [0, 0];
      for (let from = 0; from < count; from += CHUNK) {
        const n = Math.min(CHUNK, count - from);
        const ids = tensor(
          Int32Array.from({ length: CHUNK }, (_, i) => Math.min(from + i, count - 1)),
          [CHUNK],
          "int32",
        );
        const x = pick(ids, parts[part].x);
        const out = predict(params, x);
        const logits = await out.data();
        dispose({ ids, x, out });
        for (let i = 0; i < n; i++) {
          const row: number[] = Array.from(logits.subarray(i * classes, (i + 1) * classes));
          const most = Math.max(...row);
          const sum = row.reduce((total, v) => total + Math.exp(v - most), 0);
          loss += most + Math.log(sum) - row[y[from + i]];
          right += row.indexOf(most) === y[from + i] ? 1 : 0;
        }
      }
      return { loss: loss / count, accuracy: right / count };
    },
    dispose() {
      dispose(parts as unknown as Tree);
      predict.dispose();
      pick.dispose();
    },
  };
}

export const ids = (list: Int32Array, shape: readonly number[] = [list.length]): Tensor =>
  tensor(list, shape, "int32");
