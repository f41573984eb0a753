// The walk over recorded ops: from outputs back to the leaves of one gradient, never past them.

import { add } from "../ops/arithmetic";
import { expand } from "../ops/expand";
import { constant } from "../tensor/create";
import { enterFrame, type Frame, frameOf, leaveFrame, type Node, nextId } from "../tensor/frame";
import { type DefinedOp, defineOp } from "../tensor/op";
import { inPass, origin, pullingFrom } from "../tensor/origin";
import { enterScope, leaveScope } from "../tensor/scope";
import type { Level, Tensor } from "../tensor/tensor";
import { enclose, expose, levelsNow } from "./levels";

/** The identity, sharing memory: where a gradient begins, and its link to an outer one. */
const leafOp: DefinedOp<undefined> = defineOp({
  name: "leaf",
  kind: "linear",
  shape: ([x]) => x,
  view: (x) => ({ repeat: x.repeat }),
  run: () => {},
  vjp: (g) => [() => g],
  batch: ([x]) => leafOp([x]),
});

/** What a function did at some point, recorded: its outputs, and the leaves they came from. */
export interface Trace {
  readonly leaves: readonly Tensor[];
  readonly ys: readonly Tensor[];
  /** The vmaps that ran. The leaves have an axis of each, so that gradients are of one example;
   * nodes are those of the tensors beneath. */
  readonly levels: readonly Level[];
}

/** Runs `f` on fresh leaves one level deeper, recording what depends on them. */
export function trace(
  xs: readonly Tensor[],
  f: (leaves: readonly Tensor[]) => readonly Tensor[],
): Trace {
  const frame = enterFrame();
  try {
    const levels = levelsNow();
    const leaves = xs.map((x) => enclose(leaf(expose(x, levels), frame), levels));
    return { leaves, ys: f(leaves), levels };
  } finally {
    leaveFrame(frame);
  }
}

function leaf(x: Tensor, frame: Frame): Tensor {
  const y = leafOp([x]);
  const outer = frameOf(y);
  const inputs = outer === null ? [] : y.node!.inputs;
  y.node = {
    id: nextId(),
    op: leafOp.op,
    inputs,
    outputs: [y],
    attrs: undefined,
    frame: outer ?? frame,
    order: origin().order,
  };
  y.pinned = true;
  return y;
}

/** The recorded ops between the leaves and the outputs, inputs first; leaves not among them. */
export function between({ leaves, ys }: Trace): Node[] {
  const ends = new Set<Node | null>(leaves.map((x) => x.physical.node));
  let oldest = Number.POSITIVE_INFINITY;
  for (const x of leaves) oldest = Math.min(oldest, x.physical.node!.id);
  const seen = new Set<Node>();
  const open: Node[] = [];
  const visit = (x: Tensor) => {
    const node = x.node;
    if (node === null || node.id < oldest || seen.has(node) || ends.has(node)) return;
    seen.add(node);
    open.push(node);
  };
  for (const y of ys) visit(y.physical);
  for (let node = open.pop(); node !== undefined; node = open.pop()) node.inputs.forEach(visit);
  const found = [...seen].sort((a, b) => a.id - b.id);
  for (const node of found) if (node.inputs.some((x) => ends.has(x.node))) ends.add(node);
  return found.filter((node) => ends.has(node));
}

/** Cotangents of a node's outputs, null where nothing came back yet. */
type Slots = Map<Node, (Tensor | null)[]>;

/**
 * The gradients at the leaves for cotangents `gs` at the outputs; null where a leaf does not reach
 * any output. Runs at the caller's level, so it is recorded when an outer gradient needs it.
 */
export function pullBack(traced: Trace, gs: readonly (Tensor | null)[]): (Tensor | null)[] {
  return inPass(() => walk(traced, gs));
}

function walk(traced: Trace, gs: readonly (Tensor | null)[]): (Tensor | null)[] {
  const scope = enterScope();
  let found: (Tensor | null)[] | undefined;
  try {
    const order = between(traced);
    const slots: Slots = new Map();
    const ends = traced.leaves.map((x) => x.physical.node!);
    for (const end of ends) slots.set(end, [null]);
    for (const node of order) slots.set(node, new Array(node.outputs.length).fill(null));
    for (const [i, y] of traced.ys.entries()) {
      const g = gs[i];
      if (g !== null && y.physical.node !== null && slots.has(y.physical.node)) {
        put(slots, y.physical, expose(g, traced.levels));
      }
    }
    for (let i = order.length - 1; i >= 0; i--) {
      const node = order[i];
      const own = slots.get(node)!;
      if (own.every((g) => g === null)) continue;
      pullingFrom(node.order);
      const thunks = node.op.pull(own, node.outputs, node.inputs, node.attrs);
      for (const [j, x] of node.inputs.entries()) {
        if (x.node === null || !slots.has(x.node)) continue;
        const thunk = thunks[j];
        if (thunk) put(slots, x, thunk());
      }
      slots.delete(node);
      for (const g of own) if (g !== null) release(g);
    }
    found = ends.map((end) => {
      const g = slots.get(end)![0];
      return g === null ? null : enclose(g, traced.levels);
    });
    return found;
  } finally {
    leaveScope(scope, found);
  }

  /** A cotangent that no node waits for any more is freed early, unless an outer gradient or the
   * caller has a use for it. */
  function release(g: Tensor): void {
    if (--g.holds === 0 && g.owner === scope && !g.pinned) g.free("after its gradient was used");
  }

  function put(slots: Slots, x: Tensor, g: Tensor | null): void {
    if (g === null || x.node === null) return;
    const slot = slots.get(x.node);
    if (slot === undefined) return;
    const at = slot.length === 1 ? 0 : x.node.outputs.indexOf(x);
    const before = slot[at];
    const total = before === null ? g : add(before, g);
    total.holds++;
    slot[at] = total;
    if (before !== null) release(before);
  }
}

/** Zeros of the shape of `x`, without memory of their own. */
export function zerosLike(x: Tensor): Tensor {
  return expand(constant(x.device, 0, x.dtype), x.shape);
}
