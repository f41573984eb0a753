// Gradients whose own gradient is a difference of two gradients: kernels of first order are enough.
// An approximation, to check by.

import { pullBack, trace, zerosLike } from "../grad/backward";
import { rerun } from "../grad/custom";
import { valueAndGrad } from "../grad/index";
import { enclose, expose, levelsNow } from "../grad/levels";
import { add, div, mul, sub } from "../ops/arithmetic";
import { sqrt, square } from "../ops/math";
import { sum } from "../ops/reduce";
import { onesLike } from "../tensor/fill";
import { interpretedBy } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { leaves, mapTree, type Tree } from "../tensor/tree";

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
  const run = valueAndGrad(f);
  return (params) => {
    const levels = levelsNow();
    // Cotangents have the axes of all examples, so the parameters that they move must have them.
    const own = mapTree((x) => enclose(expose(x, levels), levels), params);
    const n = leaves(params).length;
    const both = rerun("finiteDifference", run, f as (params: P) => Tree, (again, inputs, gs) =>
      interpretedBy([], () => {
        const [moving, fixed] = [inputs.slice(0, n), inputs.slice(n)];
        const gradient = (thetas: readonly Tensor[], weight: Tensor | null): Tensor[] => {
          const traced = trace([...thetas, ...fixed], again);
          const found = pullBack(traced, [weight ?? onesLike(traced.ys[0])]);
          return found.map((g, i) => g ?? zerosLike(inputs[i]));
        };
        const [c, ...given] = gs;
        const vs = given.map((g, i) => g ?? zerosLike(moving[i]));
        const size = vs.map((v) => sum(square(v))).reduce((a, b) => add(a, b));
        const eps = div(FAR, sqrt(add(size, TINY)));
        const at = (sign: number) => {
          const step = mul(eps, sign);
          const thetas = moving.map((x, i) => add(x, mul(vs[i], step)));
          return gradient(thetas, null);
        };
        const [plus, minus] = [at(1), at(-1)];
        const product = plus.map((p, i) => div(sub(p, minus[i]), mul(eps, 2)));
        if (c === null) return product;
        return gradient(moving, c).map((g, i) => add(g, product[i]));
      }),
    );
    return both(own) as [Tensor, P];
  };
}
