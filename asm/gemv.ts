// Vector times matrix, the products with one row: too few accumulators for tiles, so columns are
// taken 32 at a time, or four by four down contiguous rows with the lanes summed last.

import { fma, loadPart, storePart, sumLanes } from "./simd";

/** Stores a sum, added to the one before it where `add` says so. */
// @ts-ignore: decorator
@inline
function put(out: usize, c: v128, add: bool): void {
  v128.store(out, add ? f32x4.add(v128.load(out), c) : c);
}

/** out[n] = a[k] B[k, n], or out plus that; B's rows contiguous and bRow bytes apart. */
export function rowTimes(
  a: usize,
  b: usize,
  bRow: usize,
  out: usize,
  k: i32,
  n: i32,
  add: bool,
): void {
  const aEnd = a + (<usize>k << 2);
  for (; n >= 32; n -= 32, b += 128, out += 128) {
    let c0 = f32x4.splat(0);
    let c1 = c0;
    let c2 = c0;
    let c3 = c0;
    let c4 = c0;
    let c5 = c0;
    let c6 = c0;
    let c7 = c0;
    let q = b;
    for (let p = a; p != aEnd; p += 4, q += bRow) {
      const x = v128.load32_splat(p);
      c0 = fma(x, v128.load(q), c0);
      c1 = fma(x, v128.load(q, 16), c1);
      c2 = fma(x, v128.load(q, 32), c2);
      c3 = fma(x, v128.load(q, 48), c3);
      c4 = fma(x, v128.load(q, 64), c4);
      c5 = fma(x, v128.load(q, 80), c5);
      c6 = fma(x, v128.load(q, 96), c6);
      c7 = fma(x, v128.load(q, 112), c7);
    }
    put(out, c0, add);
    put(out + 16, c1, add);
    put(out + 32, c2, add);
    put(out + 48, c3, add);
    put(out + 64, c4, add);
    put(out + 80, c5, add);
    put(out + 96, c6, add);
    put(out + 112, c7, add);
  }
  for (; n >= 4; n -= 4, b += 16, out += 16) {
    let c = f32x4.splat(0);
    let q = b;
    for (let p = a; p != aEnd; p += 4, q += bRow) {
      c = fma(v128.load32_splat(p), v128.load(q), c);
    }
    put(out, c, add);
  }
  for (; n > 0; n--, b += 4, out += 4) {
    let c: f32 = 0;
    let q = b;
    for (let p = a; p != aEnd; p += 4, q += bRow) c += load<f32>(p) * load<f32>(q);
    store<f32>(out, add ? load<f32>(out) + c : c);
  }
}

/** out[n] = a[k] B[k, n], or out plus that, with B's columns contiguous, bCol bytes apart, and a
 * contiguous. */
export function rowTimesColumns(
  a: usize,
  b: usize,
  bCol: usize,
  out: usize,
  k: i32,
  n: i32,
  add: bool,
): void {
  const aFours = a + ((k >> 2) << 4);
  const aEnd = a + (k << 2);
  for (; n > 0; n -= 4, b += bCol << 2, out += 16) {
    // past the last column the first one is read again and not stored
    const q1 = n > 1 ? bCol : 0;
    const q2 = n > 2 ? q1 + bCol : 0;
    const q3 = n > 3 ? q2 + bCol : 0;
    let c0 = f32x4.splat(0);
    let c1 = c0;
    let c2 = c0;
    let c3 = c0;
    let q = b;
    let p = a;
    for (; p != aFours; p += 16, q += 16) {
      const x = v128.load(p);
      c0 = fma(x, v128.load(q), c0);
      c1 = fma(x, v128.load(q + q1), c1);
      c2 = fma(x, v128.load(q + q2), c2);
      c3 = fma(x, v128.load(q + q3), c3);
    }
    let c = f32x4(0, 0, 0, 0);
    c = f32x4.replace_lane(c, 0, sumLanes(c0));
    c = f32x4.replace_lane(c, 1, sumLanes(c1));
    c = f32x4.replace_lane(c, 2, sumLanes(c2));
    c = f32x4.replace_lane(c, 3, sumLanes(c3));
    for (; p != aEnd; p += 4, q += 4) {
      let d = v128.load32_zero(q);
      d = v128.load32_lane(q + q1, d, 1);
      d = v128.load32_lane(q + q2, d, 2);
      d = v128.load32_lane(q + q3, d, 3);
      c = fma(v128.load32_splat(p), d, c);
    }
    storePart(out, add ? f32x4.add(loadPart(out, n), c) : c, n);
  }
}
