// Puts each chain that reads a product element by element right behind it, so that devices run the
// two as one: block by block, while the product's output is in cache.

import type { Device } from "../device/device";
import { type Chain, chainOp } from "./chain";
import { type Graph, rewrite, type Uses, usesOf, type Value, type Vertex, vertex } from "./graph";

const PRODUCTS = new Set(["matmul", "conv2d", "conv2dInput"]);

/** Most operands of a chain that are as large as the product: with more, reading them drives out of
 * the cache what the product needs, and the two take longer than one after the other. */
const MOST_OTHERS = 1;

/** Whether a value is computed by a product that a chain may be a part of. */
export function foldable({ source, size }: Value, on: Device): boolean {
  return source.kind === "node" && PRODUCTS.has(source.node.op.name) && size >= on.foldFrom;
}

/** Where nodes stand: at first at whole numbers. */
type Places = Map<Vertex, number>;

/** Moves chains up to their products, or products down to their chains, where nothing in between
 * is in the way, and marks the chains. */
export function epilogues(graph: Graph, on: Device): Graph {
  const uses = usesOf(graph);
  const places: Places = new Map(graph.nodes.map((node, i) => [node, i]));
  const followed = new Set<Vertex>();
  const follows = new Map<Vertex, number>();
  for (const chain of graph.nodes) {
    if (chain.op !== chainOp) continue;
    for (const [input, v] of chain.inputs.entries()) {
      if (v.source.kind !== "node" || followed.has(v.source.node)) continue;
      if (!foldable(v, on) || !readsOnce(chain, input)) continue;
      if (!bringTogether(v.source.node, chain, places, uses)) continue;
      followed.add(v.source.node);
      follows.set(chain, input);
      break;
    }
  }
  const nodes = [...graph.nodes].sort((p, q) => places.get(p)! - places.get(q)!);
  return rewrite({ ...graph, nodes }, ({ op, inputs, attrs, outputs, origin }, add, was) => {
    const input = follows.get(was);
    if (input === undefined) return null;
    return add(vertex(op, inputs, { ...(attrs as Chain), follows: input }, outputs, origin))
      .outputs;
  });
}

/** Whether a chain reads all of an input in order, in no other way too, and little beside it. */
function readsOnce({ inputs, attrs }: Vertex, input: number): boolean {
  const { repeats, size } = attrs as Chain;
  const whole = repeats.filter((repeat) => repeat === null).length;
  const reads = inputs.filter((v) => v === inputs[input]).length;
  return (
    repeats[input] === null &&
    inputs[input].size === size &&
    reads === 1 &&
    whole <= 1 + MOST_OTHERS
  );
}

/** Gives one of the two a place beside the other; false where it cannot have one, or where more
 * than the product would stay alive for it. */
function bringTogether(product: Vertex, chain: Vertex, places: Places, uses: Uses): boolean {
  const [from, to] = [places.get(product)!, places.get(chain)!];
  const before = (v: Value) =>
    v.source.kind !== "node" || v.source.node === product || places.get(v.source.node)! < from;
  if (chain.inputs.every(before)) {
    places.set(chain, from + 0.5);
    return true;
  }
  const [made] = product.outputs;
  if (uses.get(made)!.some((reader) => places.get(reader)! < to)) return false;
  const lastRead = (v: Value) => uses.get(v)!.every((reader) => places.get(reader)! <= from);
  const kept = product.inputs.filter((v) => v.source.kind === "node" && lastRead(v));
  if (kept.reduce((n, v) => n + v.size, 0) > made.size) return false;
  places.set(product, to - 0.25); // behind a chain that was moved up to the node before
  return true;
}
