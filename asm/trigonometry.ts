// sin and cos of four floats, within 2 ulp for every finite float: the argument is reduced in
// float64, and above 2^28 by the bits of 1 / (2 pi) (Payne and Hanek).

import { constant, fma, select } from "./simd";

// 2 / pi; 1.5 * 2^52, which rounds when added and leaves the integer in the low bits; pi / 2 in two
// parts, the first of 25 bits, so that its product with any integer below 2^28 is exact; 2 pi.
const REDUCE = memory.data<f64>([
  0.6366197723675814, 6755399441055744.0, 1.5707963109016418, 1.5893254773528196e-8,
  6.283185307179586,
]);
// sin(r) = r + r^3 S(r^2), cos(r) = 1 - r^2 / 2 + r^4 C(r^2) for |r| <= pi / 4 (Cephes library).
const SERIES = memory.data<f32>([
  -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1, 2.443315711809948e-5,
  -1.388731625493765e-3, 4.166664568298827e-2, -0.5, 1.0, 268435456.0,
]);
/** The first 256 bits of 1 / (2 pi). */
const BITS = memory.data<u32>([
  0x28be60db, 0x9391054a, 0x7f09d5f4, 0x7d4d3770, 0x36d8a566, 0x4f10e410, 0x7f9458ea, 0xf7aef158,
]);

// @ts-ignore: decorator
@inline
function wide(index: i32): v128 {
  return v128.load64_splat(REDUCE + (index << 3));
}

/** x modulo 2 pi, in [-pi, pi], for a finite float of 2^28 and above: m 2^e / (2 pi) modulo 1 takes
 * only the bits of 1 / (2 pi) behind its first e. */
function modulo(x: f32): f64 {
  const bits = reinterpret<u32>(x);
  const e = ((bits >> 23) & 0xff) - 150; // x = m 2^e, 5 <= e <= 104
  const m = <u64>((bits & 0x7fffff) | 0x800000);
  const at = BITS + ((e >> 5) << 2);
  const shift = <u64>(e & 31);
  const ab = (<u64>load<u32>(at) << 32) | <u64>load<u32>(at, 4);
  const cd = (<u64>load<u32>(at, 8) << 32) | <u64>load<u32>(at, 12);
  const high = shift ? (ab << shift) | (cd >> (64 - shift)) : ab;
  const low = (cd << shift) >> 32;
  const turns = <f64>(<i64>(m * high + ((m * low) >> 32))) * 5.421010862427522e-20; // 2^-64
  return copysign<f64>(1, x) * turns * load<f64>(REDUCE, 32);
}

/** Two floats as doubles, large ones reduced. */
function reduceLarge(pair: v128): v128 {
  const a = f64x2.extract_lane(pair, 0);
  const b = f64x2.extract_lane(pair, 1);
  const limit = <f64>load<f32>(SERIES, 32);
  if (abs(a) >= limit && abs(a) < Infinity) {
    pair = f64x2.replace_lane(pair, 0, modulo(<f32>a));
  }
  if (abs(b) >= limit && abs(b) < Infinity) {
    pair = f64x2.replace_lane(pair, 1, modulo(<f32>b));
  }
  return pair;
}

/** sin(x + quarter * pi / 2). */
// @ts-ignore: decorator
@inline
function sine(x: v128, quarter: i32): v128 {
  let a = f64x2.promote_low_f32x4(x);
  let b = f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  if (v128.any_true(f32x4.ge(f32x4.abs(x), constant(SERIES, 8)))) {
    a = reduceLarge(a);
    b = reduceLarge(b);
  }
  const shift = wide(1);
  const ta = f64x2.add(f64x2.mul(a, wide(0)), shift);
  const tb = f64x2.add(f64x2.mul(b, wide(0)), shift);
  const na = f64x2.sub(ta, shift);
  const nb = f64x2.sub(tb, shift);
  a = f64x2.sub(f64x2.sub(a, f64x2.mul(na, wide(2))), f64x2.mul(na, wide(3)));
  b = f64x2.sub(f64x2.sub(b, f64x2.mul(nb, wide(2))), f64x2.mul(nb, wide(3)));
  const r = v128.shuffle<f32>(
    f32x4.demote_f64x2_zero(a),
    f32x4.demote_f64x2_zero(b),
    0, 1, 4, 5,
  );
  let n = v128.shuffle<i32>(ta, tb, 0, 2, 4, 6);
  if (quarter) n = i32x4.add(n, i32x4.splat(quarter));

  const square = f32x4.mul(r, r);
  let s = fma(constant(SERIES, 0), square, constant(SERIES, 1));
  s = fma(s, square, constant(SERIES, 2));
  s = fma(f32x4.mul(s, square), r, r);
  let c = fma(constant(SERIES, 3), square, constant(SERIES, 4));
  c = fma(c, square, constant(SERIES, 5));
  c = fma(c, square, constant(SERIES, 6));
  c = fma(c, square, constant(SERIES, 7));
  const odd = i32x4.shr_s(i32x4.shl(n, 31), 31);
  const sign = i32x4.shl(i32x4.shr_u(n, 1), 31);
  return v128.xor(select(odd, c, s), sign);
}

/** The sign of 0 is kept; NaN at infinity. */
// @ts-ignore: decorator
@inline
export function sin(x: v128): v128 {
  return select(f32x4.eq(x, i32x4.splat(0)), x, sine(x, 0));
}

// @ts-ignore: decorator
@inline
export function cos(x: v128): v128 {
  return sine(x, 1);
}
