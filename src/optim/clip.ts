// Gradients kept within bounds, before an optimizer takes them.

import { ValueError } from "../core/errors";
import { add, clip, div, maximum, mul } from "../ops/arithmetic";
import { sqrt, square } from "../ops/math";
import { root } from "../ops/norm";
import { sum } from "../ops/reduce";
import type { Like } from "../tensor/create";
import { zeros } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { leaves, mapTree, type Tree } from "../tensor/tree";

function positive(name: string, what: string, x: Like): void {
  if (typeof x === "number" && !(x > 0)) {
    throw new ValueError(`${name}: ${what} is no positive number: ${x}. Use one above 0.`);
  }
}

/** The sum of squares; of no tensors it is 0. */
function squares(tree: Tree): Tensor {
  const each = leaves(tree).map((t) => sum(square(t)));
  return each.length === 0 ? zeros([]) : each.reduce(add);
}

/** The Euclidean norm of all tensors of a tree together. At 0 its gradient is 0, not NaN. */
export function globalNorm(tree: Tree): Tensor {
  return scope(() => root(squares(tree)));
}

/**
 * The tree times the factor that brings its global norm down to `most`; itself where it is no
 * larger (Pascanu et al. 2013). Differentiable at 0 too.
 * @throws ValueError unless `most` is positive
 */
export function clipByNorm<P extends Tree>(grads: P, most: Like): P {
  positive("clipByNorm", "the norm", most);
  return scope(() => {
    // most / √max(|g|², most²): 1 below the bound, where no gradient reaches the root.
    const limit = typeof most === "number" ? most * most : square(most);
    const factor = div(most, sqrt(maximum(squares(grads), limit)));
    return mapTree((g) => mul(g, factor), grads);
  });
}

/** Each element brought into [−most, most]; no gradient passes where it was outside. */
export function clipByValue<P extends Tree>(grads: P, most: number): P {
  positive("clipByValue", "the bound", most);
  return scope(() => mapTree((g) => clip(g, -most, most), grads));
}
