// An LSTM over a whole sequence, forward and backward: per step one product with wh, which is
// packed once, and one loop over the gates. A row of `cells` is i f g o c, each h long.

import { sigmoid, tanh } from "./math";
import { PACKED_BYTES, listRows, packAll, packedBytes, rowsBytes, timesPacked } from "./packed";
import { scratch } from "./scratch";
import { constant, fma, loadSome, storeSome } from "./simd";

const ONE = memory.data<f32>([1.0]);

/** The gates of one row, whose product with wh stands in `cells`, and the state after them. */
function forwardRow(z: usize, bias: usize, c0: usize, out: usize, cells: usize, h: i32): void {
  const gate = <usize>h << 2;
  for (; h > 0; h -= 4) {
    let p = z;
    let q = bias;
    let r = cells;
    const i = sigmoid(f32x4.add(f32x4.add(loadSome(p, h), loadSome(q, h)), loadSome(r, h)));
    storeSome(r, i, h);
    p += gate; q += gate; r += gate;
    const f = sigmoid(f32x4.add(f32x4.add(loadSome(p, h), loadSome(q, h)), loadSome(r, h)));
    storeSome(r, f, h);
    p += gate; q += gate; r += gate;
    const g = tanh(f32x4.add(f32x4.add(loadSome(p, h), loadSome(q, h)), loadSome(r, h)));
    storeSome(r, g, h);
    p += gate; q += gate; r += gate;
    const o = sigmoid(f32x4.add(f32x4.add(loadSome(p, h), loadSome(q, h)), loadSome(r, h)));
    storeSome(r, o, h);
    const c = fma(f, loadSome(c0, h), f32x4.mul(i, g));
    storeSome(r + gate, c, h);
    storeSome(out, f32x4.mul(o, tanh(c)), h);
    z += 16; bias += 16; cells += 16; c0 += 16; out += 16;
  }
}

export function lstmForward(
  z: usize, wh: usize, bias: usize, h0: usize, c0: usize, mask: usize, out: usize, cells: usize,
  batch: i32, t: i32, b: i32, h: i32, masked: i32, ws: i32,
): void {
  if (h == 0) return;
  const h4 = h << 2;
  const hRow = <usize>h << 2;
  const zRow = hRow << 2;
  const cRow = hRow * 5;
  const base = scratch(PACKED_BYTES + rowsBytes(b) + packedBytes(h, h4));
  const rows = base + PACKED_BYTES;
  const packed = rows + rowsBytes(b);
  for (let p = 0; p < batch; p++) {
    if (p == 0 || ws) packAll(packed, wh, zRow, 4, h, h4);
    // The state before the first step lies elsewhere, and its rows of c closer together.
    let hBefore = h0;
    let cBefore = c0;
    let cBeforeRow = hRow;
    for (let s = 0; s < t; s++) {
      listRows(rows, hBefore, hRow, cells, cRow, b);
      timesPacked(base, rows, b, 4, packed, h, h4, false);
      for (let r = 0; r < b; r++) {
        if (masked && load<i32>(mask) == 0) {
          memory.fill(cells, 0, zRow);
          memory.copy(cells + zRow, cBefore, hRow);
          memory.copy(out, s == 0 ? h0 + <usize>r * hRow : out - <usize>b * hRow, hRow);
        } else {
          forwardRow(z, bias, cBefore, out, cells, h);
        }
        if (masked) mask += 4;
        z += zRow;
        cells += cRow;
        out += hRow;
        cBefore += cBeforeRow;
      }
      hBefore = out - <usize>b * hRow;
      cBefore = cells - <usize>b * cRow + zRow;
      cBeforeRow = cRow;
    }
    h0 += <usize>b * hRow;
    c0 += <usize>b * hRow;
    if (ws) {
      wh += <usize>ws << 2;
      bias += zRow;
    }
  }
}

/** dz of one row from its cells and the running dh and dc, which become 0 and dc f. */
function backwardRow(
  cells: usize, cBefore: usize, gh: usize, gcells: usize, dz: usize, dh: usize, dc: usize,
  h: i32, more: i32,
): void {
  const gate = <usize>h << 2;
  const zero = i32x4.splat(0);
  for (; h > 0; h -= 4) {
    const one = constant(ONE, 0);
    const i = loadSome(cells, h);
    const f = loadSome(cells + gate, h);
    const g = loadSome(cells + gate * 2, h);
    const o = loadSome(cells + gate * 3, h);
    const y = tanh(loadSome(cells + gate * 4, h));
    const a = f32x4.add(loadSome(dh, h), loadSome(gh, h));
    let c = f32x4.add(loadSome(dc, h), f32x4.mul(f32x4.mul(a, o), fma(f32x4.neg(y), y, one)));
    let di = zero;
    let df = zero;
    let dg = zero;
    let dO = zero;
    if (more) {
      c = f32x4.add(c, loadSome(gcells + gate * 4, h));
      di = loadSome(gcells, h);
      df = loadSome(gcells + gate, h);
      dg = loadSome(gcells + gate * 2, h);
      dO = loadSome(gcells + gate * 3, h);
      gcells += 16;
    }
    di = fma(c, g, di);
    df = fma(c, loadSome(cBefore, h), df);
    dg = fma(c, i, dg);
    dO = fma(a, y, dO);
    storeSome(dz, f32x4.mul(f32x4.mul(di, i), f32x4.sub(one, i)), h);
    storeSome(dz + gate, f32x4.mul(f32x4.mul(df, f), f32x4.sub(one, f)), h);
    storeSome(dz + gate * 2, f32x4.mul(dg, fma(f32x4.neg(g), g, one)), h);
    storeSome(dz + gate * 3, f32x4.mul(f32x4.mul(dO, o), f32x4.sub(one, o)), h);
    storeSome(dc, f32x4.mul(c, f), h);
    storeSome(dh, zero, h);
    cells += 16; cBefore += 16; gh += 16; dz += 16; dh += 16; dc += 16;
  }
}

/** to += from, h floats. */
function addRow(to: usize, from: usize, h: i32): void {
  for (; h > 0; h -= 4, to += 16, from += 16) storeSome(to, f32x4.add(loadSome(to, h), loadSome(from, h)), h);
}

export function lstmBackward(
  cells: usize, c0: usize, wh: usize, mask: usize, gh: usize, gcells: usize,
  dz: usize, dh0: usize, dc0: usize,
  batch: i32, t: i32, b: i32, h: i32, masked: i32, more: i32, ws: i32,
): void {
  if (h == 0) return;
  const h4 = h << 2;
  const hRow = <usize>h << 2;
  const zRow = hRow << 2;
  const cRow = hRow * 5;
  const state = <usize>b * hRow;
  const base = scratch(PACKED_BYTES + rowsBytes(b) + packedBytes(h4, h));
  const rows = base + PACKED_BYTES;
  const packed = rows + rowsBytes(b);
  memory.fill(dh0, 0, <usize>batch * state);
  memory.fill(dc0, 0, <usize>batch * state);
  for (let p = 0; p < batch; p++) {
    if (p == 0 || ws) packAll(packed, wh, 4, zRow, h4, h);
    for (let s = t - 1; s >= 0; s--) {
      const first = (<usize>p * t + s) * b; // the step's first row
      for (let r = 0; r < b; r++) {
        const row = first + r;
        const at = <usize>r * hRow;
        if (masked && load<i32>(mask + (row << 2)) == 0) {
          memory.fill(dz + row * zRow, 0, zRow);
          addRow(dh0 + at, gh + row * hRow, h);
          if (more) addRow(dc0 + at, gcells + row * cRow + zRow, h);
        } else {
          const c = cells + row * cRow;
          const before = s == 0 ? c0 + at : c - <usize>b * cRow + zRow;
          backwardRow(
            c, before, gh + row * hRow, gcells + row * cRow, dz + row * zRow, dh0 + at, dc0 + at,
            h, more,
          );
        }
      }
      listRows(rows, dz + first * zRow, zRow, dh0, hRow, b);
      timesPacked(base, rows, b, 4, packed, h4, h, true);
    }
    dh0 += state;
    dc0 += state;
    c0 += state;
    if (ws) wh += <usize>ws << 2;
  }
}
