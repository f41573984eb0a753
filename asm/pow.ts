// x to the power y for four floats, within 1 ulp: 2^(y log2|x|) in float64, two lanes at a time.
// The cases are JavaScript's: 0^0 = 1, a negative base with a whole exponent, NaN for 1^infinity.

import { select } from "./simd";

// log2(m) = s L(s^2) with s = (m - 1) / (m + 1): the series 2 / ln 2 (1 + s^2 / 3 + ...).
const LOG2 = memory.data<f64>([
  0.22195308321368667, 0.2623082891252538, 0.3205988979753252, 0.4121985831111324,
  0.5770780163555853, 0.9617966939259756, 2.8853900817779268,
]);
// 2^r = E(r) for |r| <= 1/2: the series of exp(r ln 2).
const EXP2 = memory.data<f64>([
  1.321548679014431e-6, 1.5252733804059841e-5, 1.5403530393381608e-4, 1.3333558146428443e-3,
  9.618129107628477e-3, 5.5504108664821576e-2, 0.2402265069591007, 0.6931471805599453,
]);
const MISC = memory.data<f64>([1.0, 6755399441055744.0, -160.0, 130.0, -Infinity, Infinity]);
const SQRT_HALF_HIGH: i32 = 0x3fe6a09e; // high word of the double

// @ts-ignore: decorator
@inline
function double(table: usize, index: i32): v128 {
  return v128.load64_splat(table + (index << 3));
}

/** 2^(y log2 x) of two doubles that were floats, x >= 0. */
function power(x: v128, y: v128): v128 {
  const one = double(MISC, 0);
  // Exponent and mantissa by the high words; the low words pass through.
  const high = i64x2.splat(0xffffffff00000000);
  const offset = v128.and(i32x4.splat(SQRT_HALF_HIGH), high);
  const e = v128.and(i32x4.shr_s(i32x4.sub(x, offset), 20), high);
  const m = i32x4.sub(x, i32x4.shl(e, 20));
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const square = f64x2.mul(s, s);
  let p = double(LOG2, 0);
  for (let i = 1; i < 7; i++) p = f64x2.add(f64x2.mul(p, square), double(LOG2, i));
  const whole = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(e, e, 1, 3, 1, 3));
  let log2 = f64x2.add(f64x2.mul(p, s), whole);
  log2 = select(f64x2.eq(x, i64x2.splat(0)), double(MISC, 4), log2);
  log2 = select(f64x2.lt(x, double(MISC, 5)), log2, x); // infinity and NaN

  let t = f64x2.mul(y, log2);
  t = f64x2.pmin(f64x2.pmax(t, double(MISC, 2)), double(MISC, 3));
  const shifted = f64x2.add(t, double(MISC, 1));
  const r = f64x2.sub(t, f64x2.sub(shifted, double(MISC, 1)));
  p = f64x2.add(f64x2.mul(double(EXP2, 0), r), double(EXP2, 1));
  for (let i = 2; i < 8; i++) p = f64x2.add(f64x2.mul(p, r), double(EXP2, i));
  p = f64x2.add(f64x2.mul(p, r), one);
  return f64x2.mul(p, i64x2.add(i64x2.shl(shifted, 52), one));
}

// @ts-ignore: decorator
@inline
export function pow(x: v128, y: v128): v128 {
  const a = f32x4.abs(x);
  const low = power(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(y));
  const up = power(
    f64x2.promote_low_f32x4(v128.shuffle<f32>(a, a, 2, 3, 0, 1)),
    f64x2.promote_low_f32x4(v128.shuffle<f32>(y, y, 2, 3, 0, 1)),
  );
  let z = v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(up), 0, 1, 4, 5);

  const zero = i32x4.splat(0);
  const half = f32x4.mul(y, f32x4.splat(0.5));
  const whole = f32x4.eq(f32x4.nearest(y), y);
  const odd = v128.andnot(whole, f32x4.eq(f32x4.nearest(half), half));
  z = v128.xor(z, v128.and(v128.and(odd, x), i32x4.splat(i32.MIN_VALUE)));
  // A negative number, but not -infinity, to a power that is not whole.
  const bad = v128.andnot(f32x4.lt(x, zero), v128.or(whole, f32x4.eq(a, f32x4.splat(Infinity))));
  z = v128.or(z, bad); // all bits set: NaN
  return select(f32x4.eq(y, zero), f32x4.splat(1), z);
}
