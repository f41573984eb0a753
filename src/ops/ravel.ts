// A tree of tensors as one vector, and back.

import { ShapeError } from "../core/errors";
import { show } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { leavesOf, refill, type Tree } from "../tensor/tree";
import { needFloats } from "./checks";
import { concat, splitAlong } from "./movement";
import { reshape } from "./reshape";

/**
 * `[vector, unravel]`: the float32 leaves of a tree one after the other, in the order of `leaves`,
 * and the function that makes such a tree of a vector of that length. Both are differentiable.
 * @throws ShapeError when the tree has no leaf, or `unravel` gets another length
 */
export function ravel<T extends Tree>(tree: T): [Tensor, (vector: Tensor) => T] {
  const parts = leavesOf("ravel", tree);
  for (const [i, x] of parts.entries()) needFloats("ravel", { [`leaf ${i}`]: x });
  if (parts.length === 0) {
    throw new ShapeError(
      "ravel: a tree without leaves: nothing to put in a vector. Give a tensor.",
    );
  }
  const sizes = parts.map((x) => x.size);
  const shapes = parts.map((x) => x.shape);
  const total = sizes.reduce((a, b) => a + b);
  const unravel = (vector: Tensor): T => {
    if (vector.shape.length !== 1 || vector.size !== total) {
      throw new ShapeError(
        `unravel: length differs: got ${show(vector.shape)}, the tree has ${total} elements. ` +
          `Give a vector of ${total}.`,
      );
    }
    const pieces = splitAlong(vector, sizes, 0);
    return refill(
      tree,
      pieces.map((piece, i) => reshape(piece, shapes[i])),
    );
  };
  const vector = concat(
    parts.map((x) => reshape(x, [x.size])),
    0,
  );
  return [vector, unravel];
}
