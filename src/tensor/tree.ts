// Trees of tensors: a tensor, or plain objects and arrays of trees.

import { treeLeaves, treeMap, treePaths } from "../core/tree";
import { isTensor, type Tensor } from "./tensor";

export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

/** The tensors of a tree in order: arrays by index, objects by sorted key. */
export function leaves(tree: Tree): Tensor[] {
  return leavesOf("leaves", tree);
}

/** @internal `leaves` under another op's name in errors. */
export function leavesOf(name: string, tree: unknown): Tensor[] {
  const list = treeLeaves(tree);
  for (const [i, leaf] of list.entries()) {
    if (!isTensor(name, leaf)) {
      const path = treePaths(tree)[i] || "the root";
      throw new TypeError(
        `${name}: a leaf is no tensor: ${path} is ${describe(leaf)}. Use tensors, in plain ` +
          "objects and arrays.",
      );
    }
  }
  return list as Tensor[];
}

function describe(x: unknown): string {
  if (x === undefined || x === null || typeof x === "number") return String(x);
  return typeof x === "object" ? (x.constructor?.name ?? "an object") : typeof x;
}

/** A tree of the form of the first, each leaf `f` of the leaves at its place. */
export function mapTree<T extends Tree>(
  f: (leaf: Tensor, ...others: Tensor[]) => Tensor,
  tree: T,
  ...others: Tree[]
): T {
  return treeMap(f as (leaf: unknown, ...rest: unknown[]) => unknown, tree, ...others) as T;
}

/** @internal A tree of the form of `tree` with these leaves, in the order of `leaves`. */
export function refill<T>(tree: T, list: readonly unknown[]): T {
  let next = 0;
  return treeMap(() => list[next++], tree) as T;
}
