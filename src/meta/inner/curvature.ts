// Meta-Curvature: the gradient times a learned square matrix along each of its axes.

import { optionsOf } from "../../core/options";
import { mul, sub } from "../../ops/arithmetic";
import { matmul } from "../../ops/matmul";
import { reshape } from "../../ops/reshape";
import { inRange, mapTrees } from "../../optim/optimizer";
import { eye } from "../../tensor/fill";
import type { Tensor } from "../../tensor/tensor";
import { leaves, type Tree } from "../../tensor/tree";
import type { InnerOptimizer, Nothing } from "../innerOptimizer";

/** For every parameter in order, a matrix for each axis. */
type Curvature = readonly (readonly Tensor[])[];

/** p ← p − lr · (g ×₁ M₁ ×₂ M₂ …), each M starting at the identity (Park and Oliva 2019). The
 * spatial axes of a conv kernel count as one. */
export function curvature(options: { readonly lr: number }): InnerOptimizer<Curvature, Nothing> {
  const { lr } = optionsOf("inner.curvature", options, ["lr"]);
  inRange("inner.curvature", "lr", lr, 0);
  return {
    initMeta: (params: Tree) => leaves(params).map((p) => axes(p).map((n) => eye(n))),
    init: () => ({}),
    update: (grads, state, params, { meta }) => {
      let next = 0;
      const bend = (p: Tensor, g: Tensor) => [sub(p, mul(along(g, meta[next++]), lr))];
      const [moved] = mapTrees(1, bend, params, grads);
      return [moved, state];
    },
  };
}

function axes({ shape }: Tensor): number[] {
  if (shape.length < 4) return [...shape];
  const [c, oc] = shape.slice(-2);
  return [shape.slice(0, -2).reduce((a, b) => a * b), c, oc];
}

/** `g` times each matrix along its axis. */
function along(g: Tensor, matrices: readonly Tensor[]): Tensor {
  const sizes = axes(g);
  let y = g;
  for (const [axis, m] of matrices.entries()) {
    const n = sizes[axis];
    if (axis === sizes.length - 1) {
      y = matmul(reshape(y, [g.size / n, n]), m, { transposeB: true });
    } else {
      const after = sizes.slice(axis + 1).reduce((a, b) => a * b);
      y = matmul(m, reshape(y, [g.size / (n * after), n, after]));
    }
  }
  return reshape(y, g.shape);
}
