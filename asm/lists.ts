// The lists that steer a sweep: the rows of a product and the runs of its sums, as byte offsets,
// so that one list serves every block of the same form.

import { Sweep, sweep } from "./gemm";

/** Sums of at most about this many products are added in order: a panel and a tile fit in L1. */
const BLOCK_K: i32 = 400;

/**
 * n0 * n1 * n2 rows: per row its offsets in A and in out, from steps in floats. Returns the end.
 */
export function listRows(
  list: usize,
  n0: i32,
  a0: i32,
  out0: i32,
  n1: i32,
  a1: i32,
  out1: i32,
  n2: i32,
  a2: i32,
  out2: i32,
): usize {
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      let a = (i0 * a0 + i1 * a1) << 2;
      let out = (i0 * out0 + i1 * out1) << 2;
      for (let i2 = 0; i2 < n2; i2++, list += 8) {
        store<u32>(list, a);
        store<u32>(list, out, 4);
        a += a2 << 2;
        out += out2 << 2;
      }
    }
  }
  return list;
}

/**
 * n0 * n1 runs of `len` floats: the jump to each from the end of the one before, to the first
 * from 0; `from` in bytes, steps in floats. Returns the end.
 */
export function listRuns(
  list: usize,
  from: usize,
  n0: i32,
  step0: i32,
  n1: i32,
  step1: i32,
  len: i32,
): usize {
  let at: usize = 0;
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++, list += 4) {
      const to = from + ((i0 * step0 + i1 * step1) << 2);
      store<u32>(list, <u32>(to - at));
      at = to + (len << 2);
    }
  }
  return list;
}

/**
 * out = A B for m rows of patches: n0 * n1 runs of the sweep's length from `from` on, the n0 in
 * blocks. No run at all gives zeros.
 */
export function sweepTaps(
  list: usize,
  m: i32,
  s: Sweep,
  from: usize,
  n0: i32,
  step0: i32,
  n1: i32,
  step1: i32,
): void {
  const b = s.b;
  const tailB = s.tailB;
  const steps = n1 * s.len;
  const most = max(1, BLOCK_K / max(steps, 1));
  let i = 0;
  do {
    const count = min(most, n0 - i);
    s.runsEnd = listRuns(s.runs, from, count, step0, n1, step1, s.len);
    s.add = i32(i > 0);
    sweep(list, m, s);
    from += (count * step0) << 2;
    s.b += <usize>(count * steps) * s.bStep;
    s.tailB += (count * steps) << 5;
    i += count;
  } while (i < n0);
  s.b = b;
  s.tailB = tailB;
}
