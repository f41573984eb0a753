// How values look through views: which value's memory they read, and how it repeats.

import type { Shape } from "../core/shape";
import { functions } from "../device/functions";
import type { Calls } from "../tensor/op";
import type { Repeat } from "../tensor/tensor";
import type { Graph, Value, Vertex } from "./graph";

/** How a chain reads an operand: repeated, or with a part of its own for each `span` elements. */
export interface Reading extends Repeat {
  readonly span?: number;
}

export interface Access {
  readonly base: Value;
  readonly repeat: Reading | null;
}

/** What tells one reading of a value from another. */
export function nameOf({ base, repeat }: Access): string {
  return `${base.id} ${repeat?.inner} ${repeat?.mid} ${repeat?.span}`;
}

/** How a view that need not run repeats what it reads, which repeats so itself; else null. */
function seenAs(
  { op, inputs: [x], outputs: [y] }: Vertex,
  repeat: Repeat | null,
): { repeat: Repeat | null } | null {
  if (op.view === null) return null;
  return op.view({ shape: x.shape, dtype: x.dtype, size: x.size, storage: null, repeat }, y);
}

/** Whether a node only gives another shape to its input: a transpose must run, though it need not
 * where one number is everywhere. */
export function keepsOrder(node: Vertex): boolean {
  return node.outputs[0].size === node.inputs[0]?.size && seenAs(node, null) !== null;
}

/** What lies beneath a value, itself if it is no view. */
export type Look = (v: Value) => Access;

/** For every output of a view that need not run: what lies beneath it. */
export function seenThrough(graph: Graph): Look {
  /** As `emit` sees it, where an expansion within parts is written out. */
  const plain = new Map<Value, Access>();
  const within = new Map<Value, Access>();
  const own = (v: Value): Access => plain.get(v) ?? { base: v, repeat: ownRepeat(v) };
  const look: Look = (v) => within.get(v) ?? own(v);
  for (const node of graph.nodes) {
    if (node.op.view === null) continue;
    const [[x], [y]] = [node.inputs, node.outputs];
    const under = own(x);
    const seen = seenAs(node, under.repeat);
    if (seen !== null) plain.set(y, { base: under.base, repeat: seen.repeat });
    const through = keepsOrder(node) ? within.get(x) : undefined;
    if (through !== undefined) within.set(y, through);
    else if (seen === null && node.op.name === "expand" && under.repeat === null) {
      const repeat = parted(x.shape, y.shape);
      if (repeat !== null) within.set(y, { base: under.base, repeat });
    }
  }
  return look;
}

/** An expansion that repeats a row or a column within each of some parts, as what belongs to one
 * example of a batch is; null for any other. */
export function parted(from: Shape, to: Shape): Reading | null {
  const skip = to.length - from.length;
  let i = to.length - 1;
  /** The product of sizes of axes that are all repeated, or none. */
  const run = (repeats: boolean) => {
    let n = 1;
    for (; i >= 0; i--) {
      if (to[i] === 1) continue;
      if ((i < skip || from[i - skip] === 1) !== repeats) break;
      n *= to[i];
    }
    return n;
  };
  const inner = run(true);
  const mid = run(false);
  const span = inner * mid * run(true);
  const parts = run(false);
  return i < 0 && parts > 1 && mid > 1 && span > inner * mid ? { inner, mid, span } : null;
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
