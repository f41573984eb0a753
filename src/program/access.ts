// How values look through views: which value's memory they read, and how it repeats.

import { functions } from "../device/functions";
import type { Calls } from "../tensor/op";
import type { Repeat } from "../tensor/tensor";
import type { Graph, Value, Vertex } from "./graph";

export interface Access {
  readonly base: Value;
  readonly repeat: Repeat | null;
}

/** What lies beneath a value, itself if it is no view. */
export type Look = (v: Value) => Access;

/** For every output of a view that need not run: what lies beneath it. */
export function seenThrough(graph: Graph): Look {
  const known = new Map<Value, Access>();
  const look: Look = (v) => known.get(v) ?? { base: v, repeat: ownRepeat(v) };
  for (const { op, inputs, outputs } of graph.nodes) {
    if (op.view === null) continue;
    const under = look(inputs[0]);
    const { shape, dtype, size } = inputs[0];
    const seen = op.view({ shape, dtype, size, storage: null, repeat: under.repeat }, outputs[0]);
    if (seen !== null) known.set(outputs[0], { base: under.base, repeat: seen.repeat });
  }
  return look;
}

/** Tensors from outside may be repeats themselves. */
function ownRepeat({ source }: Value): Repeat | null {
  return source.kind === "closure" || source.kind === "constant" ? source.tensor.repeat : null;
}

const codes = new WeakMap<Vertex, number | null>();

/** The opcode of a node that is one scalar function, else null. */
export function functionOf(node: Vertex): number | null {
  let code = codes.get(node);
  if (code === undefined) {
    code = askFor(node);
    codes.set(node, code);
  }
  return code;
}

/** Listens to the kernel calls of an op: one elementwise call is one function. */
function askFor({ op, inputs, outputs, attrs }: Vertex): number | null {
  if (op.kind !== "elementwise" || op.view !== null || outputs.length !== 1) return null;
  const heard: (number | null)[] = [];
  const nowhere = { size: outputs[0].size, dtype: outputs[0].dtype, refs: 0 };
  const ear: Calls = {
    run: (kernel, _, __, [f]) => heard.push(kernel.startsWith("map") ? f : null),
    solid: () => nowhere,
    temporary: () => nowhere,
  };
  const operand = ({ shape, dtype, size }: Value) => {
    return { shape, dtype, size, repeat: null, storage: nowhere };
  };
  op.run(ear, inputs.map(operand), outputs.map(operand), attrs);
  return heard.length === 1 && heard[0] !== functions.copy.code ? heard[0] : null;
}
