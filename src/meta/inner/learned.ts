// Rates and decays that are learned through bounded maps, never as raw numbers, so that no step of
// the outer optimizer can make one negative.

import { mul } from "../../ops/arithmetic";
import { exp, expm1, log1p, neg } from "../../ops/math";
import { scalar } from "../../optim/state";
import type { Like } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import type { Tree } from "../../tensor/tree";

/** The logarithm of a rate. Zero has none: it starts at 1e-12. */
export function logOf(params: Tree, rate: number): Tensor {
  return scalar(params, Math.log(Math.max(rate, 1e-12)));
}

/** log(1 − beta) / 10: small steps of it are small changes of how far back the mean looks. */
export function decayOf(params: Tree, beta: number): Tensor {
  return scalar(params, Math.log(1 - beta) / 10);
}

/** The learned rate, or the fixed one where nothing is learned. */
export function rateOf(learned: Tensor | undefined, fixed: number): Like {
  return learned === undefined ? fixed : exp(learned);
}

/** A decay and what it leaves: `rest` is 1 − beta, not by subtraction, so that it keeps its
 * digits. */
interface Decay {
  readonly beta: Like;
  readonly rest: Like;
}

export function decay(learned: Tensor | undefined, fixed: number): Decay {
  if (learned === undefined) return { beta: fixed, rest: 1 - fixed };
  const log = mul(learned, 10);
  return { beta: neg(expm1(log)), rest: exp(log) };
}

/** 1 − betaᵗ, t a float32 scalar from 1; through logarithms, as betaᵗ near 1 has few digits. */
export function unbiased({ rest }: Decay, t: Tensor): Tensor {
  const log = typeof rest === "number" ? Math.log1p(-rest) : log1p(neg(rest));
  return neg(expm1(mul(t, log)));
}
