// Products with one matrix that stays: B is packed once, whole, and then serves product after
// product of few rows; the sums run in the same blocks of k as those of matmul.

import { Sweep, SWEEP_BYTES, sweep } from "./gemm";
import { packPanels, panelBytes } from "./pack";

/** As in matmul: k goes in blocks of at most this, columns in blocks that L2 holds. */
const BLOCK_K: i32 = 288;
const BLOCK_N: i32 = 512;

/** Bytes in front of the table of rows: a sweep and its single run. */
export const PACKED_BYTES: usize = SWEEP_BYTES + 16;

/** Bytes of a table of m rows. */
// @ts-ignore: decorator
@inline
export function rowsBytes(m: i32): usize {
  return (<usize>m << 3) + 15 & ~15;
}

/** Writes the table: addresses of rows of A and of out, each with its step in bytes. */
export function listRows(
  rows: usize, a: usize, aRow: usize, out: usize, outRow: usize, m: i32,
): void {
  for (const end = rows + (<usize>m << 3); rows < end; rows += 8) {
    store<u32>(rows, <u32>a);
    store<u32>(rows, <u32>out, 4);
    a += aRow;
    out += outRow;
  }
}

/** Bytes of the packed B. */
// @ts-ignore: decorator
@inline
export function packedBytes(k: i32, n: i32): usize {
  return panelBytes(k, n);
}

// @ts-ignore: decorator
@inline
function blockOf(k: i32): i32 {
  const blocks = (k + BLOCK_K - 1) / BLOCK_K;
  return blocks == 0 ? 0 : (k + blocks - 1) / blocks;
}

/** Packs B [k, n] at `at`; steps in bytes, one of them is 4. */
export function packAll(at: usize, b: usize, bRow: usize, bCol: usize, k: i32, n: i32): void {
  const kc = blockOf(k);
  for (let k0 = 0; k0 < k; k0 += kc) {
    const ks = min(kc, k - k0);
    packPanels(at, <usize>ks << 5, b + <usize>k0 * bRow, bRow, bCol, ks, n);
    at += panelBytes(ks, n);
  }
}

/**
 * out[m, n] = A[m, k] B[k, n], or added to what is there: `rows` is the table of A's and out's
 * rows, aStep the bytes from one k of A to the next, `packed` what packAll made of B, `base`
 * PACKED_BYTES of working memory. k is at least 1.
 */
export function timesPacked(
  base: usize,
  rows: usize,
  m: i32,
  aStep: usize,
  packed: usize,
  k: i32,
  n: i32,
  add: bool,
): void {
  const s = changetype<Sweep>(base);
  const runs = base + SWEEP_BYTES;
  const kc = blockOf(k);
  s.runs = runs;
  s.runsEnd = runs + 4;
  s.fours = 0;
  s.aStep = aStep;
  s.bStep = 32;
  for (let k0 = 0; k0 < k; k0 += kc) {
    const ks = min(kc, k - k0);
    store<u32>(runs, <u32>(<usize>k0 * aStep));
    s.len = ks;
    s.bNext = <usize>ks << 5;
    s.add = i32(add || k0 > 0);
    for (let n0 = 0; n0 < n; n0 += BLOCK_N) {
      const nc = min(n - n0, BLOCK_N);
      const full = nc & ~7;
      s.to = <usize>n0 << 2;
      s.width = <usize>full << 2;
      s.b = packed + ((<usize>n0 * <usize>ks) << 2);
      s.tail = nc - full;
      s.tailB = s.b + ((<usize>full * <usize>ks) << 2);
      sweep(rows, m, s);
    }
    packed += panelBytes(ks, n);
  }
}
