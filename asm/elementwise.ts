// Applies one scalar function to contiguous vectors: the inner loop of every elementwise kernel.
// Each lane's result depends on its own operands alone, so tiles and tails give the same bits.

import { F } from "./functions";
import {
  cos, erf, erfInv, exp, expm1, log, log1p, pow, sigmoid, sin, softplus, tanh,
} from "./math";
import { select, storePart } from "./simd";

/** Bytes that `apply` needs to round up a tail. */
export const PAD: usize = 64;

// @ts-ignore: decorator
@inline
function zero(): v128 {
  return i32x4.splat(0);
}

// @ts-ignore: decorator
@inline
function one(): v128 {
  return f32x4.splat(1);
}

/** Masks of all ones become 1. */
// @ts-ignore: decorator
@inline
function bool(mask: v128): v128 {
  return i32x4.shr_u(mask, 31);
}

// `f` is a constant wherever the next three are called, so that one line of each remains.

// @ts-ignore: decorator
@inline
function unary(f: F, x: v128): v128 {
  if (f == F.copy) return x;
  if (f == F.neg) return f32x4.neg(x);
  if (f == F.abs) return f32x4.abs(x);
  if (f == F.sign) {
    const signed = v128.or(v128.and(x, i32x4.splat(i32.MIN_VALUE)), one());
    return select(f32x4.gt(f32x4.abs(x), zero()), signed, x); // 0 and NaN stay
  }
  if (f == F.square) return f32x4.mul(x, x);
  if (f == F.sqrt) return f32x4.sqrt(x);
  if (f == F.rsqrt) return f32x4.div(one(), f32x4.sqrt(x));
  if (f == F.reciprocal) return f32x4.div(one(), x);
  if (f == F.exp) return exp(x);
  if (f == F.expm1) return expm1(x);
  if (f == F.log) return log(x);
  if (f == F.log1p) return log1p(x);
  if (f == F.sin) return sin(x);
  if (f == F.cos) return cos(x);
  if (f == F.tanh) return tanh(x);
  if (f == F.erf) return erf(x);
  if (f == F.erfInv) return erfInv(x);
  if (f == F.sigmoid) return sigmoid(x);
  if (f == F.softplus) return softplus(x);
  if (f == F.relu) return f32x4.pmax(x, zero());
  if (f == F.floor) return f32x4.floor(x);
  if (f == F.ceil) return f32x4.ceil(x);
  if (f == F.round) return f32x4.nearest(x);
  if (f == F.isNaN) return bool(f32x4.ne(x, x));
  if (f == F.intNeg) return i32x4.neg(x);
  if (f == F.intAbs) return i32x4.abs(x);
  if (f == F.intSign) return i32x4.sub(bool(i32x4.gt_s(x, zero())), bool(i32x4.lt_s(x, zero())));
  if (f == F.logicalNot) return bool(i32x4.eq(x, zero()));
  if (f == F.toInt) return i32x4.trunc_sat_f32x4_s(x);
  if (f == F.toFloat) return f32x4.convert_i32x4_s(x);
  return f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(x, 8)), f32x4.splat(5.9604644775390625e-8));
}

// @ts-ignore: decorator
@inline
function binary(f: F, x: v128, y: v128): v128 {
  if (f == F.add) return f32x4.add(x, y);
  if (f == F.sub) return f32x4.sub(x, y);
  if (f == F.mul) return f32x4.mul(x, y);
  if (f == F.div) return f32x4.div(x, y);
  if (f == F.pow) return pow(x, y);
  if (f == F.maximum) return f32x4.max(x, y);
  if (f == F.minimum) return f32x4.min(x, y);
  if (f == F.gate) return v128.and(x, f32x4.gt(y, zero()));
  if (f == F.equal) return bool(f32x4.eq(x, y));
  if (f == F.less) return bool(f32x4.lt(x, y));
  if (f == F.lessEqual) return bool(f32x4.le(x, y));
  if (f == F.intAdd) return i32x4.add(x, y);
  if (f == F.intSub) return i32x4.sub(x, y);
  if (f == F.intMul) return i32x4.mul(x, y);
  if (f == F.intMaximum) return i32x4.max_s(x, y);
  if (f == F.intMinimum) return i32x4.min_s(x, y);
  if (f == F.intEqual) return bool(i32x4.eq(x, y));
  if (f == F.intLess) return bool(i32x4.lt_s(x, y));
  if (f == F.intLessEqual) return bool(i32x4.le_s(x, y));
  const first = i32x4.ne(x, zero());
  const second = i32x4.ne(y, zero());
  return bool(f == F.logicalAnd ? v128.and(first, second) : v128.or(first, second));
}

// @ts-ignore: decorator
@inline
function each1(f: F, x: usize, out: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(out + i, unary(f, v128.load(x + i)));
}

// @ts-ignore: decorator
@inline
function each2(f: F, x: usize, y: usize, out: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(out + i, binary(f, v128.load(x + i), v128.load(y + i)));
  }
}

/** `bytes` is a multiple of 16. */
function vectors(f: F, x: usize, y: usize, z: usize, out: usize, bytes: usize): void {
  switch (f) {
    case F.copy:
      return each1(F.copy, x, out, bytes);
    case F.neg:
      return each1(F.neg, x, out, bytes);
    case F.abs:
      return each1(F.abs, x, out, bytes);
    case F.sign:
      return each1(F.sign, x, out, bytes);
    case F.square:
      return each1(F.square, x, out, bytes);
    case F.sqrt:
      return each1(F.sqrt, x, out, bytes);
    case F.rsqrt:
      return each1(F.rsqrt, x, out, bytes);
    case F.reciprocal:
      return each1(F.reciprocal, x, out, bytes);
    case F.exp:
      return each1(F.exp, x, out, bytes);
    case F.expm1:
      return each1(F.expm1, x, out, bytes);
    case F.log:
      return each1(F.log, x, out, bytes);
    case F.log1p:
      return each1(F.log1p, x, out, bytes);
    case F.sin:
      return each1(F.sin, x, out, bytes);
    case F.cos:
      return each1(F.cos, x, out, bytes);
    case F.tanh:
      return each1(F.tanh, x, out, bytes);
    case F.erf:
      return each1(F.erf, x, out, bytes);
    case F.erfInv:
      return each1(F.erfInv, x, out, bytes);
    case F.sigmoid:
      return each1(F.sigmoid, x, out, bytes);
    case F.softplus:
      return each1(F.softplus, x, out, bytes);
    case F.relu:
      return each1(F.relu, x, out, bytes);
    case F.floor:
      return each1(F.floor, x, out, bytes);
    case F.ceil:
      return each1(F.ceil, x, out, bytes);
    case F.round:
      return each1(F.round, x, out, bytes);
    case F.isNaN:
      return each1(F.isNaN, x, out, bytes);
    case F.add:
      return each2(F.add, x, y, out, bytes);
    case F.sub:
      return each2(F.sub, x, y, out, bytes);
    case F.mul:
      return each2(F.mul, x, y, out, bytes);
    case F.div:
      return each2(F.div, x, y, out, bytes);
    case F.pow:
      return each2(F.pow, x, y, out, bytes);
    case F.maximum:
      return each2(F.maximum, x, y, out, bytes);
    case F.minimum:
      return each2(F.minimum, x, y, out, bytes);
    case F.gate:
      return each2(F.gate, x, y, out, bytes);
    case F.equal:
      return each2(F.equal, x, y, out, bytes);
    case F.less:
      return each2(F.less, x, y, out, bytes);
    case F.lessEqual:
      return each2(F.lessEqual, x, y, out, bytes);
    case F.intNeg:
      return each1(F.intNeg, x, out, bytes);
    case F.intAbs:
      return each1(F.intAbs, x, out, bytes);
    case F.intSign:
      return each1(F.intSign, x, out, bytes);
    case F.intAdd:
      return each2(F.intAdd, x, y, out, bytes);
    case F.intSub:
      return each2(F.intSub, x, y, out, bytes);
    case F.intMul:
      return each2(F.intMul, x, y, out, bytes);
    case F.intMaximum:
      return each2(F.intMaximum, x, y, out, bytes);
    case F.intMinimum:
      return each2(F.intMinimum, x, y, out, bytes);
    case F.intEqual:
      return each2(F.intEqual, x, y, out, bytes);
    case F.intLess:
      return each2(F.intLess, x, y, out, bytes);
    case F.intLessEqual:
      return each2(F.intLessEqual, x, y, out, bytes);
    case F.logicalNot:
      return each1(F.logicalNot, x, out, bytes);
    case F.logicalAnd:
      return each2(F.logicalAnd, x, y, out, bytes);
    case F.logicalOr:
      return each2(F.logicalOr, x, y, out, bytes);
    case F.toInt:
      return each1(F.toInt, x, out, bytes);
    case F.toFloat:
      return each1(F.toFloat, x, out, bytes);
    case F.unitFloat:
      return each1(F.unitFloat, x, out, bytes);
    case F.where: {
      for (let i: usize = 0; i < bytes; i += 16) {
        const condition = i32x4.ne(v128.load(x + i), zero());
        v128.store(out + i, select(condition, v128.load(y + i), v128.load(z + i)));
      }
      return;
    }
  }
}

/** out[i] = f(x[i], y[i], z[i]) for i < n. A function of fewer operands has any readable address
 * for the others. `pad`: PAD bytes of scratch. Reads and writes nothing beyond n. */
export function apply(
  f: F, x: usize, y: usize, z: usize, out: usize, n: u32, pad: usize,
): void {
  const whole = <usize>(n & ~3) << 2;
  if (whole) vectors(f, x, y, z, out, whole);
  const rest = n & 3;
  if (!rest) return;
  for (let i: usize = 0; i < <usize>rest << 2; i += 4) {
    store<i32>(pad + i, load<i32>(x + whole + i));
    store<i32>(pad + i, load<i32>(y + whole + i), 16);
    store<i32>(pad + i, load<i32>(z + whole + i), 32);
  }
  vectors(f, pad, pad + 16, pad + 32, pad + 48, 16);
  storePart(out + whole, v128.load(pad, 48), rest);
}
