// Sums what a chain computes where it computes it, when nothing else reads it: the terms never
// reach memory.

import { type Run, sizes } from "../ops/reduce";
import { keepsOrder } from "./access";
import { type Chain, chainOp, type Step } from "./chain";
import { type Graph, rewrite, type Uses, usesOf, type Value, type Vertex, vertex } from "./graph";

/** Most columns: a tile of the chain holds a whole row of them. */
const MOST_COLUMNS = 512;
/** Elements that one thread sums alone; a longer sum is made of several, added in order. */
const PART = 16_384;
/** Most parts of one sum. */
const MOST_PARTS = 16;

/** The sum that alone reads a value, and the views between the two. */
interface Summed {
  readonly sum: Vertex;
  readonly views: readonly Vertex[];
}

/** What sums a value that nothing else reads, over how many columns a chain can. */
export function summedBy(v: Value, uses: Uses, outputs: ReadonlySet<Value>): Summed | null {
  const views: Vertex[] = [];
  for (let at = v; ; ) {
    const readers = uses.get(at) ?? [];
    if (readers.length !== 1 || outputs.has(at) || at.dtype !== "float32") return null;
    const [reader] = readers;
    if (reader.op.name === "sum") {
      const [, rows, columns] = sizes(at.shape, reader.attrs as Run);
      return rows > 1 && columns > 0 && columns <= MOST_COLUMNS ? { sum: reader, views } : null;
    }
    if (!keepsOrder(reader)) return null;
    views.push(reader);
    at = reader.outputs[0];
  }
}

/** Moves sums of chains' results into the chains. */
export function sumChains(graph: Graph): Graph {
  const uses = usesOf(graph);
  const outputs = new Set(graph.outputs);
  /** What stands for the results of a sum, and for views on the way to it, which nothing reads. */
  const moved = new Map<Vertex, readonly Value[]>();
  return rewrite(graph, (node, add, was) => {
    const instead = moved.get(was);
    if (instead !== undefined) return instead;
    const found = was.op === chainOp ? fitting(was, uses, outputs) : [];
    if (found.length === 0) return null;
    const [made, values] = joined(was, node.inputs, found);
    for (const { place, by } of found) {
      for (const passed of [...by.views, by.sum]) moved.set(passed, [values[place]]);
    }
    add(made);
    return values;
  });
}

interface Found {
  /** Which result of the chain. */
  readonly place: number;
  readonly by: Summed;
}

/** The results of a chain that are only summed, all in the way of the first. */
function fitting(node: Vertex, uses: Uses, outputs: ReadonlySet<Value>): Found[] {
  const { repeats } = node.attrs as Chain;
  const found: Found[] = [];
  for (const [place, v] of node.outputs.entries()) {
    const by = summedBy(v, uses, outputs);
    if (by === null) continue;
    const [, rows, columns] = shapeOf(by);
    const first = found.length === 0 ? null : shapeOf(found[0].by);
    if (first !== null && (first[1] !== rows || first[2] !== columns)) continue;
    // A tile is of whole rows, and reads one part of each operand.
    if (repeats.some((r) => r?.span !== undefined && r.span % columns !== 0)) continue;
    found.push({ place, by });
  }
  return found;
}

const shapeOf = ({ sum }: Summed) => sizes(sum.inputs[0].shape, sum.attrs as Run);

/** The chain with sums as its last results, and what stands for each result of the old one. */
function joined(node: Vertex, reads: readonly Value[], found: readonly Found[]): [Vertex, Value[]] {
  const old = node.attrs as Chain;
  const inputs = reads.length;
  const summed = new Set(found.map(({ place }) => place));
  const all = node.outputs.map((_, place) => place);
  const order = [...all.filter((place) => !summed.has(place)), ...summed];
  const move = (r: number) => {
    return r < inputs || r >= inputs + order.length ? r : inputs + order.indexOf(r - inputs);
  };
  const steps = old.steps.map(
    ({ f, from, to }): Step => ({ f, from: from.map(move), to: move(to) }),
  );
  const [outer, rows, columns] = shapeOf(found[0].by);
  const specs = [
    ...order.slice(0, order.length - found.length).map((place) => node.outputs[place]),
    ...found.map(({ by }) => by.sum.outputs[0]),
  ].map(({ shape, dtype }) => ({ shape, dtype }));
  const parts = partsOf(outer, rows, columns);
  const sums = { count: found.length, outer, rows, columns, parts };
  const made = vertex(chainOp, reads, { ...old, steps, specs, sums }, specs, node.origin);
  return [made, node.outputs.map((_, place) => made.outputs[order.indexOf(place)])];
}

/** Into how many equal parts a sum's rows are divided, so that threads have something to share. */
function partsOf(outer: number, rows: number, columns: number): number {
  const most = Math.min(MOST_PARTS / outer, (rows * columns) / PART);
  for (let parts = Math.floor(most); parts > 1; parts--) if (rows % parts === 0) return parts;
  return 1;
}
