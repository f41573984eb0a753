// Dropout: some elements become 0, the others grow so that the expected value stays.

import { ValueError } from "../core/errors";
import type { Tensor } from "../tensor/tensor";
import { mul } from "./arithmetic";
import { needFloats } from "./checks";
import { where } from "./compare";
import { bernoulli, checkKey, type Key } from "./random";

/**
 * x with each element 0 with probability `rate`, else divided by 1 − rate (Srivastava et al. 2014).
 * Rate 0 gives x itself.
 * @throws ValueError for a rate outside [0, 1)
 */
export function dropout(key: Key, x: Tensor, rate: number): Tensor {
  checkKey("dropout", key);
  needFloats("dropout", { x });
  if (!(rate >= 0 && rate < 1)) {
    throw new ValueError(`dropout: rate out of range: rate is ${rate}. Use 0 up to below 1.`);
  }
  if (rate === 0) return x;
  return where(bernoulli(key, x.shape, 1 - rate), mul(x, 1 / (1 - rate)), 0);
}
