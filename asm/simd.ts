// SIMD building blocks that every kernel file shares: multiply-add, parts of a vector, lane sums.
// None reads or writes beyond the bytes that it is told.

/** a * b + c: one rounding where there is relaxed SIMD (and the CPU has FMA), two where the build's
 * spelling of it as a product and a sum is left as it is: see src/device/wasm/relax.ts. */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c);
}

/** c - a * b, rounded as `fma`. */
// @ts-ignore: decorator
@inline
export function fnma(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_nmadd(a, b, c);
}

/** A constant from static memory: a v128 literal costs V8 three instructions a use. */
// @ts-ignore: decorator
@inline
export function constant(table: usize, index: usize): v128 {
  return v128.load32_splat(table + (index << 2));
}

/** `yes` in the lanes whose mask is all ones, `no` where it is all zeros. */
// @ts-ignore: decorator
@inline
export function select(mask: v128, yes: v128, no: v128): v128 {
  return v128.bitselect(yes, no, mask);
}

/** The first `count` (1 to 4) floats at p; the other lanes are 0. */
export function loadPart(p: usize, count: i32): v128 {
  if (count >= 4) return v128.load(p);
  if (count == 1) return v128.load32_zero(p);
  const v = v128.load64_zero(p);
  return count == 2 ? v : v128.load_lane<f32>(p, v, 2, 8);
}

/** Stores the first `count` (1 to 4) lanes at p. */
export function storePart(p: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(p, v);
  } else if (count == 1) {
    v128.store_lane<f32>(p, v, 0);
  } else {
    v128.store_lane<f64>(p, v, 0);
    if (count == 3) v128.store_lane<f32>(p, v, 2, 8);
  }
}

/** loadPart of what is left of a row, whole vectors without a call. */
// @ts-ignore: decorator
@inline
export function loadSome(p: usize, left: i32): v128 {
  return left >= 4 ? v128.load(p) : loadPart(p, left);
}

/** storePart to what is left of a row, whole vectors without a call. */
// @ts-ignore: decorator
@inline
export function storeSome(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storePart(p, v, left);
}

/** (0 + 2) + (1 + 3). */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const w = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(w, 0) + f32x4.extract_lane(w, 1);
}

/** Copies `count` elements of 32 bits; memory.copy, a call out of the module, only when it pays. */
// @ts-ignore: decorator
@inline
export function copyElements(from: usize, to: usize, count: u32): void {
  if (count >= 256) memory.copy(to, from, <usize>count << 2);
  else copyShort(from, to, count);
}

function copyShort(from: usize, to: usize, count: u32): void {
  const whole = <usize>(count & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) v128.store(to + i, v128.load(from + i));
  const rest = count & 3;
  if (rest) storePart(to + whole, loadPart(from + whole, rest), rest);
}
