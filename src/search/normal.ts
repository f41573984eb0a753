// The normal distribution and the logarithm of expected improvement, exact where the plain formulas
// underflow: log EI stays finite and falls with the mean for any finite input.

import type { Stream } from "../core/random";

const SQRT_PI = Math.sqrt(Math.PI);
const LOG_SQRT_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** exp(x²) erfc(x) for x >= 0, within 2e-13 of its value. */
function erfcx(x: number): number {
  if (x >= 2) {
    // Laplace's continued fraction x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …))), from its far end.
    let fraction = x;
    for (let k = 50; k >= 1; k--) fraction = x + k / 2 / fraction;
    return 1 / (SQRT_PI * fraction);
  }
  // exp(x²) erf(x) = 2/√π Σ 2^k x^(2k+1) / (1·3·…·(2k+1)): no term is negative.
  let term = x;
  let sum = x;
  for (let k = 1; term > 1e-18 * sum; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return Math.exp(x * x) - (2 / SQRT_PI) * sum;
}

/** The probability that a standard normal number is below z. */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const tail = x > 27 ? 0 : 0.5 * Math.exp(-x * x) * erfcx(x);
  return z > 0 ? 1 - tail : tail;
}

/** log(φ(z) + zΦ(z)), of Ament et al., "Unexpected improvements to expected improvement", 2023. */
function logImprovement(z: number): number {
  const logDensity = -0.5 * z * z - LOG_SQRT_TWO_PI;
  if (z > -1) return Math.log(Math.exp(logDensity) + z * normalCdf(z));
  if (z < -1e6) return logDensity - 2 * Math.log(-z);
  const ratio = Math.sqrt(Math.PI / 2) * erfcx(-z / Math.SQRT2);
  return logDensity + Math.log1p(z * ratio);
}

/** log of the expected improvement on `best`, minimising, at a point of this mean and variance. */
export function logEI(best: number, mean: number, variance: number): number {
  const sigma = Math.sqrt(Math.max(variance, 1e-18));
  return Math.log(sigma) + logImprovement((best - mean) / sigma);
}

/** A normal number within [0, 1], for a mean within it. */
export function truncatedNormal(mean: number, sigma: number, random: Stream): number {
  for (;;) {
    const x = mean + sigma * random.normal();
    if (x >= 0 && x <= 1) return x;
  }
}
