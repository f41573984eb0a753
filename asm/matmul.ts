// matmul: out[b, m, n] = sum over k of A[m, k] B[k, n], A and B as they lie or transposed; which
// path is taken depends on the whole product's shape only, so shares and tiles give equal bits.

import { Sweep, SWEEP_BYTES, sweep, sweepTile, takesFours, tallest, tileHeight } from "./gemm";
import { rowTimes, rowTimesColumns } from "./gemv";
import { bindB, packRows, panelBytes } from "./pack";
import { scratch } from "./scratch";
import { part } from "./share";

/** k goes in blocks of at most this, whose sums are added in order: a panel and a tile in L1. */
const BLOCK_K: i32 = 288;
/** Columns of B packed at a time: they stay in L2 while the rows of A pass. */
const BLOCK_N: i32 = 512;
/** Rows of A whose addresses are listed at a time. */
const BLOCK_M: i32 = 240;
/** Up to this many rows B is read where it lies, if it is at most so large that L2 holds it. */
const FEW_ROWS: i32 = 32;
const CACHED_B: i64 = 1 << 18;

/** out[m, n] = A[m, k] B[k, n]; strides in bytes, out's columns contiguous. */
function product(
  a: usize,
  aRow: usize,
  aCol: usize,
  b: usize,
  bRow: usize,
  bCol: usize,
  out: usize,
  outRow: usize,
  m: i32,
  k: i32,
  n: i32,
): void {
  const kBlocks = (k + BLOCK_K - 1) / BLOCK_K;
  const kc = (k + kBlocks - 1) / kBlocks;
  const nc = min(n, BLOCK_N);
  const packB = bCol != 4 || m > FEW_ROWS || <i64>k * n > CACHED_B;
  const fours = m > FEW_ROWS && n > 8 && takesFours();
  const packA = fours || (aCol != 4 ? kc > 64 && n > 8 : aRow >= 2048 && n >= 256);
  const most = fours ? 4 : tallest();

  const base = scratch(SWEEP_BYTES + 16 + (BLOCK_M << 3) + kc * 24 + panelBytes(kc, nc));
  const s = changetype<Sweep>(base);
  const runs = base + SWEEP_BYTES;
  const rows = runs + 16;
  const aTile = rows + (BLOCK_M << 3);
  const panels = aTile + ((kc * 24 + 15) & ~15);
  s.runs = runs;
  s.runsEnd = runs + 4;
  s.fours = i32(fours);
  store<u32>(runs, 0);

  for (let k0 = 0; k0 < k; k0 += kc) {
    const ks = min(kc, k - k0);
    s.len = ks;
    s.add = i32(k0 > 0);
    for (let n0 = 0; n0 < n; n0 += nc) {
      s.to = n0 << 2;
      bindB(s, panels, b + <usize>k0 * bRow + <usize>n0 * bCol, bRow, bCol, ks, min(nc, n - n0), packB);
      let m0 = 0;
      while (m0 < m) {
        let h = packA ? tileHeight(m - m0, most) : min(m - m0, BLOCK_M);
        const from = a + <usize>m0 * aRow + <usize>k0 * aCol;
        const to = out + <usize>m0 * outRow;
        if (packA) {
          packRows(aTile, from, aRow, aCol, h, ks);
          s.aStep = h << 2;
          listRows(rows, aTile, 4, to, outRow, h);
          sweepTile(h, rows, s);
        } else {
          s.aStep = aCol;
          listRows(rows, from, aRow, to, outRow, h);
          sweep(rows, h, s);
        }
        m0 += h;
      }
    }
  }
}

function listRows(rows: usize, a: usize, aRow: usize, out: usize, outRow: usize, m: i32): void {
  for (const end = rows + (m << 3); rows < end; rows += 8) {
    store<u32>(rows, <u32>a);
    store<u32>(rows, <u32>out, 4);
    a += aRow;
    out += outRow;
  }
}

/** out[n] = a[k] B[k, n]; one of bRow and bCol is 4. */
function vector(
  a: usize,
  b: usize,
  bRow: usize,
  bCol: usize,
  out: usize,
  k: i32,
  n: i32,
): void {
  for (let k0 = 0; k0 < k; k0 += 1024) {
    const ks = min(1024, k - k0);
    if (bCol == 4) rowTimes(a, 4, b, bRow, out, ks, n, k0 > 0);
    else rowTimesColumns(a, b, bCol, out, ks, n, k0 > 0);
    a += ks << 2;
    b += <usize>ks * bRow;
  }
}

/**
 * Share `share` of `shares` of a matmul: a part of the batch, or of the longer side of out.
 * Together the shares write each element once.
 */
export function matmulPart(
  a: usize,
  b: usize,
  out: usize,
  batch: i32,
  m: i32,
  k: i32,
  n: i32,
  ta: i32,
  tb: i32,
  as: i32,
  bs: i32,
  share: i32,
  shares: i32,
): void {
  if (bs == 0 && !ta && as == m * k) {
    m *= batch; // one matrix of B serves all: their rows are one A
    batch = 1;
  }
  if (n == 1) {
    // a column is a row of the transposed product
    const column = b;
    b = a;
    a = column;
    const columns = bs;
    bs = as;
    as = columns;
    const transposed = !ta;
    ta = 0;
    tb = i32(transposed);
    n = m;
    m = 1;
  }
  if (batch == 0 || m == 0 || n == 0) return;
  const one = m == 1;
  const aRow = (ta ? 1 : k) << 2;
  const aCol = (ta ? m : 1) << 2;
  const bRow = (tb ? 1 : n) << 2;
  const bCol = (tb ? k : 1) << 2;
  const outRow = n << 2;

  let first = 0;
  let last = batch;
  let m0 = 0;
  let m1 = m;
  let n0 = 0;
  let n1 = n;
  if (batch >= shares) {
    first = part(batch, share, shares);
    last = part(batch, share + 1, shares);
  } else if (m > n) {
    m0 = part(m, share, shares);
    m1 = part(m, share + 1, shares);
  } else {
    n0 = part((n + 31) >> 5, share, shares) << 5;
    n1 = min(n, part((n + 31) >> 5, share + 1, shares) << 5);
  }
  if (m0 >= m1 || n0 >= n1) return;
  out += (m0 * n + n0) << 2;
  a += <usize>m0 * aRow;
  b += <usize>n0 * bCol;
  for (let i = first; i < last; i++) {
    const ai = a + ((i * as) << 2);
    const bi = b + ((i * bs) << 2);
    const oi = out + ((i * m * n) << 2);
    if (k == 0) for (let j = m0; j < m1; j++) memory.fill(oi + <usize>(j - m0) * outRow, 0, (n1 - n0) << 2);
    else if (one) vector(ai, bi, bRow, bCol, oi, k, n1 - n0);
    else product(ai, aRow, aCol, bi, bRow, bCol, oi, outRow, m1 - m0, k, n1 - n0);
  }
}

/** matmul of the kernel table, operands in its order. */
export function matmul(
  a: usize,
  b: usize,
  out: usize,
  batch: i32,
  m: i32,
  k: i32,
  n: i32,
  ta: i32,
  tb: i32,
  as: i32,
  bs: i32,
): void {
  matmulPart(a, b, out, batch, m, k, n, ta, tb, as, bs, 0, 1);
}
