// The graph of a captured function: ops on values that have shapes and no data. Nodes stand in the
// order of capture, inputs before outputs; passes are pure functions from graph to graph.

import type { DType } from "../core/dtype";
import { type Shape, sizeOf } from "../core/shape";
import type { Op } from "../tensor/op";
import type { Origin } from "../tensor/origin";
import type { Tensor } from "../tensor/tensor";

/** Where a value comes from. */
export type Source =
  | { readonly kind: "node"; readonly node: Vertex; readonly index: number }
  /** An argument of the compiled function, by the place of its leaf. */
  | { readonly kind: "input"; readonly place: number }
  /** A tensor that the function closes over: read at every run. */
  | { readonly kind: "closure"; readonly tensor: Tensor }
  /** A scalar whose value is known. */
  | { readonly kind: "constant"; readonly value: number; readonly tensor: Tensor };

export interface Value {
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly size: number;
  readonly source: Source;
}

/** One op of the graph. */
export interface Vertex {
  // biome-ignore lint/suspicious/noExplicitAny: attrs differ from op to op
  readonly op: Op<any>;
  readonly attrs: unknown;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly origin: Origin;
}

export interface Graph {
  readonly inputs: readonly Value[];
  readonly nodes: readonly Vertex[];
  readonly outputs: readonly Value[];
}

let lastId = 0;

export function value(shape: Shape, dtype: DType, source: Source): Value {
  return { id: ++lastId, shape, dtype, size: sizeOf(shape), source };
}

/** A node with fresh output values. */
export function vertex(
  // biome-ignore lint/suspicious/noExplicitAny: attrs differ from op to op
  op: Op<any>,
  inputs: readonly Value[],
  attrs: unknown,
  specs: readonly { readonly shape: Shape; readonly dtype: DType }[],
  origin: Origin,
): Vertex {
  const outputs: Value[] = [];
  const node: Vertex = { op, attrs, inputs, outputs, origin };
  for (const [index, { shape, dtype }] of specs.entries()) {
    outputs.push(value(shape, dtype, { kind: "node", node, index }));
  }
  return node;
}

/** The nodes that read each value. */
export type Uses = ReadonlyMap<Value, readonly Vertex[]>;

export function usesOf(graph: Graph): Uses {
  const uses = new Map<Value, Vertex[]>();
  for (const node of graph.nodes) {
    for (const v of node.inputs) {
      const list = uses.get(v);
      if (list === undefined) uses.set(v, [node]);
      else list.push(node);
    }
  }
  return uses;
}

/** The known number of a value: of a constant, or of one repeated. */
export function knownScalar(v: Value): number | undefined {
  if (v.source.kind === "constant") return v.source.value;
  if (v.source.kind !== "node") return undefined;
  const { op, inputs } = v.source.node;
  if (op.name === "expand" || op.name === "reshape") return knownScalar(inputs[0]);
  return undefined;
}

/** The node on other inputs; itself where they are the same. */
export function reading(node: Vertex, swap: (v: Value) => Value): Vertex {
  const inputs = node.inputs.map(swap);
  if (inputs.every((v, i) => v === node.inputs[i])) return node;
  return vertex(node.op, inputs, node.attrs, node.outputs, node.origin);
}

/**
 * Goes through the nodes in order with inputs already replaced; `visit` gives the values to use in
 * place of a node's outputs, or null to keep the node. `was`: the node as it stood in the graph.
 */
export function rewrite(
  graph: Graph,
  visit: (node: Vertex, add: (node: Vertex) => Vertex, was: Vertex) => readonly Value[] | null,
): Graph {
  const stand = new Map<Value, Value>();
  const nodes: Vertex[] = [];
  const swap = (v: Value) => stand.get(v) ?? v;
  const add = (node: Vertex) => {
    nodes.push(node);
    return node;
  };
  for (const node of graph.nodes) {
    const now = reading(node, swap);
    const instead = visit(now, add, node);
    if (instead === null) nodes.push(now);
    const made = instead ?? now.outputs;
    for (const [i, out] of node.outputs.entries()) if (out !== made[i]) stand.set(out, made[i]);
  }
  return { inputs: graph.inputs, nodes, outputs: graph.outputs.map(swap) };
}
