// matmul: out[b, m, n] = sum over k of A[m, k] B[k, n], A and B as they lie or transposed; which
// path is taken depends on the whole product's shape only, so shares and tiles give equal bits.

import { reached, reachedRows } from "./epilogue";
import { Sweep, SWEEP_BYTES, sweep, sweepTile, takesFours, tallestTile, tileHeight } from "./gemm";
import { rowTimes, rowTimesColumns } from "./gemv";
import { listRows } from "./lists";
import { bindB, packRows, panelBytes } from "./pack";
import { zeros } from "./rows";
import { scratch } from "./scratch";
import { even, part, share, shares } from "./share";

/** k goes in blocks of at most this, whose sums are added in order: a panel and a tile in L1. */
const BLOCK_K: i32 = 288;
/** Columns of B packed at a time: they stay in L2 while the rows of A pass. */
const BLOCK_N: i32 = 512;
/** Rows of A whose addresses are listed at a time. */
const BLOCK_M: i32 = 240;
/** Up to this many rows B is read where it lies, if it is at most so large that L2 holds it. */
const FEW_ROWS: i32 = 32;
const CACHED_B: i64 = 1 << 18;
/** With one row of A, k goes in blocks of this: a running sum of millions loses half its digits. */
const BLOCK_SUM: i32 = 4096;

/**
 * out[m, n] = A[m, k] B[k, n] for `batch` products; strides in floats, those of out's batches
 * `os`, out's columns contiguous. No size may be 0.
 */
function products(
  a: usize,
  aRow: i32,
  aCol: i32,
  b: usize,
  bRow: i32,
  bCol: i32,
  out: usize,
  outRow: i32,
  batch: i32,
  m: i32,
  k: i32,
  n: i32,
  as: i32,
  bs: i32,
  os: i32,
): void {
  const kBlocks = (k + BLOCK_K - 1) / BLOCK_K;
  const kc = (k + kBlocks - 1) / kBlocks;
  const nc = min(n, BLOCK_N);
  const packB = bCol != 1 || m > FEW_ROWS || <i64>k * n > CACHED_B;
  const fours = m > FEW_ROWS && n > 8 && takesFours();
  // a tile of A that lies on many pages or in few sets of the cache is copied
  const packA = fours || (aCol == 1 ? aRow >= 512 && n >= 256 : kc > 64 && n > 16);
  const tallest = fours ? 4 : tallestTile();
  const some = packA ? tallest : min(m, BLOCK_M);

  const listBytes = (some * 8 + 15) & ~15;
  const tileBytes = packA ? (kc * tallest * 4 + 15) & ~15 : 0;
  const base = scratch(SWEEP_BYTES + 16 + listBytes + tileBytes + panelBytes(kc, nc));
  const s = changetype<Sweep>(base);
  const runs = base + SWEEP_BYTES;
  const list = runs + 16;
  const aTile = list + listBytes;
  const panels = aTile + tileBytes;
  s.runs = runs;
  s.runsEnd = runs + 4;
  s.fours = i32(fours);
  s.aStep = aCol << 2;
  store<u32>(runs, <u32>aTile);
  listRows(list, 1, 0, 0, 1, 0, 0, some, packA ? 1 : aRow, outRow);

  for (let i = 0; i < batch; i++) {
    for (let k0 = 0; k0 < k; k0 += kc) {
      const ks = min(kc, k - k0);
      s.len = ks;
      s.add = i32(k0 > 0);
      for (let n0 = 0; n0 < n; n0 += nc) {
        const from = b + ((i * bs + k0 * bRow + n0 * bCol) << 2);
        bindB(s, panels, from, bRow << 2, bCol << 2, ks, min(nc, n - n0), packB);
        for (let m0 = 0; m0 < m; ) {
          const h = packA ? tileHeight(m - m0, tallest) : min(m - m0, some);
          const from = a + ((i * as + m0 * aRow + k0 * aCol) << 2);
          s.to = out + ((i * os + m0 * outRow + n0) << 2);
          if (packA) {
            packRows(aTile, from, aRow << 2, aCol << 2, h, ks);
            s.aStep = h << 2;
            sweepTile(h, list, s);
          } else {
            store<u32>(runs, <u32>from);
            sweep(list, h, s);
          }
          if (k0 + kc >= k && n0 + nc >= n) {
            reachedRows(out + ((i * os + m0 * outRow) << 2), h, outRow, n);
          }
          m0 += h;
        }
      }
    }
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
  const aRow = ta ? 1 : k;
  const aCol = ta ? m : 1;
  const bRow = tb ? 1 : n;
  const bCol = tb ? k : 1;

  const os = m * n;
  let first = 0;
  let last = batch;
  let m0 = 0;
  let m1 = m;
  let n0 = 0;
  let n1 = n;
  if (even(batch, shares)) {
    first = part(batch, share, shares);
    last = part(batch, share + 1, shares);
  } else if (m > n) {
    m0 = part(m, share, shares);
    m1 = part(m, share + 1, shares);
  } else {
    const panels = (n + 31) >> 5;
    n0 = part(panels, share, shares) << 5;
    n1 = min(n, part(panels, share + 1, shares) << 5);
  }
  if (first >= last || m0 >= m1 || n0 >= n1) return;
  a += (first * as + m0 * aRow) << 2;
  b += (first * bs + n0 * bCol) << 2;
  out += (first * os + m0 * n + n0) << 2;
  batch = last - first;
  m = m1 - m0;
  const width = n1 - n0;
  if (k == 0) {
    for (let i = 0; i < batch; i++) {
      const to = out + ((i * os) << 2);
      for (let j = 0; j < m; j++) zeros(to + ((j * n) << 2), width);
      reachedRows(to, m, n, width);
    }
  } else if (!one) {
    products(a, aRow, aCol, b, bRow, bCol, out, n, batch, m, k, width, as, bs, os);
  } else {
    for (let i = 0; i < batch; i++) {
      for (let k0 = 0; k0 < k; k0 += BLOCK_SUM) {
        const ks = min(BLOCK_SUM, k - k0);
        const x = a + (k0 << 2);
        const y = b + ((k0 * bRow) << 2);
        if (bRow == 1) rowTimesColumns(x, y, bCol << 2, out, ks, width, k0 > 0);
        else rowTimes(x, y, bRow << 2, out, ks, width, k0 > 0);
      }
      reached(out, out + (width << 2));
      a += as << 2;
      b += bs << 2;
      out += os << 2;
    }
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
  matmulPart(a, b, out, batch, m, k, n, ta, tb, as, bs, share(), shares());
}
