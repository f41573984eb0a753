// Implicit MAML (Rajeswaran et al. 2019): the meta-gradient at the end of the inner loop alone, by
// conjugate gradients on Hessian products. Memory does not grow with the steps.

import { needPositive, needWhole } from "../core/options";
import { hvp, valueAndGrad } from "../grad/index";
import { add, div, mul, sub } from "../ops/arithmetic";
import { equal, where } from "../ops/compare";
import { square } from "../ops/math";
import type { Key } from "../ops/random";
import { ravel } from "../ops/ravel";
import { sum } from "../ops/reduce";
import { inRange } from "../optim/optimizer";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { leaves, type Tree } from "../tensor/tree";
import { averageGradient } from "./average";
import type { InnerOptimizer } from "./innerOptimizer";
import { innerLoop } from "./loop";
import type { Task, Tasks, Way } from "./tasks";
import { type Trained, trained, type WithOuter } from "./trained";
import type { Learned, MetaGradient } from "./unroll";

export interface ImamlOptions<P extends Tree, M extends Tree, S extends Tree, B> extends WithOuter {
  /** As for `unroll`. */
  readonly loss: (params: P, batch: B, step: number) => Tensor;
  readonly inner: InnerOptimizer<M, S>;
  /** Inner steps: enough to come near the optimum, of which alone the gradient is exact. */
  readonly steps: number;
  /** How strongly the inner loop is held to where it began. */
  readonly lambda: number;
  /** Steps of conjugate gradients. Default 5. */
  readonly cgSteps?: number;
  /** Added to lambda when solving. Default 0. */
  readonly damping?: number;
  /** As for `unroll`. */
  readonly tasks?: Way;
}

export type Imaml<P extends Tree, M extends Tree, B> = Trained<P, M, B> & {
  initMeta(params: P, key?: Key): M;
  /** Mean query loss at the inner optimum and its gradient by the parameters. What the inner
   * optimizer learns gets none: the optimum does not depend on it. */
  metaGrad(learned: Learned<P, M>, tasks: Tasks<B>): MetaGradient<P, M>;
  /** argmin of L(φ) + λ/2 |φ − θ|², after inner steps. Records nothing. */
  adapt(learned: Learned<P, M>, support: B, options?: { readonly steps?: number }): P;
};

/** Solves (I + H / λ) x = ∇L_query(φ) at φ ≈ argmin L(φ) + λ/2 |φ − θ|²: x is the meta-gradient. */
export function imaml<P extends Tree, M extends Tree, S extends Tree, B>(
  options: ImamlOptions<P, M, S, B>,
): Imaml<P, M, B> {
  const { loss, inner, steps, lambda, cgSteps = 5, damping = 0, outer, tasks: way } = options;
  needWhole("imaml", { steps, cgSteps }, 0);
  needPositive("imaml", { lambda });
  inRange("imaml", "damping", damping, 0);

  type Held = { readonly batch: B; readonly start: P };
  const held = (params: P, { batch, start }: Held, step: number): Tensor => {
    const from = leaves(start);
    const apart = leaves(params).map((p, i) => sum(square(sub(p, from[i]))));
    return add(loss(params, batch, step), mul(apart.reduce(add), lambda / 2));
  };
  const loop = innerLoop<P, M, S, Held>({
    ...{ loss: held, inner, steps, mode: "store", truncate: Number.POSITIVE_INFINITY },
    batch: (support) => support,
  });

  function adapt({ params, meta }: Learned<P, M>, support: B, count = steps): P {
    const run = { steps: count, order: 1, differentiated: false } as const;
    const from = { params, state: inner.init(params) };
    return loop(from, meta, { batch: support, start: params }, run).params;
  }

  function one(learned: Learned<P, M>, { support, query }: Task<B>): [Tensor, P] {
    const end = adapt(learned, support);
    const [value, v] = valueAndGrad((p: P) => loss(p, query, steps))(end);
    const [right, unravel] = ravel(v);
    const onSupport = (p: P) => loss(p, support, steps);
    const times = (x: Tensor) => {
      const [h] = ravel(hvp(onSupport, end, unravel(x)));
      return add(x, div(h, lambda + damping));
    };
    return [value, unravel(conjugateGradients(times, right, cgSteps))];
  }

  const learner = {
    initMeta: (params: P, key?: Key) => scope(() => inner.initMeta(params, key, steps)),
    metaGrad: averageGradient("metaGrad", one, way),
  };
  return {
    ...learner,
    adapt: (learned, support, given = {}) => {
      needWhole("adapt", { steps: given.steps ?? steps }, 0);
      return scope(() => adapt(learned, support, given.steps));
    },
    ...trained(learner, outer),
  };
}

/** a / b; 0 / 0 is 0: where the residual is 0, nothing is left to do. */
function ratio(a: Tensor, b: Tensor): Tensor {
  return div(a, where(equal(b, 0), 1, b));
}

/** x with A x = b, A symmetric and positive definite, after so many steps from 0. */
function conjugateGradients(times: (x: Tensor) => Tensor, b: Tensor, steps: number): Tensor {
  let x = mul(b, 0);
  let r = b;
  let p = b;
  let size = sum(square(r));
  for (let k = 0; k < steps; k++) {
    const ap = times(p);
    const far = ratio(size, sum(mul(p, ap)));
    x = add(x, mul(p, far));
    r = sub(r, mul(ap, far));
    const next = sum(square(r));
    p = add(r, mul(p, ratio(next, size)));
    size = next;
  }
  return x;
}
