// Plain JavaScript as a side: the loops that a careful author writes over typed arrays, for what
// fits into some lines.

import type { HostArray, Input } from "../row";
import type { Contest } from "./contest";
import { atOnce, type Entry, type Side } from "./side";

type Loop = () => Float32Array;

const shapeOf = (input: Input) => (input.kind === "key" ? [2] : input.shape);

function matmul(a: HostArray, b: HostArray, [m, k]: readonly number[], n: number): Loop {
  return () => {
    const out = new Float32Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let l = 0; l < k; l++) {
        const x = a[i * k + l];
        for (let j = 0; j < n; j++) out[i * n + j] += x * b[l * n + j];
      }
    }
    return out;
  };
}

function softmax(x: HostArray, [m, n]: readonly number[]): Loop {
  return () => {
    const out = new Float32Array(m * n);
    for (let i = 0; i < m; i++) {
      let top = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < n; j++) top = Math.max(top, x[i * n + j]);
      let sum = 0;
      for (let j = 0; j < n; j++) {
        const e = Math.exp(x[i * n + j] - top);
        out[i * n + j] = e;
        sum += e;
      }
      for (let j = 0; j < n; j++) out[i * n + j] /= sum;
    }
    return out;
  };
}

function adds(x: HostArray, y: HostArray, count: number): Loop {
  return () => {
    let at = x as Float32Array;
    for (let c = 0; c < count; c++) {
      const out = new Float32Array(at.length);
      for (let i = 0; i < out.length; i++) out[i] = at[i] + y[i];
      at = out;
    }
    return at;
  };
}

function loopOf({ task, inputs }: Contest, xs: readonly HostArray[]): Loop | null {
  const shapes = inputs.map(shapeOf);
  if (task.kind === "matmul" && shapes[0].length === 2 && !task.transposeA && !task.transposeB) {
    return matmul(xs[0], xs[1], shapes[0], shapes[1][1]);
  }
  if (task.kind === "softmax") return softmax(xs[0], shapes[0]);
  return task.kind === "add" ? adds(xs[0], xs[1], task.count) : null;
}

export const plainSide: Side = {
  name: "plain JavaScript",
  enter: async (contest, xs) => {
    const loop = loopOf(contest, xs);
    if (loop === null) return [];
    const entry: Entry = {
      label: "",
      ...atOnce(loop),
      result: async () => [loop()],
      end: () => {},
    };
    return [entry];
  },
};
