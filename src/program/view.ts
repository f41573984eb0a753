// What a program looks like from outside: its nodes with shapes, bytes, order and lifetime.

import { type Chain, chainOp } from "./chain";
import type { Emitted } from "./emit";
import type { Graph, Value, Vertex } from "./graph";

/** One value of a program: an input, or what a node computes. */
export interface NodeView {
  readonly id: number;
  /** The op, or "input", "closure", "constant". A chain names its functions in `detail`. */
  readonly op: string;
  readonly detail?: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Bytes of its own; 0 for a view of another value's. */
  readonly bytes: number;
  readonly inputs: readonly number[];
  /** 0 in the function itself, 1 in its backward pass, 2 in the backward pass of that. */
  readonly order: number;
  /** The kernel calls that make it first and use it last; null for what lies outside the block. */
  readonly lifetime: readonly [number, number] | null;
  /** The product whose kernel call it is a part of; its time is in that of the product. */
  readonly within: number | null;
  /** Milliseconds a run of the calls that make it (and the other results of its op); null unless
   * compiled with `profile`, and for what no call of its own makes. */
  readonly ms: number | null;
}

export interface GraphView {
  readonly nodes: readonly NodeView[];
  readonly outputs: readonly number[];
  /** Bytes of the block of intermediate values. */
  readonly bytes: number;
  /** Kernel calls a run. */
  readonly calls: number;
}

/** @param times milliseconds of each call over `runs` runs; null where they were not taken */
export function viewOf(
  graph: Graph,
  emitted: Emitted,
  bytes: number,
  times: Float64Array | null,
  runs: number,
): GraphView {
  const nodes: NodeView[] = [];
  const seen = new Set<Value>();
  const outside = (v: Value) => {
    if (v.source.kind === "node" || seen.has(v)) return;
    seen.add(v);
    const { id, shape, dtype, size, source } = v;
    const detail = source.kind === "constant" ? String(source.value) : undefined;
    nodes.push({
      id,
      op: source.kind,
      detail,
      shape,
      dtype,
      bytes: size * 4,
      inputs: [],
      order: 0,
      lifetime: null,
      within: null,
      ms: null,
    });
  };
  const timeOf = (node: Vertex): number | null => {
    const [from, to] = emitted.spans.get(node)!;
    if (times === null || runs === 0 || from === to) return null;
    let sum = 0;
    for (let call = from; call < to; call++) sum += times[call];
    return sum / runs;
  };
  graph.inputs.forEach(outside);
  for (const node of graph.nodes) {
    const { op, inputs, outputs, origin, attrs } = node;
    const ms = timeOf(node);
    const follows = op === chainOp ? (attrs as Chain).follows : undefined;
    const within = follows === undefined ? null : inputs[follows].id;
    inputs.forEach(outside);
    for (const v of outputs) {
      const block = emitted.made.get(v);
      nodes.push({
        id: v.id,
        op: op.name,
        detail: op.describe?.(attrs),
        shape: v.shape,
        dtype: v.dtype,
        bytes: block === undefined ? 0 : v.size * 4,
        inputs: inputs.map((x) => x.id),
        order: origin.order,
        lifetime: block === undefined || block.bound !== null ? null : [block.first, block.last],
        within,
        ms,
      });
    }
  }
  graph.outputs.forEach(outside);
  return { nodes, outputs: graph.outputs.map((v) => v.id), bytes, calls: emitted.calls.length };
}
