// onnxruntime-web as a side: forward passes only, one node a model, weights as constants, which is
// its faster way. One thread.

import binary from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import * as ort from "onnxruntime-web/wasm";
import type { HostArray } from "../row";
import type { Contest } from "./contest";
import { type Node, onnxModel } from "./onnx";
import { channelsFirst, channelsLast, type Entry, inTime, permute, type Side } from "./side";

interface Plan {
  readonly node: Node;
  readonly given: readonly HostArray[];
}

/** A matrix [rows, 4 h] of gates i, f, g, o as [1, 4 h, rows] of i, o, f, g. */
function gatesFirst(data: HostArray, [rows, width]: readonly number[]) {
  const turned = permute(data, [rows, width], [1, 0]).data as Float32Array;
  const h = (width / 4) * rows;
  const gate = (k: number) => turned.subarray(k * h, (k + 1) * h);
  const out = new Float32Array(turned.length);
  for (const [place, k] of [0, 3, 1, 2].entries()) out.set(gate(k), place * h);
  return { shape: [1, width, rows], data: out };
}

function planOf({ task, inputs }: Contest, xs: readonly HostArray[]): Plan | null {
  const parts = inputs.map((input, i) => channelsFirst(input, xs[i]));
  const shapes = parts.map((p) => p.shape);
  const constant = (i: number) => ({ shape: shapes[i], data: parts[i].data as Float32Array });
  const plan = (op: string, given: number, attributes?: Node["attributes"], repeat = 1): Plan => ({
    node: {
      op,
      given: shapes.slice(0, given),
      constants: parts.slice(given).map((_, i) => constant(given + i)),
      attributes,
      repeat,
    },
    given: parts.slice(0, given).map((p) => p.data),
  });
  switch (task.kind) {
    case "matmul":
      return task.transposeA || task.transposeB ? null : plan("MatMul", 1);
    case "conv":
      if (task.which !== "forward") return null;
      return plan("Conv", 1, {
        kernel_shape: [3, 3],
        pads: [1, 1, 1, 1],
        strides: [task.stride, task.stride],
      });
    case "softmax":
      return plan("Softmax", 1, { axis: 1 });
    case "layerNorm":
      return plan("LayerNormalization", 1, { axis: 1, epsilon: { float: 1e-5 } });
    case "add":
      return plan("Add", 2, {}, task.count);
    case "lstm": {
      if (task.train) return null;
      const hidden = shapes[2][0];
      const bias = gatesFirst(xs[3], [1, 4 * hidden]).data;
      const both = new Float32Array(8 * hidden);
      both.set(bias);
      const constants = [
        gatesFirst(xs[1], shapes[1]),
        gatesFirst(xs[2], shapes[2]),
        { shape: [1, 8 * hidden], data: both },
      ];
      const node = { op: "LSTM", given: [shapes[0]], constants };
      return { node: { ...node, attributes: { hidden_size: hidden } }, given: [xs[0]] };
    }
    default:
      return null;
  }
}

export async function ortSide(): Promise<Side> {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = binary;
  ort.env.logLevel = "error";
  return {
    name: "onnxruntime-web wasm",
    enter: async (contest, xs) => {
      const plan = planOf(contest, xs);
      if (plan === null) return [];
      const session = await ort.InferenceSession.create(onnxModel(plan.node), {
        executionProviders: ["wasm"],
      });
      const feeds = Object.fromEntries(
        plan.given.map((data, i) => [
          `x${i}`,
          new ort.Tensor("float32", data, [...plan.node.given[i]]),
        ]),
      );
      const run = async () => (await session.run(feeds)).y;
      const entry: Entry = {
        label: "",
        ...inTime(async () => {
          await run();
        }),
        result: async () => {
          const { data, dims } = await run();
          return [channelsLast(data as Float32Array, dims, contest.results?.[0])];
        },
        end: () => session.release(),
      };
      return [entry];
    },
  };
}
