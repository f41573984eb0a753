// The passes that remove nodes: those that nothing needs, and those that compute what another
// one did.

import { type Graph, rewrite, type Value, type Vertex } from "./graph";

/** Leaves out every node that no output depends on. */
export function removeDead(graph: Graph): Graph {
  const needed = new Set<Vertex>();
  const need = (v: Value) => {
    if (v.source.kind === "node") needed.add(v.source.node);
  };
  graph.outputs.forEach(need);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    if (needed.has(graph.nodes[i])) graph.nodes[i].inputs.forEach(need);
  }
  return { ...graph, nodes: graph.nodes.filter((node) => needed.has(node)) };
}

/** Uses the first of nodes with the same op, attributes and inputs, within one region. */
export function mergeEqual(graph: Graph): Graph {
  const first = new Map<string, Vertex>();
  const names = new Map<unknown, number>();
  const nameOf = (op: unknown) => {
    let n = names.get(op);
    if (n === undefined) {
      n = names.size;
      names.set(op, n);
    }
    return n;
  };
  return rewrite(graph, (node) => {
    const inputs = node.inputs.map((v) => v.id).join(",");
    const attrs = node.attrs === undefined ? "" : JSON.stringify(node.attrs, exact);
    const name = `${nameOf(node.op)} ${inputs} ${node.origin.region} ${attrs}`;
    const same = first.get(name);
    if (same !== undefined) return same.outputs;
    first.set(name, node);
    return null;
  });
}

/** JSON writes infinities, NaN and -0 alike: keep them apart. */
function exact(_: string, x: unknown): unknown {
  return typeof x === "number" && (!Number.isFinite(x) || Object.is(x, -0)) ? `${1 / x} ${x}` : x;
}
