// Normalization layers with a learned scale and shift.

import { optionsOf } from "../core/options";
import { batchNorm, layerNorm } from "../ops/normalize";
import { ones, zeros } from "../tensor/fill";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import type { Layer } from "./layer";

export interface NormOptions {
  /** "batch": statistics of each channel over all but the last axis, of this very batch; "layer":
   * of each row over the last axis. Default "batch". */
  readonly over?: "batch" | "layer";
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

export type NormParams = { readonly gamma: Tensor; readonly beta: Tensor };

/**
 * x [..., features] to mean 0 and variance 1, times gamma, plus beta. Batch statistics make the
 * prediction for one example depend on the others: results so made are transductive.
 */
export function norm(features: number, options: NormOptions = {}): Layer<NormParams> {
  const { over = "batch", eps = 1e-5 } = optionsOf("norm", options, ["over", "eps"]);
  const normalize = over === "batch" ? batchNorm : layerNorm;
  return {
    init: () => scope(() => ({ gamma: ones([features]), beta: zeros([features]) })),
    apply: ({ gamma, beta }, x) => normalize(x, gamma, beta, { eps }),
  };
}
