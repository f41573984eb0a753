// What is done to rows of contiguous floats: zeros, copy, sum and sum of products.

import { fma } from "./simd";

/** dst[0 .. count) = 0; returns the end. */
export function zeros(dst: usize, count: i32): usize {
  const end = dst + (count << 2);
  const zero = f32x4.splat(0);
  for (; dst + 16 <= end; dst += 16) v128.store(dst, zero);
  for (; dst < end; dst += 4) store<u32>(dst, 0);
  return end;
}

/** dst = src; returns the end. */
export function copy(dst: usize, src: usize, count: i32): usize {
  const end = dst + (count << 2);
  for (; dst + 16 <= end; dst += 16, src += 16) v128.store(dst, v128.load(src));
  for (; dst < end; dst += 4, src += 4) store<u32>(dst, load<u32>(src));
  return end;
}

/** dst += src, dst's elements `step` bytes apart. */
export function add(dst: usize, step: usize, src: usize, count: i32): void {
  const end = src + (count << 2);
  if (step == 4) {
    for (; src + 16 <= end; src += 16, dst += 16) {
      v128.store(dst, f32x4.add(v128.load(dst), v128.load(src)));
    }
  }
  for (; src < end; src += 4, dst += step) store<f32>(dst, load<f32>(dst) + load<f32>(src));
}

/** dst += a * b. */
export function addProducts(dst: usize, a: usize, b: usize, count: i32): void {
  const end = dst + (count << 2);
  for (; dst + 16 <= end; dst += 16, a += 16, b += 16) {
    v128.store(dst, fma(v128.load(a), v128.load(b), v128.load(dst)));
  }
  for (; dst < end; dst += 4, a += 4, b += 4) {
    store<f32>(dst, load<f32>(dst) + load<f32>(a) * load<f32>(b));
  }
}
