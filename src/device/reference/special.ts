// The error function and its inverse in float64, to about 1e-15 relative at every argument.

const TWO_OVER_SQRT_PI = 1.1283791670955126;
const SPLIT = 1.25; // below: the series for erf; above: the continued fraction for 1 - erf

/** exp(-x^2); the rounding of x^2 is put right, since exp would magnify it. */
function gauss(x: number): number {
  const h = Math.fround(x); // 24 bits: h * h is exact
  return Math.exp(-h * h) * Math.exp((h - x) * (h + x));
}

/** erf(x) for |x| < SPLIT: 2 / sqrt(pi) exp(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...), DLMF 7.6.2.
 * All terms have one sign, so nothing cancels. */
function series(x: number): number {
  let s = 1;
  for (let n = 27; n > 0; n--) s = 1 + (s * 2 * x * x) / (2 * n + 1);
  return TWO_OVER_SQRT_PI * gauss(x) * s * x;
}

/** erfc(x) for x >= SPLIT: exp(-x^2) / sqrt(pi) / (x + (1/2) / (x + 1 / (x + (3/2) / ...))),
 * DLMF 7.9.1. */
function fraction(x: number): number {
  let d = x;
  for (let n = Math.ceil(16 + 170 / (x * x)); n > 0; n--) d = x + n / 2 / d;
  return ((TWO_OVER_SQRT_PI / 2) * gauss(x)) / d;
}

/** 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
export function erf(x: number): number {
  if (Math.abs(x) < SPLIT) return series(x);
  if (x > 6) return 1;
  if (x < -6) return -1;
  return x < 0 ? fraction(-x) - 1 : 1 - fraction(x);
}

/** The y with erf(y) = x: ±Infinity at ±1, NaN outside. */
export function erfInv(x: number): number {
  const a = Math.abs(x);
  if (a === 0) return x;
  if (a === 1) return x * Number.POSITIVE_INFINITY;
  if (!(a < 1)) return Number.NaN;
  let y = start(a);
  for (let step = 0; step < 3; step++) {
    // Halley's step. Near 1 the difference is taken from 1 - a, which is exact.
    const tail = y < SPLIT ? 1 - series(y) : fraction(y);
    const f = a < 0.5 ? series(y) - a : 1 - a - tail;
    const e = f / (TWO_OVER_SQRT_PI * gauss(y));
    y -= e / (1 + y * e);
  }
  return x < 0 ? -y : y;
}

/** erfInv to a few thousandths: its series, or Winitzki's formula where that does not cancel. */
function start(a: number): number {
  if (a < 0.5) {
    const s = Math.PI * a * a;
    return (a / TWO_OVER_SQRT_PI) * (1 + s / 12 + (7 * s * s) / 480);
  }
  const log = Math.log((1 - a) * (1 + a));
  const b = 2 / (Math.PI * 0.147) + log / 2;
  return Math.sqrt(Math.sqrt(b * b - log / 0.147) - b);
}
