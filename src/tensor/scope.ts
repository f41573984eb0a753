// Scopes own the tensors made while they are open and free them at the end, but for those that
// are returned, kept, or still needed by a gradient that runs: these pass to the scope around.

import { treeLeaves } from "../core/tree";
import { recording } from "./frame";
import type { Tensor } from "./tensor";

let scopes = 0;

/** The tensors of one open scope. */
export class Scope {
  readonly tensors: Tensor[] = [];
  /** Ascends: what belongs to a later scope was made after an earlier one was opened. */
  readonly id = ++scopes;
}

const stack: Scope[] = [];
let current: Scope | null = null;

/** Tensors that only the garbage collector freed: each is a missing scope or dispose(). */
let collected = 0;

const finalizer = new FinalizationRegistry<Hold>((hold) => {
  if (hold.release !== null) {
    hold.release();
    collected++;
  }
});

/** What the finalizer needs of a tensor that no scope owns; never the tensor itself. */
export interface Hold {
  release: (() => void) | null;
}

/** How many tensors the finalizer had to free so far. */
export function collectedTensors(): number {
  return collected;
}

export function enterScope(): Scope {
  const scope = new Scope();
  stack.push(scope);
  current = scope;
  return scope;
}

/** Gives a new tensor to the open scope, or to the finalizer where there is none. */
export function adopt(t: Tensor): void {
  t.owner = current;
  if (current !== null) current.tensors.push(t);
  else {
    t.hold = { release: t.releaser() };
    finalizer.register(t, t.hold);
  }
}

/** Closes a scope: frees what it owns, but for the leaves of `result`. */
export function leaveScope(scope: Scope, result?: unknown): void {
  stack.splice(stack.lastIndexOf(scope), 1);
  current = stack.length > 0 ? stack[stack.length - 1] : null;
  const running = recording();
  if (result !== undefined) {
    for (const leaf of treeLeaves(result)) {
      const t = (leaf as Partial<Tensor> | null | undefined)?.physical;
      if (t === undefined || t.owner !== scope) continue;
      if (!running) t.node = null; // else a kept loss would keep its whole graph
      adopt(t);
    }
  }
  for (const t of scope.tensors) {
    if (t.owner !== scope) continue;
    if (running && t.pinned) adopt(t);
    else t.free("when its scope ended");
  }
}

/** Closes a scope whose recorded ops are still to be walked: frees only what none of them reads. */
export function passScope(scope: Scope, result: unknown): void {
  const kept = new Set(treeLeaves(result).map((leaf) => (leaf as Tensor).physical));
  stack.splice(stack.lastIndexOf(scope), 1);
  current = stack.length > 0 ? stack[stack.length - 1] : null;
  for (const t of scope.tensors) {
    if (t.owner !== scope) continue;
    if (t.pinned || kept.has(t)) adopt(t);
    else t.free("when its scope ended");
  }
}

/**
 * Runs `f` and frees every tensor made inside that is not in the returned tree. `f` may be async:
 * the scope then stays open until its promise settles, and owns what any code makes meanwhile.
 */
export function scope<T>(f: () => T): T {
  const opened = enterScope();
  let result: T;
  try {
    result = f();
  } catch (error) {
    leaveScope(opened);
    throw error;
  }
  if (result instanceof Promise) {
    return result.then(
      (value) => {
        leaveScope(opened, value);
        return value;
      },
      (error) => {
        leaveScope(opened);
        throw error;
      },
    ) as T;
  }
  leaveScope(opened, result);
  return result;
}

/** Takes the tensors of a tree out of every scope: they live until dispose(). */
export function keep<T>(tree: T): T {
  for (const leaf of treeLeaves(tree)) {
    const t = (leaf as Tensor).physical;
    if (t.owner === null) continue;
    t.owner = null;
    t.hold = { release: t.releaser() };
    finalizer.register(t, t.hold);
  }
  return tree;
}

/** Frees the tensors of a tree now, but for those that are also in `except`. */
export function dispose(tree: unknown, except?: unknown): void {
  const physical = (leaf: unknown) => (leaf as Tensor).physical;
  const kept = new Set(except === undefined ? [] : treeLeaves(except).map(physical));
  for (const t of treeLeaves(tree).map(physical)) if (!kept.has(t)) t.dispose();
}
