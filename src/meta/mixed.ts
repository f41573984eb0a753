// Gradients that are differentiated by forward over reverse mode: the backward pass of ∇L needs the
// product of a symmetric Hessian with a vector, which is a derivative of ∇L along that vector.

import { pullBack, trace, zerosLike } from "../grad/backward";
import { jvp } from "../grad/index";
import { onesLike } from "../tensor/fill";
import { interpretedBy } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { withBackward } from "./ownBackward";

/**
 * `valueAndGrad(f)`, of which a gradient around it keeps nothing but the parameters (MixFlow-MG,
 * Kemaev et al. 2025): its backward pass, for cotangents c of the value and v of the gradient, is
 * one jvp of (θ, w) ↦ w · ∇L along (v, c). Differentiable to any order.
 */
export function mixedValueAndGrad<P extends Tree>(
  f: (params: P) => Tensor,
): (params: P) => [Tensor, P] {
  return withBackward("mixedGradient", f, ({ again, inputs, moving, fixed, gradient, gs }) => {
    const [c, ...vs] = gs;
    if (gs.some((g) => g !== null && g.batch !== null)) {
      // Several cotangents at once: the transpose of the gradient, as it stands.
      const twice = interpretedBy([], () =>
        trace(inputs, (list) => [...again(list), ...gradient(list, null).slice(0, moving.length)]),
      );
      return pullBack(twice, gs);
    }
    const v = vs.map((g, i) => g ?? zerosLike(moving[i]));
    return interpretedBy([], () => {
      const along = ([thetas, weight]: readonly Tensor[][]) =>
        gradient([...thetas, ...fixed], weight[0] ?? null);
      const weight = c === null ? [] : [onesLike(c)];
      return jvp(along, [[[...moving], weight]], [[v, c === null ? [] : [c]]])[1];
    });
  });
}
