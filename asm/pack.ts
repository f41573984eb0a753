// Copies of operands in the order in which the tiles read them; values are never changed.

import { Sweep } from "./gemm";

/**
 * Four rows interleaved: dst[i * dstStep + 4 j] = src[j * srcStep + 4 i] for i < k and j < 4,
 * steps in bytes.
 */
export function interleave(dst: usize, dstStep: usize, src: usize, srcStep: usize, k: i32): void {
  let p1 = src + srcStep;
  let p2 = p1 + srcStep;
  let p3 = p2 + srcStep;
  for (; k >= 4; k -= 4) {
    const a = v128.load(src);
    const b = v128.load(p1);
    const c = v128.load(p2);
    const d = v128.load(p3);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(dst, v128.shuffle<i64>(ab, cd, 0, 2));
    dst += dstStep;
    v128.store(dst, v128.shuffle<i64>(ab, cd, 1, 3));
    dst += dstStep;
    v128.store(dst, v128.shuffle<i64>(ab2, cd2, 0, 2));
    dst += dstStep;
    v128.store(dst, v128.shuffle<i64>(ab2, cd2, 1, 3));
    dst += dstStep;
    src += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
  }
  for (; k > 0; k--) {
    store<u32>(dst, load<u32>(src));
    store<u32>(dst, load<u32>(p1), 4);
    store<u32>(dst, load<u32>(p2), 8);
    store<u32>(dst, load<u32>(p3), 12);
    dst += dstStep;
    src += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
  }
}

function column(dst: usize, dstStep: usize, src: usize, srcStep: usize, k: i32): void {
  for (; k > 0; k--, dst += dstStep, src += srcStep) store<u32>(dst, load<u32>(src));
}

/**
 * Panels of 8 columns of B [k, n], 32 bytes a step, `panelBytes` from one to the next; columns
 * past n are zeros. bRow, bCol: bytes from one k, one column, to the next; one of them is 4.
 */
export function packPanels(
  dst: usize,
  panelBytes: usize,
  b: usize,
  bRow: usize,
  bCol: usize,
  k: i32,
  n: i32,
): void {
  if (bCol == 4) {
    // few rows at a time: both halves of a line are read close together, on few pages
    const full = <usize>(n >> 3);
    for (let k0 = 0; k0 < k; k0 += 32) {
      const bytes = <usize>min(32, k - k0) << 5;
      let from = b + <usize>k0 * bRow;
      let to = dst + (k0 << 5);
      for (const end = from + (full << 5); from < end; from += 32, to += panelBytes) {
        let p = from;
        for (let q = to; q < to + bytes; q += 32, p += bRow) {
          v128.store(q, v128.load(p));
          v128.store(q, v128.load(p, 16), 16);
        }
      }
    }
    dst += full * panelBytes;
    b += full << 5;
    n &= 7;
  }
  for (; n > 0; n -= 8) {
    if (n >= 8) {
      interleave(dst, 32, b, bCol, k);
      interleave(dst + 16, 32, b + (bCol << 2), bCol, k);
    } else {
      memory.fill(dst, 0, k << 5);
      for (let j = 0; j < n && j < 8; j++) {
        column(dst + (j << 2), 32, b + <usize>j * bCol, bRow, k);
      }
    }
    dst += panelBytes;
    b += bCol << 3;
  }
}

/** h rows of A, k steps, as one interleaved tile: 4 h bytes a step. h is at most 6. */
export function packRows(dst: usize, a: usize, aRow: usize, aCol: usize, h: i32, k: i32): void {
  const step = <usize>h << 2;
  const end = dst + <usize>k * step;
  if (aRow == 4 && h >= 4) {
    const last = step - 16; // the second half overlaps the first
    for (; dst < end; dst += step) {
      v128.store(dst, v128.load(a));
      v128.store(dst + last, v128.load(a + last));
      a += aCol;
    }
    return;
  }
  let i = 0;
  if (aCol == 4 && h >= 4) {
    interleave(dst, step, a, aRow, k);
    i = 4;
  }
  for (; i < h; i++) column(dst + (i << 2), step, a + <usize>i * aRow, aCol, k);
}

/** Bytes that `bindB` may need at `at`. */
export function panelBytes(k: i32, n: i32): usize {
  return (((<usize>n + 7) & ~7) * <usize>k) << 2;
}

/**
 * Gives the sweep its B [k, n]: packed at `at`, or where it lies (then columns must be
 * contiguous) with only the tail panel at `at`.
 */
export function bindB(
  s: Sweep,
  at: usize,
  b: usize,
  bRow: usize,
  bCol: usize,
  k: i32,
  n: i32,
  packed: bool,
): void {
  const full = n & ~7;
  const bytes = <usize>k << 5;
  s.tail = n - full;
  s.width = full << 2;
  if (packed) {
    packPanels(at, bytes, b, bRow, bCol, k, n);
    s.b = at;
    s.bStep = 32;
    s.bNext = bytes;
    s.tailB = at + <usize>(full >> 3) * bytes;
  } else {
    s.b = b;
    s.bStep = bRow;
    s.bNext = 32;
    s.tailB = at;
    if (s.tail) packPanels(at, bytes, b + (full << 2), bRow, bCol, k, s.tail);
  }
}
