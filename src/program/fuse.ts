// Joins elementwise ops that read each other's results into one `chain` kernel, which keeps what
// lies between them in cache or registers.

import type { Device } from "../device/device";
import type { Spec } from "../tensor/op";
import { type Access, functionOf, type Look, seenThrough } from "./access";
import { type Chain, chainOp, type Step } from "./chain";
import { type Graph, type Value, type Vertex, vertex } from "./graph";

/** Most steps of one chain: its intermediate tiles must stay in the first-level cache. */
const MOST_STEPS = 24;

/** Nodes that run as one, in the order of the graph. */
interface Cluster {
  readonly nodes: Vertex[];
  /** Elements of every member's output. */
  readonly size: number;
}

export function fuse(graph: Graph, on: Device): Graph {
  const look = seenThrough(graph);
  const clusters = cluster(graph, look, on.bindings);
  const joined = new Set([...clusters.values()].filter((c) => c.nodes.length > 1));
  if (joined.size === 0) return graph;
  const outside = outsideUses(graph, clusters);
  const stand = new Map<Value, Value>();
  const swap = (v: Value) => stand.get(v) ?? v;
  const nodes: Vertex[] = [];
  for (const unit of schedule(graph, clusters, look)) {
    if (Array.isArray(unit)) {
      const [node] = unit;
      const moved = node.inputs.some((v) => stand.has(v));
      const now = moved
        ? vertex(node.op, node.inputs.map(swap), node.attrs, node.outputs, node.region)
        : node;
      nodes.push(now);
      node.outputs.forEach((v, i) => {
        if (v !== now.outputs[i]) stand.set(v, now.outputs[i]);
      });
    } else {
      const { node, outputs } = join(unit, look, outside, swap);
      nodes.push(node);
      outputs.forEach((v, i) => {
        stand.set(v, node.outputs[i]);
      });
    }
  }
  return { inputs: graph.inputs, nodes, outputs: graph.outputs.map(swap) };
}

/** The cluster each elementwise node belongs to. */
function cluster(graph: Graph, look: Look, bindings: number): Map<Vertex, Cluster> {
  const of = new Map<Vertex, Cluster>();
  for (const node of graph.nodes) {
    if (functionOf(node) === null) continue;
    const size = node.outputs[0].size;
    let joined: Cluster | null = null;
    for (const v of node.inputs) {
      const { base, repeat } = look(v);
      if (base.source.kind !== "node" || repeat !== null) continue;
      const other = of.get(base.source.node);
      if (other === undefined || other.size !== size || other === joined) continue;
      const merged: Cluster =
        joined === null
          ? { size, nodes: [...other.nodes, node] }
          : { size, nodes: [...new Set([...other.nodes, ...joined.nodes])] };
      if (merged.nodes.length > MOST_STEPS) continue;
      if (operands(merged, look, graph) > bindings) continue;
      if (cyclic(merged, of)) continue;
      joined = merged;
      for (const member of merged.nodes) of.set(member, merged);
    }
    if (joined === null) of.set(node, { size, nodes: [node] });
  }
  return of;
}

/** Whether running the nodes as one would need a result of something that needs theirs. */
function cyclic(merged: Cluster, of: ReadonlyMap<Vertex, Cluster>): boolean {
  const members = new Set(merged.nodes);
  const seen = new Set<Vertex>();
  const open: Vertex[] = [];
  const visit = (v: Value) => {
    if (v.source.kind !== "node" || seen.has(v.source.node)) return;
    seen.add(v.source.node);
    open.push(v.source.node);
  };
  for (const node of merged.nodes) {
    for (const v of node.inputs) {
      if (v.source.kind === "node" && !members.has(v.source.node)) visit(v);
    }
  }
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (members.has(node)) return true;
    const unit = of.get(node)?.nodes ?? [node];
    for (const member of unit) {
      if (members.has(member)) continue;
      member.inputs.forEach(visit);
    }
  }
  return false;
}

/** Storages that the chain would bind; results used outside are counted at their most. */
function operands(merged: Cluster, look: Look, graph: Graph): number {
  const members = new Set(merged.nodes);
  const read = new Set<string>();
  for (const node of merged.nodes) {
    for (const v of node.inputs) {
      const { base, repeat } = look(v);
      if (base.source.kind === "node" && members.has(base.source.node)) continue;
      read.add(`${base.id} ${repeat?.inner} ${repeat?.mid}`);
    }
  }
  const uses = usesOf(graph);
  const written = merged.nodes.filter((node) => escapes(node.outputs[0], members, uses, graph));
  return read.size + written.length;
}

type Uses = ReadonlyMap<Value, readonly Vertex[]>;
const usesCache = new WeakMap<Graph, Uses>();

function usesOf(graph: Graph): Uses {
  let uses = usesCache.get(graph) as Map<Value, Vertex[]> | undefined;
  if (uses !== undefined) return uses;
  uses = new Map();
  for (const node of graph.nodes) {
    for (const v of node.inputs) {
      const list = uses.get(v);
      if (list === undefined) uses.set(v, [node]);
      else list.push(node);
    }
  }
  usesCache.set(graph, uses);
  return uses;
}

/** Whether anything but members of the cluster, themselves or through views, reads a value. */
function escapes(v: Value, members: ReadonlySet<Vertex>, uses: Uses, graph: Graph): boolean {
  if (graph.outputs.includes(v)) return true;
  for (const node of uses.get(v) ?? []) {
    if (members.has(node)) continue;
    const sees = node.op.view !== null && node.outputs[0].size === v.size;
    if (!sees || escapes(node.outputs[0], members, uses, graph)) return true;
  }
  return false;
}

/** The values that each cluster must write to memory. */
function outsideUses(graph: Graph, clusters: ReadonlyMap<Vertex, Cluster>): Set<Value> {
  const uses = usesOf(graph);
  const out = new Set<Value>();
  for (const [node, { nodes }] of clusters) {
    if (nodes.length === 1) continue;
    if (escapes(node.outputs[0], new Set(nodes), uses, graph)) out.add(node.outputs[0]);
  }
  return out;
}

/** Single nodes and clusters in an order in which inputs come first, near to that of capture. */
function schedule(
  graph: Graph,
  clusters: ReadonlyMap<Vertex, Cluster>,
  look: Look,
): (Cluster | [Vertex])[] {
  const order: (Cluster | [Vertex])[] = [];
  const done = new Set<Vertex>();
  const require = (v: Value) => {
    if (v.source.kind === "node") run(v.source.node);
    const { base } = look(v);
    if (base.source.kind === "node") run(base.source.node);
  };
  const run = (node: Vertex): void => {
    if (done.has(node)) return;
    const unit = clusters.get(node);
    const members = unit !== undefined && unit.nodes.length > 1 ? unit.nodes : [node];
    for (const member of members) done.add(member);
    for (const member of members) member.inputs.forEach(require);
    order.push(members.length > 1 ? unit! : [node]);
  };
  for (const node of graph.nodes) {
    const unit = clusters.get(node);
    // A cluster runs where its last member stood: what it reads is there by then.
    if (unit === undefined || unit.nodes[unit.nodes.length - 1] === node) run(node);
  }
  return order;
}

/** One node for a cluster, and the values that its outputs stand for. */
function join(
  { nodes, size }: Cluster,
  look: Look,
  outside: ReadonlySet<Value>,
  swap: (v: Value) => Value,
): { node: Vertex; outputs: Value[] } {
  const members = new Set(nodes);
  const inputs: Value[] = [];
  const repeats: Access["repeat"][] = [];
  const places = new Map<string, number>();
  const outputs = nodes.map((n) => n.outputs[0]).filter((v) => outside.has(v));
  const inputOf = ({ base, repeat }: Access): number => {
    const name = `${base.id} ${repeat?.inner} ${repeat?.mid}`;
    let place = places.get(name);
    if (place === undefined) {
      place = inputs.length;
      places.set(name, place);
      inputs.push(swap(base));
      repeats.push(repeat);
    }
    return place;
  };
  const raw = nodes.map((node) => ({
    f: functionOf(node)!,
    from: node.inputs.map((v) => {
      const seen = look(v);
      const { source } = seen.base;
      if (source.kind === "node" && members.has(source.node)) return seen.base;
      return inputOf(seen);
    }),
    to: node.outputs[0],
  }));
  const steps: Step[] = assign(raw, inputs.length, outputs);
  const specs: Spec[] = outputs.map(({ shape, dtype }) => ({ shape, dtype }));
  const attrs: Chain = { size, repeats, steps, specs };
  return { node: vertex(chainOp, inputs, attrs, specs, nodes[0].region), outputs };
}

/** Registers for intermediate tiles, each free again after its last reader. */
function assign(
  raw: readonly { f: number; from: (number | Value)[]; to: Value }[],
  inputs: number,
  outputs: readonly Value[],
): Step[] {
  const last = new Map<Value, number>();
  raw.forEach(({ from }, i) => {
    for (const v of from) if (typeof v !== "number") last.set(v, i);
  });
  const register = new Map<Value, number>();
  const free: number[] = [];
  let next = inputs + outputs.length;
  return raw.map(({ f, from, to }, i) => {
    const ids = from.map((v) => (typeof v === "number" ? v : register.get(v)!));
    for (const v of from) {
      if (typeof v === "number" || last.get(v) !== i || outputs.includes(v)) continue;
      last.delete(v);
      free.push(register.get(v)!);
    }
    const place = outputs.indexOf(to);
    const id = place >= 0 ? inputs + place : (free.pop() ?? next++);
    register.set(to, id);
    return { f, from: ids, to: id };
  });
}
