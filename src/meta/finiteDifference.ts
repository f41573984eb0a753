// Gradients whose own gradient is a difference of two gradients: kernels of first order are enough.
// An approximation, to check by.

import { zerosLike } from "../grad/backward";
import { add, div, mul, sub } from "../ops/arithmetic";
import { sqrt, square } from "../ops/math";
import { sum } from "../ops/reduce";
import { interpretedBy } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";
import { withBackward } from "./ownBackward";

const FAR = 0.01; // length of the step along v
const TINY = 1e-30; // under the root: v may be zero

/**
 * `valueAndGrad(f)`, of which a gradient around it keeps nothing but the parameters: for a
 * cotangent v of the gradient, Hv ≈ (∇f(θ + εv) − ∇f(θ − εv)) / 2ε with ε = 0.01 / |v| (Liu et al.
 * 2019), and the same for all that f closes over. Inside vmap, |v| is that of all examples
 * together.
 */
export function differenceValueAndGrad<P extends Tree>(
  f: (params: P) => Tensor,
): (params: P) => [Tensor, P] {
  return withBackward("finiteDifference", f, ({ moving, fixed, gradient, gs }) =>
    interpretedBy([], () => {
      const [c, ...given] = gs;
      const vs = given.map((g, i) => g ?? zerosLike(moving[i]));
      const size = vs.map((v) => sum(square(v))).reduce(add);
      const eps = div(FAR, sqrt(add(size, TINY)));
      const at = (sign: number) => {
        const step = mul(eps, sign);
        const thetas = moving.map((x, i) => add(x, mul(vs[i], step)));
        return gradient([...thetas, ...fixed], null);
      };
      const [plus, minus] = [at(1), at(-1)];
      const product = plus.map((p, i) => div(sub(p, minus[i]), mul(eps, 2)));
      if (c === null) return product;
      return gradient([...moving, ...fixed], c).map((g, i) => add(g, product[i]));
    }),
  );
}
