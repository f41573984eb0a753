// The inner loop of one task: how often parameters move, what of it a gradient around it keeps,
// where that gradient is cut.

import { treePaths } from "../core/tree";
import { checkpoint, customGradient, stopGradient, valueAndGrad } from "../grad/index";
import { square } from "../ops/math";
import { sum } from "../ops/reduce";
import { zerosOf } from "../optim/state";
import { unrecorded } from "../tensor/frame";
import type { Tensor } from "../tensor/tensor";
import { leavesOf, mapTree, type Tree } from "../tensor/tree";
import { type Factors, valueGradFactors } from "./factors";
import { differenceValueAndGrad } from "./finiteDifference";
import { replaced } from "./inner/only";
import type { InnerOptimizer } from "./innerOptimizer";
import { mixedValueAndGrad } from "./mixed";

export type Mode =
  | "store"
  | "checkpoint"
  | "sqrt"
  | "mixed"
  | "finiteDifference"
  | "forward"
  | "es"
  | "pes";

interface LoopOptions<P extends Tree, M extends Tree, S extends Tree, B> {
  readonly loss: (params: P, batch: B, step: number) => Tensor;
  readonly inner: InnerOptimizer<M, S>;
  readonly steps: number;
  readonly mode: Mode;
  readonly truncate: number;
  readonly batch: (support: B, step: number) => B;
}

/** Where an inner loop stands: from here another one can go on. */
export type Carry<P extends Tree, S extends Tree> = {
  readonly params: P;
  readonly state: S;
};

/** What a run is to do beside its steps. */
export interface Run {
  readonly steps: number;
  readonly order: 1 | 2;
  /** Whether a gradient is taken around it. */
  readonly differentiated: boolean;
  /** A scalar for each of θ₀ to θ_T, whose gradient is to be |v_k|². */
  readonly taps?: readonly Tensor[];
}

/** After every step, what `seen` is told: parameters θ_1 to θ_T. */
type Seen<P> = (params: P, step: number) => void;

interface Ended<P extends Tree, S extends Tree> extends Carry<P, S> {
  /** The support loss before each step. */
  readonly losses: readonly Tensor[];
}

/** @internal One inner step: parameters, state, and the support loss before it. */
export function innerStep<P extends Tree, M extends Tree, S extends Tree, B>(
  options: LoopOptions<P, M, S, B>,
): (at: Carry<P, S>, meta: M, support: B, step: number, run: Run) => [P, S, Tensor] {
  const { inner, mode } = options;

  function gradient(params: P, support: B, step: number, run: Run): [Tensor, P, Factors[][]?] {
    const loss = (p: P) => options.loss(p, options.batch(support, step), step);
    const twice = run.differentiated && run.order === 2;
    const by = <Q extends Tree>(f: (q: Q) => Tensor, q: Q): [Tensor, Q] => {
      if (twice && mode === "mixed") return mixedValueAndGrad(f)(q);
      if (twice && mode === "finiteDifference") return differenceValueAndGrad(f)(q);
      return valueAndGrad(f)(q);
    };
    if (inner.needsFactors === true) return valueGradFactors(loss, params);
    if (inner.moves === undefined) return by(loss, params);
    // Of parameters that stay, no gradient is worked out.
    const moving = treePaths(params).map(inner.moves);
    const [value, some] = by(
      (list: Tensor[]) => loss(replaced(params, moving, list)),
      leavesOf("unroll", params).filter((_, i) => moving[i]),
    );
    return [value, replaced(zerosOf(params), moving, some)];
  }

  return (at, meta, support, step, run) => {
    const found = () => gradient(at.params, support, step, run);
    const [loss, grads, factors] = run.order === 1 ? unrecorded(found) : found();
    const cut = <T extends Tree>(x: T): T => (run.order === 1 ? stopGradient(x) : x);
    const update = (g: P, p: P, s: S, m: M, l: Tensor): [P, S] =>
      inner.update(g, s, p, { meta: m, step, steps: options.steps, loss: l, factors });
    const value = cut(loss);
    const move = run.differentiated && mode === "mixed" ? checkpoint(update) : update;
    const [params, state] = move(cut(grads), at.params, at.state, meta, value);
    return [params, state, stopGradient(value)];
  };
}

/** @internal The inner loop of the options, as a function of where it starts. */
export function innerLoop<P extends Tree, M extends Tree, S extends Tree, B>(
  options: LoopOptions<P, M, S, B>,
): (from: Carry<P, S>, meta: M, support: B, run: Run, seen?: Seen<P>) => Ended<P, S> {
  const { mode, truncate } = options;
  const advance = innerStep(options);
  return (from, meta, support, run, seen) => {
    const losses: Tensor[] = [];
    let at = { ...from, params: tapped(from.params, run.taps?.[0]) };
    const step = (p: P, s: S, m: M, k: number): [P, S, Tensor] => {
      const one = (p: P, s: S, m: M) => advance({ params: p, state: s }, m, support, k, run);
      const again = run.differentiated && (mode === "checkpoint" || mode === "sqrt");
      return (again ? checkpoint(one) : one)(p, s, m);
    };
    const segment = (p: P, s: S, m: M, first: number, count: number): [P, S, Tensor[]] => {
      let params = p;
      let state = s;
      const passed: Tensor[] = [];
      for (let k = first; k < first + count; k++) {
        const next = step(params, state, m, k);
        params = next[0];
        state = next[1];
        passed.push(next[2]);
      }
      return [params, state, passed];
    };
    const apart = seen !== undefined || run.taps !== undefined;
    const stride = apart ? 1 : strideOf(mode, run.steps);
    for (let k = 0; k < run.steps; ) {
      if (k > 0 && k % truncate === 0) at = stopGradient(at);
      const [first, count] = [k, Math.min(stride, run.steps - k, truncate - (k % truncate))];
      const many = (p: P, s: S, m: M) => segment(p, s, m, first, count);
      const again = count > 1 && run.differentiated;
      const [p, s, passed] = (again ? checkpoint(many) : many)(at.params, at.state, meta);
      k += count;
      at = { params: tapped(p, run.taps?.[k]), state: s };
      losses.push(...passed);
      seen?.(at.params, k);
    }
    return { ...at, losses };
  };
}

/** How many steps a backward pass first runs again before it differentiates them. */
function strideOf(mode: Mode, steps: number): number {
  const root = Math.max(1, Math.ceil(Math.sqrt(steps)));
  if (mode === "sqrt") return root;
  return mode === "mixed" && steps >= 16 ? root : 1; // fewer save less than they cost
}

/** The same parameters; the gradient by `tap` is the squared norm of the gradient by them. */
function tapped<P extends Tree>(params: P, tap: Tensor | undefined): P {
  return tap === undefined ? params : mapTree((x) => normInto(x, tap), params);
}

const normInto = customGradient<[Tensor, Tensor]>({
  forward: (x) => x,
  vjp: (g) => [g, sum(square(g))],
});
