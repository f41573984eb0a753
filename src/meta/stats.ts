// What a meta-gradient tells about its tasks beside itself.

import { needWhole } from "../core/options";
import { add, mul } from "../ops/arithmetic";
import { cast } from "../ops/cast";
import { lessEqual, logicalNot } from "../ops/compare";
import { abs } from "../ops/math";
import { sum } from "../ops/reduce";
import type { Like } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { MetaStats } from "./unroll";

const LARGEST = 3.4028234e38; // of float32

/** How many are NaN or infinite. */
export function countNonFinite(losses: Tensor): Tensor {
  return sum(cast(logicalNot(lessEqual(abs(losses), LARGEST)), "float32"));
}

/** The stats of losses [tasks], where there is no trace. */
export function statsOf(losses: Tensor): MetaStats {
  return { losses, nonFinite: countNonFinite(losses), norms: [], support: [] };
}

/** Σ weights · losses, of one task. */
export function weighted(losses: readonly Tensor[], weights: readonly Like[]): Tensor {
  return losses.map((x, i) => mul(x, weights[i])).reduce(add);
}

/**
 * The weights of MAML++'s multi-step loss in an epoch from 0: 1 / steps each at first; all but the
 * last fall by 1 / (steps · epochs) an epoch, to 0.03 / steps at the least, and the last takes what
 * they lose.
 */
export function multiStepWeights(steps: number, epoch: number, epochs: number): number[] {
  needWhole("multiStepWeights", { steps }, 0);
  const early = Math.max(0.03 / steps, (1 / steps) * (1 - epoch / epochs));
  const all = new Array<number>(steps).fill(early);
  if (steps > 0) all[steps - 1] = 1 - (steps - 1) * early;
  return all;
}
