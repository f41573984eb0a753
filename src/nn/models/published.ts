// Parameters under the names and in the layouts of published files. A tree of `Published` places,
// of the form of the parameters, says where each comes from; nothing is made unless all fit.

import { ValueError } from "../../core/errors";
import { type Shape, sameShape, show, sizeOf, stridesOf } from "../../core/shape";
import { treeLeaves, treeMap } from "../../core/tree";
import { inverse } from "../../ops/movement";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { leaves, type Tree } from "../../tensor/tree";

/** Named arrays, as `decodeSafetensors` reads them. */
export type NamedArrays = Readonly<Record<string, NamedArray>>;

export interface NamedArray {
  readonly data: ArrayLike<number>;
  readonly shape: Shape;
}

/** What stands in a file: "same" as here; "linear" weights [out, in], which are [in, out] here;
 * "conv" kernels [out, in, h, w], which are [h, w, in, out] here. */
type Layout = "same" | "linear" | "conv";

/** For each axis of an array here the axis of the one in the file. */
const AXES: Readonly<Record<Exclude<Layout, "same">, readonly number[]>> = {
  linear: [1, 0],
  conv: [2, 3, 1, 0],
};

/** The place of one array in a file. A class, so that trees hold it as a leaf. */
export class Published {
  constructor(
    /** First the name that is written, then older ones. */
    readonly names: readonly string[],
    /** As in the file. */
    readonly shape: Shape,
    readonly layout: Layout = "same",
  ) {}
}

/** The names that are written, with the shapes in the file. */
export function publishedShapes(places: unknown): Record<string, Shape> {
  const list = treeLeaves(places) as Published[];
  return Object.fromEntries(list.map(({ names, shape }) => [names[0], shape]));
}

/** Most names of one kind that an error lists. */
const MOST = 12;

function listed(what: string, found: readonly string[]): string[] {
  if (found.length === 0) return [];
  const more = found.length > MOST ? `, and ${found.length - MOST} more` : "";
  return [`${what} (${found.length}): ${found.slice(0, MOST).join(", ")}${more}`];
}

/**
 * The tree of tensors, on the current device, that `places` describes. Arrays that no place names
 * are an error, but for those that `others` lets pass.
 * @throws ValueError that lists the names that are missing, left over or of another shape
 */
export function fromPublished(
  name: string,
  places: unknown,
  arrays: NamedArrays,
  others: (name: string) => boolean,
): Tree {
  const wanted = treeLeaves(places) as Published[];
  const nameOf = ({ names }: Published) => names.find((n) => Object.hasOwn(arrays, n));
  const missing: string[] = [];
  const wrong: string[] = [];
  const taken = new Set<string>();
  for (const place of wanted) {
    const found = nameOf(place);
    if (found === undefined) {
      missing.push(`"${place.names[0]}" ${show(place.shape)}`);
      continue;
    }
    taken.add(found);
    const { shape, data } = arrays[found];
    if (!sameShape(shape, place.shape)) {
      wrong.push(`"${found}" is ${show(shape)}, not ${show(place.shape)}`);
    } else if (data.length !== sizeOf(shape)) {
      wrong.push(`"${found}" holds ${data.length} numbers, not ${sizeOf(shape)}`);
    }
  }
  const left = Object.keys(arrays).filter((n) => !taken.has(n) && !others(n));
  const faults = [
    ...listed("missing", missing),
    ...listed("of another shape", wrong),
    ...listed(
      "left over",
      left.map((n) => `"${n}"`),
    ),
  ];
  if (faults.length > 0) {
    throw new ValueError(
      `${name}: the arrays are not those of this network: ${faults.join("; ")}. ` +
        "Use a file of a network of these sizes.",
    );
  }
  return treeMap((leaf) => {
    const place = leaf as Published;
    return toTensor(arrays[nameOf(place)!], place.layout);
  }, places) as Tree;
}

function toTensor({ data, shape }: NamedArray, layout: Layout): Tensor {
  const moved = layout === "same" ? { data, shape } : permuted(data, shape, AXES[layout]);
  const values = moved.data;
  const typed = values instanceof Float32Array || values instanceof Float64Array;
  return tensor(typed ? values : Float32Array.from(values), moved.shape, "float32");
}

/** Rows and columns moved at a time: those that a cache holds on both sides. */
const TILE = 32;

/** The array whose axis i is the axis `axes[i]` of the one given; of two axes or more. */
function permuted(data: ArrayLike<number>, shape: Shape, axes: readonly number[]) {
  const strides = stridesOf(shape);
  const size = axes.map((a) => shape[a]);
  const steps = axes.map((a) => strides[a]);
  const wide = data instanceof Float64Array;
  const out = wide ? new Float64Array(data.length) : new Float32Array(data.length);
  const [rows, columns] = size.slice(-2);
  const [down, across] = steps.slice(-2);
  const outer = size.slice(0, -2);
  for (let matrix = 0; matrix < sizeOf(outer); matrix++) {
    let from = 0;
    for (let axis = outer.length - 1, left = matrix; axis >= 0; axis--) {
      from += (left % outer[axis]) * steps[axis];
      left = Math.floor(left / outer[axis]);
    }
    const to = matrix * rows * columns;
    for (let r0 = 0; r0 < rows; r0 += TILE) {
      for (let c0 = 0; c0 < columns; c0 += TILE) {
        for (let r = r0; r < Math.min(r0 + TILE, rows); r++) {
          for (let c = c0; c < Math.min(c0 + TILE, columns); c++) {
            out[to + r * columns + c] = data[from + r * down + c * across];
          }
        }
      }
    }
  }
  return { data: out, shape: size };
}

/** The arrays of a file from a tree of the form of `places`: what `fromPublished` takes, to the
 * bit. */
export async function toPublished(
  places: unknown,
  tree: Tree,
): Promise<Record<string, { data: Float32Array | Float64Array; shape: Shape }>> {
  const tensors = leaves(tree);
  const values = await Promise.all(tensors.map((t) => t.data()));
  const arrays: Record<string, { data: Float32Array | Float64Array; shape: Shape }> = {};
  // Both lists are in the order of one walk over trees of one form.
  for (const [i, place] of (treeLeaves(places) as Published[]).entries()) {
    const data = values[i] as Float32Array | Float64Array;
    arrays[place.names[0]] =
      place.layout === "same"
        ? { data, shape: place.shape }
        : permuted(data, tensors[i].shape, inverse(AXES[place.layout]));
  }
  return arrays;
}
