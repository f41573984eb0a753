// Trees: plain objects and arrays, nested, with leaves of any other kind. Key order is the
// object's own, so two trees match when they were built in the same order of keys or not.

import { ShapeError } from "./errors";

/** Whether it is an array or a plain object, whose values are subtrees. */
export function isNode(x: unknown): x is Record<string, unknown> | unknown[] {
  if (Array.isArray(x)) return true;
  if (typeof x !== "object" || x === null) return false;
  const proto = Object.getPrototypeOf(x);
  return proto === Object.prototype || proto === null;
}

/** The leaves of a tree in order: arrays by index, objects by sorted key. */
export function treeLeaves(tree: unknown, out: unknown[] = []): unknown[] {
  if (!isNode(tree)) out.push(tree);
  else if (Array.isArray(tree)) for (const child of tree) treeLeaves(child, out);
  else for (const name of Object.keys(tree).sort()) treeLeaves(tree[name], out);
  return out;
}

/** A tree of the same form whose leaves are `f` of the trees' leaves. */
export function treeMap(
  f: (leaf: unknown, ...others: unknown[]) => unknown,
  tree: unknown,
  ...others: unknown[]
): unknown {
  return walk(f, tree, others, "");
}

function walk(
  f: (leaf: unknown, ...others: unknown[]) => unknown,
  tree: unknown,
  others: unknown[],
  path: string,
): unknown {
  if (!isNode(tree)) return f(tree, ...others);
  for (const other of others) {
    const fits = isNode(other) && Array.isArray(other) === Array.isArray(tree);
    if (!fits || Object.keys(other).length !== Object.keys(tree).length) {
      throw new ShapeError(
        `tree: forms differ at ${path || "the root"}: the first tree has ${formOf(tree)} there, ` +
          `another ${formOf(other)}. Give trees of one form.`,
      );
    }
  }
  const rest = others as Record<string, unknown>[];
  if (Array.isArray(tree)) {
    return tree.map((child, i) =>
      walk(
        f,
        child,
        rest.map((o) => o[i]),
        `${path}[${i}]`,
      ),
    );
  }
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(tree).sort()) {
    for (const other of rest) {
      if (!(name in other)) {
        const place = `${path || "the root"}`;
        throw new ShapeError(`tree: key "${name}" is missing at ${place} of one tree. Add it.`);
      }
    }
    out[name] = walk(
      f,
      tree[name],
      rest.map((o) => o[name]),
      path ? `${path}.${name}` : name,
    );
  }
  return out;
}

function formOf(x: unknown): string {
  if (!isNode(x)) return "a leaf";
  return `an ${Array.isArray(x) ? "array" : "object"} of ${Object.keys(x).length}`;
}

/** The path of every leaf, in the order of `treeLeaves`: `layers[0].w`. */
export function treePaths(tree: unknown, path = "", out: string[] = []): string[] {
  if (!isNode(tree)) out.push(path);
  else if (Array.isArray(tree)) {
    for (const [i, child] of tree.entries()) treePaths(child, `${path}[${i}]`, out);
  } else {
    for (const name of Object.keys(tree).sort()) {
      treePaths(tree[name], path ? `${path}.${name}` : name, out);
    }
  }
  return out;
}

/** A tree's form as text, with `leaf` of each leaf in its place: equal for equal forms alone, which
 * paths are not, as empty objects and arrays have none. */
export function treeForm(tree: unknown, leaf: (x: unknown) => string): string {
  if (!isNode(tree)) return leaf(tree);
  let text = "";
  if (Array.isArray(tree)) {
    for (const child of tree) text += `${treeForm(child, leaf)},`;
    return `[${text}]`;
  }
  for (const name of Object.keys(tree).sort()) {
    text += `${JSON.stringify(name)}:${treeForm(tree[name], leaf)},`;
  }
  return `{${text}}`;
}
