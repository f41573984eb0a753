// The passes in order. Each is a pure function from graph to graph with the same meaning.

import type { Device } from "../device/device";
import { mergeEqual, removeDead } from "./clean";
import { epilogues } from "./epilogues";
import { fuse } from "./fuse";
import type { Graph } from "./graph";
import { simplify } from "./simplify";
import { sumChains } from "./sumChains";

/** Sweeps until nothing gets smaller: what one pass uncovers, another removes. */
export function optimize(graph: Graph, on: Device): Graph {
  let best = removeDead(graph);
  for (let before = Number.POSITIVE_INFINITY; best.nodes.length < before; ) {
    before = best.nodes.length;
    best = removeDead(mergeEqual(simplify(best, on)));
  }
  const fused = removeDead(sumChains(removeDead(fuse(best, on))));
  return epilogues(fused, on);
}
