// The passes in order. Each is a pure function from graph to graph with the same meaning.

import type { Device } from "../device/device";
import { mergeEqual, removeDead } from "./clean";
import { fuse } from "./fuse";
import type { Graph } from "./graph";
import { simplify } from "./simplify";
import { sumChains } from "./sumChains";

/** Sweeps until nothing gets smaller: what one pass uncovers, another removes. */
export function optimize(graph: Graph, on: Device): Graph {
  let best = removeDead(graph);
  for (;;) {
    const next = removeDead(mergeEqual(simplify(best, on)));
    if (next.nodes.length >= best.nodes.length)
      return removeDead(sumChains(removeDead(fuse(next, on))));
    best = next;
  }
}
