// Transcendental functions on four floats at a time: within 3 ulp of the true value (erfInv 8), and
// exact at 0 (sign kept), infinity and NaN.
//
// Constants are loaded where they are used (see `constant`). pmin(x, c) and pmax(x, c) keep a NaN
// x, and are one instruction where f32x4.min and max are ten.

import { constant, fma, fnma, select } from "./simd";
export { cos, sin } from "./trigonometry";
export { pow } from "./pow";

const SIGN: i32 = i32.MIN_VALUE; // the bit of the sign

// exp(x) = 2^i exp(r) with i = round(x / ln 2) and |r| <= ln 2 / 2. Adding 1.5 * 2^23 rounds, and
// leaves i in the low bits; ln 2 in two parts makes r exact. exp(r) = 1 + r + r^2 P(r), P as in the
// Cephes library's expf.
const EXP = memory.data<f32>([
  1.44269504, 12582912.0, 0.693359375, -2.12194440e-4, 1.9875691500e-4, 1.3981999507e-3,
  8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1.0, -104.0, 89.0, 0.5,
  2.0, -25.0, 20.0, 1e-8,
]);

// @ts-ignore: decorator
@inline
function expShift(x: v128): v128 {
  return fma(x, constant(EXP, 0), constant(EXP, 1));
}

// @ts-ignore: decorator
@inline
function expRest(x: v128, shifted: v128): v128 {
  const i = f32x4.sub(shifted, constant(EXP, 1));
  return fnma(i, constant(EXP, 3), fnma(i, constant(EXP, 2), x));
}

// @ts-ignore: decorator
@inline
function expP(r: v128): v128 {
  let p = fma(constant(EXP, 4), r, constant(EXP, 5));
  p = fma(p, r, constant(EXP, 6));
  p = fma(p, r, constant(EXP, 7));
  p = fma(p, r, constant(EXP, 8));
  return fma(p, r, constant(EXP, 9));
}

/** The scale goes in as two factors, so that results round once into the denormals, and the limits
 * of x give 0 and infinity by themselves. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, constant(EXP, 11)), constant(EXP, 12));
  const shifted = expShift(x);
  const one = constant(EXP, 10);
  const r = expRest(x, shifted);
  const p = fma(expP(r), f32x4.mul(r, r), f32x4.add(r, one));
  const i = i32x4.sub(shifted, constant(EXP, 1));
  const half = i32x4.shr_s(i, 1);
  const a = i32x4.add(i32x4.shl(half, 23), one);
  const b = i32x4.add(i32x4.shl(i32x4.sub(i, half), 23), one);
  return f32x4.mul(f32x4.mul(p, a), b);
}

/** exp(x) - 1 for -25 <= x <= 89, wrong only in the sign of 0 and in denormals: s e + (s - 1) with
 * s = 2^i, e = exp(r) - 1; s is halved to stay finite. */
// @ts-ignore: decorator
@inline
function expm1Inside(x: v128): v128 {
  const shifted = expShift(x);
  const r = expRest(x, shifted);
  const e = fma(expP(r), f32x4.mul(r, r), r);
  const half = constant(EXP, 13);
  const s = i32x4.add(i32x4.shl(shifted, 23), half); // 2^i / 2: the other bits are shifted out
  const y = fma(s, e, f32x4.sub(s, half));
  return f32x4.add(y, y);
}

// @ts-ignore: decorator
@inline
export function expm1(x: v128): v128 {
  const y = expm1Inside(f32x4.pmin(f32x4.pmax(x, constant(EXP, 15)), constant(EXP, 12)));
  return select(f32x4.lt(f32x4.abs(x), constant(EXP, 17)), x, y);
}

/** e / (e + 2) with e = expm1(2 |x|): no cancellation anywhere. */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const e = expm1Inside(f32x4.pmin(f32x4.add(a, a), constant(EXP, 16)));
  const y = f32x4.div(e, f32x4.add(e, constant(EXP, 14)));
  const signed = v128.or(y, v128.and(x, i32x4.splat(SIGN)));
  return select(f32x4.lt(a, constant(EXP, 17)), x, signed);
}

/** 1 / (1 + e) or e / (1 + e), e = exp(-|x|). */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)));
  const one = constant(EXP, 10);
  const top = select(f32x4.lt(x, i32x4.splat(0)), e, one);
  return f32x4.div(top, f32x4.add(one, e));
}

// log(x) = e ln 2 + log(1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), and log(1 + f) = f - f^2 / 2 +
// f^3 P(f), P as in the Cephes library's logf.
const LOG = memory.data<f32>([
  7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
  -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1, -0.5, 0.693359375,
  -2.12194440e-4, 8388608.0, 1.17549435e-38, 1.0, 0.25, 1e-8, -23.0, Infinity, -Infinity,
]);
const SQRT_HALF: i32 = 0x3f3504f3; // bits of the float

/** log(1 + f) + e ln 2, small terms first. */
// @ts-ignore: decorator
@inline
function logSum(f: v128, e: v128): v128 {
  let p = fma(constant(LOG, 0), f, constant(LOG, 1));
  p = fma(p, f, constant(LOG, 2));
  p = fma(p, f, constant(LOG, 3));
  p = fma(p, f, constant(LOG, 4));
  p = fma(p, f, constant(LOG, 5));
  p = fma(p, f, constant(LOG, 6));
  p = fma(p, f, constant(LOG, 7));
  p = fma(p, f, constant(LOG, 8));
  const square = f32x4.mul(f, f);
  p = f32x4.mul(f32x4.mul(p, f), square);
  p = fma(e, constant(LOG, 11), p);
  p = fma(square, constant(LOG, 9), p);
  return fma(e, constant(LOG, 10), f32x4.add(f, p));
}

/** `y`, but -infinity at x = 0, NaN below and infinity at infinity. */
// @ts-ignore: decorator
@inline
function logEnds(x: v128, y: v128): v128 {
  const zero = i32x4.splat(0);
  y = select(f32x4.eq(x, zero), constant(LOG, 19), y);
  y = select(f32x4.lt(x, constant(LOG, 18)), y, x); // infinity and NaN
  return select(f32x4.lt(x, zero), f32x4.div(zero, zero), y);
}

// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const tiny = f32x4.lt(x, constant(LOG, 13));
  const bits = select(tiny, f32x4.mul(x, constant(LOG, 12)), x);
  const e = i32x4.shr_s(i32x4.sub(bits, i32x4.splat(SQRT_HALF)), 23);
  const f = f32x4.sub(i32x4.sub(bits, i32x4.shl(e, 23)), constant(LOG, 14));
  const power = f32x4.add(f32x4.convert_i32x4_s(e), v128.and(tiny, constant(LOG, 17)));
  return logEnds(x, logSum(f, power));
}

/** As log(u), u = 1 + x, but with f = 2^-e x + (2^-e - 1), which keeps what 1 + x rounds away. */
// @ts-ignore: decorator
@inline
export function log1p(x: v128): v128 {
  const one = constant(LOG, 14);
  const u = f32x4.add(x, one);
  const e = i32x4.shr_s(i32x4.sub(u, i32x4.splat(SQRT_HALF)), 23);
  const s = i32x4.sub(i32x4.splat(0x40800000), i32x4.shl(e, 23)); // 4 * 2^-e: never a denormal
  const quarter = constant(LOG, 15);
  const rest = f32x4.sub(f32x4.mul(s, quarter), one);
  const f = f32x4.add(f32x4.mul(f32x4.mul(s, x), quarter), rest);
  const y = logEnds(u, logSum(f, f32x4.convert_i32x4_s(e)));
  return select(f32x4.lt(f32x4.abs(x), constant(LOG, 16)), x, y);
}

/** max(x, 0) + log1p(exp(-|x|)). */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const rest = log1p(exp(f32x4.neg(f32x4.abs(x))));
  return f32x4.add(f32x4.pmax(x, i32x4.splat(0)), rest);
}

// Near 0 x + x P(x^2), elsewhere 1 - exp(Q(|x|)); the polynomials are N. Juffa's (Stack Overflow
// 35148198). Both sides of the border are computed.
const ERF = memory.data<f32>([
  -5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1,
  -1.72853470e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1,
  -1.28717512e-1, 0.927734375, 4.0,
]);

// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const a = f32x4.abs(x);
  const square = f32x4.mul(x, x);
  let p = fma(constant(ERF, 0), square, constant(ERF, 1));
  p = fma(p, square, constant(ERF, 2));
  p = fma(p, square, constant(ERF, 3));
  p = fma(p, square, constant(ERF, 4));
  p = fma(p, square, constant(ERF, 5));
  const near = fma(p, x, x);
  const t = f32x4.pmin(a, constant(ERF, 14));
  let q = fma(constant(ERF, 6), t, constant(ERF, 7));
  q = fma(q, f32x4.mul(t, t), fma(constant(ERF, 8), t, constant(ERF, 9)));
  q = fma(q, t, constant(ERF, 10));
  q = fma(q, t, constant(ERF, 11));
  q = fma(q, t, constant(ERF, 12));
  q = f32x4.sub(f32x4.mul(q, t), t);
  const far = f32x4.sub(constant(EXP, 10), exp(q));
  const signed = v128.or(far, v128.and(x, i32x4.splat(SIGN)));
  return select(f32x4.gt(a, constant(ERF, 13)), signed, near);
}

// M. Giles, "Approximating the erfinv function", single precision: x P(w), w = -log(1 - x^2).
const ERFINV = memory.data<f32>([
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3,
  -4.17768164e-3, 0.246640727, 1.50140941, -2.00214257e-4, 1.00950558e-4, 1.34934322e-3,
  -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3, 1.00167406, 2.83297682, 5.0, 2.5,
  3.0,
]);

/** Infinite at -1 and 1, NaN outside. */
// @ts-ignore: decorator
@inline
export function erfInv(x: v128): v128 {
  const one = constant(LOG, 14);
  const w = f32x4.neg(log(f32x4.mul(f32x4.sub(one, x), f32x4.add(one, x))));
  const tail = f32x4.ge(w, constant(ERFINV, 18));
  const z = select(
    tail,
    f32x4.sub(f32x4.sqrt(w), constant(ERFINV, 20)),
    f32x4.sub(w, constant(ERFINV, 19)),
  );
  let p = select(tail, constant(ERFINV, 9), constant(ERFINV, 0));
  for (let i = 1; i < 9; i++) {
    p = fma(p, z, select(tail, constant(ERFINV, 9 + i), constant(ERFINV, i)));
  }
  const end = f32x4.eq(w, constant(LOG, 18));
  return f32x4.mul(select(end, w, p), x);
}
