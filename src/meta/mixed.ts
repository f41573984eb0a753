// Gradients that are differentiated by forward over reverse mode: the backward pass of ∇L needs the
// product of a symmetric Hessian with a vector, which is a derivative of ∇L along that vector.

import { pullBack, trace, zerosLike } from "../grad/backward";
import { rerun } from "../grad/custom";
import { jvp, valueAndGrad } from "../grad/index";
import { enclose, expose, levelsNow } from "../grad/levels";
import { onesLike } from "../tensor/fill";
import { interpretedBy } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { leaves, mapTree, type Tree } from "../tensor/tree";

/**
 * `valueAndGrad(f)`, of which a gradient around it keeps nothing but the parameters (MixFlow-MG,
 * Kemaev et al. 2025): its backward pass, for cotangents c of the value and v of the gradient, is
 * one jvp of (θ, w) ↦ w · ∇L along (v, c). Differentiable to any order.
 */
export function mixedValueAndGrad<P extends Tree>(
  f: (params: P) => Tensor,
): (params: P) => [Tensor, P] {
  const run = valueAndGrad(f);
  return (params) => {
    const levels = levelsNow();
    // Cotangents have the axes of all examples, so the parameters that they move must have them.
    const own = mapTree((x) => enclose(expose(x, levels), levels), params);
    const n = leaves(params).length;
    const both = rerun("mixedGradient", run, f as (params: P) => Tree, (again, inputs, gs) => {
      const [moving, fixed] = [inputs.slice(0, n), inputs.slice(n)];
      const gradient = (list: readonly Tensor[], weight: Tensor | null): Tensor[] => {
        const traced = trace(list, again);
        const found = pullBack(traced, [weight ?? onesLike(traced.ys[0])]);
        return found.map((g, i) => g ?? zerosLike(inputs[i]));
      };
      const [c, ...vs] = gs;
      if (gs.some((g) => g !== null && g.batch !== null)) {
        // Several cotangents at once: the transpose of the gradient, as it stands.
        const twice = interpretedBy([], () =>
          trace(inputs, (list) => [...again(list), ...gradient(list, null).slice(0, n)]),
        );
        return pullBack(twice, gs);
      }
      const v = vs.map((g, i) => g ?? zerosLike(moving[i]));
      return interpretedBy([], () => {
        const along = ([thetas, weight]: readonly Tensor[][]) =>
          gradient([...thetas, ...fixed], weight[0] ?? null);
        const weight = c === null ? [] : [onesLike(c)];
        return jvp(along, [[moving, weight]], [[v, c === null ? [] : [c]]])[1];
      });
    });
    return both(own) as [Tensor, P];
  };
}
