// Joins elementwise ops that read each other's results into one `chain` kernel, which keeps what
// lies between them in cache or registers.

import type { Device } from "../device/device";
import type { Spec } from "../tensor/op";
import { type Access, functionOf, type Look, nameOf, seenThrough } from "./access";
import { type Chain, chainOp, type Step } from "./chain";
import { foldable } from "./epilogues";
import { type Graph, reading, type Uses, usesOf, type Value, type Vertex, vertex } from "./graph";
import { summedBy } from "./sumChains";

/** Most steps of one chain: its intermediate tiles must stay in the first-level cache. */
const MOST_STEPS = 24;

/** Most nodes looked at to show that a merge closes no cycle: those that pass need far fewer, and
 * without a bound the search makes compiling take time quadratic in the length of an unroll. */
const MOST_LOOKS = 500;

/** Nodes that run as one, in the order of the graph. */
interface Cluster {
  readonly nodes: Vertex[];
  /** Elements of every member's output. */
  readonly size: number;
}

export function fuse(graph: Graph, on: Device): Graph {
  const known = know(graph, on);
  cluster(graph, known);
  const outside = written(known);
  const stand = new Map<Value, Value>();
  const swap = (v: Value) => stand.get(v) ?? v;
  const nodes: Vertex[] = [];
  for (const unit of schedule(graph, known)) {
    const { node, outputs } = Array.isArray(unit)
      ? { node: reading(unit[0], swap), outputs: unit[0].outputs }
      : join(unit, known.look, outside, swap);
    nodes.push(node);
    for (const [i, v] of outputs.entries()) stand.set(v, node.outputs[i]);
  }
  return { inputs: graph.inputs, nodes, outputs: graph.outputs.map(swap) };
}

/** What the passes over clusters look up. */
interface Known {
  readonly of: Map<Vertex, Cluster>;
  readonly uses: Uses;
  readonly place: ReadonlyMap<Vertex, number>;
  readonly outputs: ReadonlySet<Value>;
  readonly look: Look;
  readonly on: Device;
}

function know(graph: Graph, on: Device): Known {
  const uses = usesOf(graph);
  const place = new Map(graph.nodes.map((node, i) => [node, i]));
  const outputs = new Set(graph.outputs);
  return { of: new Map(), uses, place, outputs, look: seenThrough(graph), on };
}

/** Puts each elementwise node into a cluster. */
function cluster(graph: Graph, known: Known): void {
  const { of, look } = known;
  for (const [until, node] of graph.nodes.entries()) {
    if (functionOf(node) === null) continue;
    const size = node.outputs[0].size;
    let joined: Cluster = { size, nodes: [node] };
    of.set(node, joined);
    for (const v of node.inputs) {
      const { base, repeat } = look(v);
      if (base.source.kind !== "node" || repeat !== null) continue;
      const other = of.get(base.source.node);
      if (other === undefined || other.size !== size || other === joined) continue;
      const merged: Cluster = { size, nodes: [...other.nodes, ...joined.nodes] };
      if (merged.nodes.length > MOST_STEPS) continue;
      if (operands(merged, known) > known.on.bindings || cyclic(merged, known, until)) continue;
      merged.nodes.sort((a, b) => known.place.get(a)! - known.place.get(b)!);
      joined = merged;
      for (const member of merged.nodes) of.set(member, merged);
    }
  }
}

/** Whether running the nodes as one would need a result of something that needs theirs. Goes from
 * what reads the members onward, through nodes up to place `until`: none of the members lies
 * behind it. A search that gets too long counts as a cycle. */
function cyclic(merged: Cluster, { of, uses, place, look }: Known, until: number): boolean {
  const members = new Set(merged.nodes);
  /** Members, and views of them, which are read in place. */
  const inside = (node: Vertex) => {
    if (members.has(node)) return true;
    const { source } = look(node.outputs[0]).base;
    return node.op.view !== null && source.kind === "node" && members.has(source.node);
  };
  const seen = new Set<Vertex>(merged.nodes);
  const open: Vertex[] = [...merged.nodes];
  let looks = 0;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (++looks > MOST_LOOKS) return true;
    const from = inside(node);
    for (const v of node.outputs) {
      for (const user of uses.get(v) ?? []) {
        if (members.has(user) && !from) return true;
        if (seen.has(user) || place.get(user)! > until) continue;
        for (const other of of.get(user)?.nodes ?? [user]) {
          seen.add(other);
          open.push(other);
        }
      }
    }
  }
  return false;
}

/** Storages that the chain would bind. */
function operands(merged: Cluster, known: Known): number {
  const members = new Set(merged.nodes);
  const read = new Set<string>();
  for (const node of merged.nodes) {
    for (const v of node.inputs) {
      const seen = known.look(v);
      const { source } = seen.base;
      if (source.kind === "node" && members.has(source.node)) continue;
      read.add(nameOf(seen));
    }
  }
  const written = merged.nodes.filter((node) => escapes(node.outputs[0], members, known));
  return read.size + written.length;
}

/** Whether anything but members of the cluster, themselves or through views, reads a value. */
function escapes(v: Value, members: ReadonlySet<Vertex>, known: Known): boolean {
  if (known.outputs.has(v)) return true;
  for (const node of known.uses.get(v) ?? []) {
    if (members.has(node)) continue;
    const sees = node.op.view !== null && node.outputs[0].size === v.size;
    if (!sees || escapes(node.outputs[0], members, known)) return true;
  }
  return false;
}

/** The values that clusters must write to memory. */
function written(known: Known): Set<Value> {
  const out = new Set<Value>();
  for (const [node, unit] of known.of) {
    if (joins(unit, known) && escapes(node.outputs[0], new Set(unit.nodes), known)) {
      out.add(node.outputs[0]);
    }
  }
  return out;
}

/** Whether a cluster becomes a chain: one op alone does where only a chain can read an operand
 * without its being written out first, sum the result before it is, or be a part of a product. */
function joins({ nodes, size }: Cluster, { look, uses, outputs, on }: Known): boolean {
  if (nodes.length > 1) return true;
  const [{ inputs, outputs: made }] = nodes;
  if (inputs.map((v) => look(v).base).some((v) => v.size === size && foldable(v, on))) return true;
  if (inputs.some((v) => look(v).repeat?.span !== undefined)) return true;
  return summedBy(made[0], uses, outputs) !== null;
}

/** Single nodes and clusters in an order in which inputs come first, near to that of capture. */
function schedule(graph: Graph, known: Known): (Cluster | [Vertex])[] {
  const { of, look } = known;
  const order: (Cluster | [Vertex])[] = [];
  const done = new Set<Vertex>();
  const require = (v: Value) => {
    if (v.source.kind === "node") run(v.source.node);
    const { base } = look(v);
    if (base.source.kind === "node") run(base.source.node);
  };
  const run = (node: Vertex): void => {
    if (done.has(node)) return;
    const unit = of.get(node);
    const chained = unit !== undefined && joins(unit, known);
    const members = chained ? unit.nodes : [node];
    for (const member of members) done.add(member);
    for (const v of members.flatMap((member) => member.inputs)) {
      const { source } = look(v).base;
      // A view of a member can only stand after the cluster; in it members read the member itself.
      if (source.kind !== "node" || !members.includes(source.node)) require(v);
    }
    order.push(chained ? unit : [node]);
  };
  for (const node of graph.nodes) {
    const unit = of.get(node);
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
  const inputOf = (seen: Access): number => {
    const { base, repeat } = seen;
    const name = nameOf(seen);
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
  return { node: vertex(chainOp, inputs, attrs, specs, nodes[0].origin), outputs };
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
