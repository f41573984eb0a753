// The lists that steer a sweep: the rows of a product and the runs of its sums, as byte offsets,
// so that one list serves every block of the same form.

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
