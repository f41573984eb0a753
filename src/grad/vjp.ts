// Reverse mode: the product of a function's transposed Jacobian with a vector.

import { DTypeError, ShapeError } from "../core/errors";
import { sameShape, show } from "../core/shape";
import { treeMap, treePaths } from "../core/tree";
import { toTensor } from "../ops/elementwise";
import { enterScope, leaveScope, passScope } from "../tensor/scope";
import { isTensor, type Tensor } from "../tensor/tensor";
import { leavesOf, refill, type Tree } from "../tensor/tree";
import { pullBack, type Trace, trace, zerosLike } from "./backward";

/** Numbers become tensors. */
export function asTensors<T>(name: string, tree: T): T {
  return treeMap((leaf) => (typeof leaf === "number" ? toTensor(name, leaf) : leaf), tree) as T;
}

/** @internal The float32 leaves of a tree, or an error naming the one that is not. */
export function floatLeaves(name: string, tree: unknown): Tensor[] {
  const list = leavesOf(name, tree);
  for (const [i, x] of list.entries()) {
    if (x.dtype === "float32") continue;
    throw new DTypeError(
      `${name}: no gradient by ${x.dtype}: ${treePaths(tree)[i] || "the argument"} is ` +
        `${x.dtype}. ` +
        "Give it as a further argument, or close over it.",
    );
  }
  return list;
}

/** @internal What a differentiated function returned, as leaves. */
export function outputs(name: string, y: unknown): Tensor[] {
  if (y instanceof Promise) {
    throw new TypeError(
      `${name}: the function returned a promise. Differentiate a function without await.`,
    );
  }
  return leavesOf(name, y);
}

/** @internal Gradients for every leaf: zeros where nothing came back. */
export function gradients(traced: Trace, gs: readonly (Tensor | null)[]): Tensor[] {
  return pullBack(traced, gs).map((g, i) => g ?? zerosLike(traced.leaves[i]));
}

/**
 * The value of `f` at `xs` and its pullback: `[y, pull]`, where `pull(g)`, with `g` of the form of
 * `y`, is the list of gradients of sum(g · y) by each of `xs`. `pull` may be called many times;
 * what it needs lives until it is garbage, or until the scope around ends.
 * @throws TypeError when `f` is async or a leaf is no tensor
 */
export function vjp<X extends Tree[], Y extends Tree>(
  f: (...xs: X) => Y,
  ...xs: X
): [Y, (g: Y) => X] {
  const inputs = floatLeaves("vjp", xs);
  const opened = enterScope();
  let made: Y | undefined;
  let traced: Trace;
  try {
    traced = trace(inputs, (leaves) => {
      made = f(...refill(xs, leaves));
      return outputs("vjp", made);
    });
  } catch (error) {
    leaveScope(opened);
    throw error;
  }
  passScope(opened, made);
  const y = refill(made!, traced.ys);
  const pull = (g: Y): X => {
    const gs = leavesOf("vjp", g);
    for (const [i, want] of traced.ys.entries()) {
      if (gs.length === traced.ys.length && sameShape(gs[i].shape, want.shape)) continue;
      const got = gs.map((t) => show(t.shape)).join(", ");
      const all = traced.ys.map((t) => show(t.shape)).join(", ");
      throw new ShapeError(
        `vjp: cotangents do not fit: pull got ${got}, the function returned ${all}. Give one of ` +
          "each shape.",
      );
    }
    const scope = enterScope();
    let result: X | undefined;
    try {
      result = refill(xs, gradients(traced, gs));
      return result;
    } finally {
      leaveScope(scope, result);
    }
  };
  return [y, pull];
}

/** @internal Whether a leaf is a tensor of one number. */
export function isScalar(y: unknown): y is Tensor {
  return isTensor("grad", y) && y.size === 1 && y.dtype === "float32";
}
