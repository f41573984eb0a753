// Trees of tensors as safetensors files: a leaf's name in the file is its path in the tree, and
// what is loaded has the bits that were saved.

import { ShapeError, ValueError } from "../core/errors";
import { sameShape, show } from "../core/shape";
import { isNode, treePaths } from "../core/tree";
import { tensor } from "../tensor/create";
import { leaves, mapTree, type Tree } from "../tensor/tree";
import { decodeSafetensors, encodeSafetensors, type HostArray } from "./safetensors";
import { hostTensor } from "./tensors";

/** Of an array in a file, whose name alone asks for all items before it. */
const MOST_ITEMS = 2 ** 20;

/** The values of a tree's tensors by path: `layers[0].w`. Empty objects and arrays leave no trace.
 * Throws a ValueError for a key that contains a dot or a bracket. */
export async function treeArrays(tree: Tree): Promise<Record<string, HostArray>> {
  const paths = treePaths(tree);
  checkKeys(tree);
  const list = leaves(tree);
  const values = await Promise.all(list.map((leaf) => leaf.data()));
  const arrays: Record<string, HostArray> = {};
  for (const [i, { dtype, shape }] of list.entries()) {
    arrays[paths[i]] =
      dtype === "bool"
        ? { data: Uint8Array.from(values[i]), shape, bool: true }
        : { data: values[i], shape };
  }
  return arrays;
}

/** The tree of tensors that `treeArrays` took apart, on the current device: floats as float32 (as
 * wide as the device keeps them), whole numbers as int32. Items of an array that left no trace are
 * `{}`, as functions between layers have it. */
export function arraysTree(arrays: Readonly<Record<string, HostArray>>): Tree {
  const root: { tree?: unknown } = {};
  for (const [path, array] of Object.entries(arrays)) place(root, path, hostTensor(array));
  fillGaps(root.tree);
  return (root.tree ?? {}) as Tree;
}

/** A tree of the form of `template` with values that `treeArrays` took from such a tree; empty
 * objects and arrays are the template's. Throws a ValueError when a path is missing or left over, a
 * ShapeError when a shape is another one. */
export function refillTree<T extends Tree>(
  template: T,
  arrays: Readonly<Record<string, HostArray>>,
): T {
  const paths = treePaths(template);
  const left = Object.keys(arrays).find((path) => !paths.includes(path));
  if (left !== undefined) {
    throw new ValueError(`refillTree: the tree has no "${left}". Use the arrays of such a tree.`);
  }
  const wanted = leaves(template);
  for (const [i, path] of paths.entries()) {
    if (!Object.hasOwn(arrays, path)) {
      throw new ValueError(`refillTree: no array for "${path}". Use the arrays of such a tree.`);
    }
    if (!sameShape(arrays[path].shape, wanted[i].shape)) {
      throw new ShapeError(
        `refillTree: shapes differ at "${path}": the array is ${show(arrays[path].shape)}, the ` +
          `tree has ${show(wanted[i].shape)}. Use the arrays of such a tree.`,
      );
    }
  }
  let next = 0;
  return mapTree(({ shape, dtype }) => tensor(arrays[paths[next++]].data, shape, dtype), template);
}

/** A tree as the bytes of a safetensors file. */
export async function saveSafetensors(
  tree: Tree,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return encodeSafetensors({ arrays: await treeArrays(tree), metadata });
}

/** The tree of a safetensors file. Names with dots become nested objects, `[0]` an array's item.
 * `name` is the file's name for errors. Throws as `decodeSafetensors` does. */
export function loadSafetensors(bytes: Uint8Array, name?: string): Tree {
  return arraysTree(decodeSafetensors(bytes, name).arrays);
}

function checkKeys(tree: unknown): void {
  if (!isNode(tree)) return;
  for (const [key, child] of Object.entries(tree)) {
    if (key === "" || /[.[\]]/.test(key)) {
      throw new ValueError(
        `saveSafetensors: a key cannot be part of a path: ${JSON.stringify(key)}. ` +
          "Use keys without dots and brackets.",
      );
    }
    checkKeys(child);
  }
}

function place(root: { tree?: unknown }, path: string, leaf: unknown): void {
  const steps = path === "" ? [] : path.split(/\.|(?=\[)/);
  let holder: Record<string, unknown> = root;
  let key = "tree";
  for (const step of steps) {
    const item = /^\[(\d+)\]$/.exec(step);
    if (item !== null && Number(item[1]) >= MOST_ITEMS) {
      throw new ValueError(
        `loadSafetensors: names do not make a tree: "${path}" is item ${item[1]} of an array; ` +
          `one has ${MOST_ITEMS} at most. Rename it.`,
      );
    }
    if (step === "__proto__") {
      throw new ValueError(`loadSafetensors: no object may have the key of "${path}". Rename it.`);
    }
    const made = own(holder, key) ?? (item ? [] : {});
    if (!isNode(made) || Array.isArray(made) !== (item !== null)) {
      throw new ValueError(
        `loadSafetensors: names do not make a tree: "${path}" passes through another array. ` +
          "Rename one.",
      );
    }
    holder[key] = made;
    holder = made as Record<string, unknown>;
    key = item ? item[1] : step;
  }
  if (own(holder, key) !== undefined) {
    throw new ValueError(
      `loadSafetensors: names do not make a tree: "${path}" holds other arrays. Rename one.`,
    );
  }
  holder[key] = leaf;
}

/** Not what every object inherits, such as `constructor`. */
function own(holder: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(holder, key) ? holder[key] : undefined;
}

/** Gives arrays the items that left no trace. */
function fillGaps(tree: unknown): void {
  if (!isNode(tree)) return;
  if (Array.isArray(tree)) for (let i = 0; i < tree.length; i++) tree[i] ??= {};
  for (const child of Object.values(tree)) fillGaps(child);
}
