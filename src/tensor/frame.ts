// Which gradients are running. An op is recorded only when one of its inputs depends on a leaf of
// a gradient that still runs: so the backward pass is recorded exactly when an outer one does.

import type { Op } from "./op";
import { origin } from "./origin";
import type { Tensor } from "./tensor";

/** One running gradient. */
export interface Frame {
  active: boolean;
}

/** One recorded op: an inner vertex of the graph that backward passes walk. */
export interface Node {
  /** Ascends with creation: inputs before outputs, so it orders the graph by its edges. */
  readonly id: number;
  // biome-ignore lint/suspicious/noExplicitAny: attrs differ from op to op
  readonly op: Op<any>;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attrs: unknown;
  /** The outermost gradient that a leaf below belongs to: the last of them to end. */
  readonly frame: Frame;
  /** Of the pass that it was recorded in: 0 in a function itself, 1 in its backward pass. */
  readonly order: number;
}

const stack: Frame[] = [];
let lastId = 0;

export function nextId(): number {
  return ++lastId;
}

/** Whether any gradient runs. */
export function recording(): boolean {
  return stack.length > 0;
}

export function enterFrame(): Frame {
  const frame = { active: true };
  stack.push(frame);
  return frame;
}

export function leaveFrame(frame: Frame): void {
  frame.active = false;
  stack.splice(stack.indexOf(frame), 1);
}

/** Runs `f` as if no gradient ran: nothing in it is recorded. */
export function unrecorded<T>(f: () => T): T {
  const hidden = stack.splice(0);
  for (const frame of hidden) frame.active = false;
  try {
    return f();
  } finally {
    for (const frame of hidden) frame.active = true;
    stack.unshift(...hidden);
  }
}

/** The outermost running gradient that a tensor's value depends on, or null. */
export function frameOf(x: Tensor): Frame | null {
  return x.node?.frame.active ? x.node.frame : null;
}

/** The outermost running gradient that any of the tensors depends on, or null. */
export function outermost(xs: readonly Tensor[]): Frame | null {
  let best: Frame | null = null;
  for (const x of xs) {
    const frame = frameOf(x);
    if (frame === null || frame === best) continue;
    if (best === null || stack.indexOf(frame) < stack.indexOf(best)) best = frame;
  }
  return best;
}

/** Notes that `ys` came from `xs` by `op`, when a running gradient depends on it. */
export function record<A>(op: Op<A>, xs: readonly Tensor[], ys: readonly Tensor[], attrs: A): void {
  if (!op.differentiable) return;
  const frame = outermost(xs);
  if (frame === null) return;
  const node: Node = {
    id: ++lastId,
    op,
    inputs: xs,
    outputs: ys,
    attrs,
    frame,
    order: origin().order,
  };
  for (const x of xs) x.pinned = true;
  for (const y of ys) {
    y.pinned = true;
    y.node = node;
  }
}
