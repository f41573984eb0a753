// An LSTM over a whole sequence, forward and backward: per step one product with wh, which is
// packed once, and one loop over the gates. A row of `cells` is i f g o c, each h long.

import { sigmoid, tanh } from "./math";
import { PACKED_BYTES, listRows, packAll, packedBytes, rowsBytes, timesPacked } from "./packed";
import { scratch } from "./scratch";
import { endUnit, firstUnit, shares } from "./share";
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
  const h4 = h << 2;
  const hRow = <usize>h << 2;
  const zRow = hRow << 2;
  const cRow = hRow * 5;
  const whole = batch >= shares(); // threads share the batch, else the rows of each
  const r0 = whole ? 0 : firstUnit(b);
  const m = (whole ? b : endUnit(b)) - r0;
  const last = whole ? endUnit(batch) : batch;
  if (h == 0 || m == 0) return;
  const base = scratch(PACKED_BYTES + rowsBytes(m) + packedBytes(h, h4));
  const rows = base + PACKED_BYTES;
  const packed = rows + rowsBytes(m);
  let fresh = true;
  for (let p = whole ? firstUnit(batch) : 0; p < last; p++) {
    const own = <usize>p * ws;
    const v = ws ? bias + <usize>p * zRow : bias;
    if (fresh || ws) packAll(packed, wh + (own << 2), zRow, 4, h, h4);
    fresh = false;
    const first = h0 + (<usize>p * b + r0) * hRow;
    for (let s = 0; s < t; s++) {
      const at = (<usize>p * t + s) * b + r0; // the step's first row
      const hBefore = s == 0 ? first : out + (at - b) * hRow;
      listRows(rows, hBefore, hRow, cells + at * cRow, cRow, m);
      timesPacked(base, rows, m, 4, packed, h, h4, false);
      for (let r = 0; r < m; r++) {
        const row = at + r;
        const c = cells + row * cRow;
        const cBefore = s == 0 ? c0 + (<usize>p * b + r0 + r) * hRow : c - <usize>b * cRow + zRow;
        if (masked && load<i32>(mask + (row << 2)) == 0) {
          memory.fill(c, 0, zRow);
          memory.copy(c + zRow, cBefore, hRow);
          memory.copy(out + row * hRow, hBefore + <usize>r * hRow, hRow);
        } else {
          forwardRow(z + row * zRow, v, cBefore, out + row * hRow, c, h);
        }
      }
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
  for (; h > 0; h -= 4, to += 16, from += 16) {
    storeSome(to, f32x4.add(loadSome(to, h), loadSome(from, h)), h);
  }
}

export function lstmBackward(
  cells: usize, c0: usize, wh: usize, mask: usize, gh: usize, gcells: usize,
  dz: usize, dh0: usize, dc0: usize,
  batch: i32, t: i32, b: i32, h: i32, masked: i32, more: i32, ws: i32,
): void {
  const h4 = h << 2;
  const hRow = <usize>h << 2;
  const zRow = hRow << 2;
  const cRow = hRow * 5;
  const whole = batch >= shares();
  const r0 = whole ? 0 : firstUnit(b);
  const m = (whole ? b : endUnit(b)) - r0;
  const last = whole ? endUnit(batch) : batch;
  if (h == 0 || m == 0) return;
  const base = scratch(PACKED_BYTES + rowsBytes(m) + packedBytes(h4, h));
  const rows = base + PACKED_BYTES;
  const packed = rows + rowsBytes(m);
  let fresh = true;
  for (let p = whole ? firstUnit(batch) : 0; p < last; p++) {
    if (fresh || ws) packAll(packed, wh + ((<usize>p * ws) << 2), 4, zRow, h4, h);
    fresh = false;
    const state = (<usize>p * b + r0) * hRow;
    const dh = dh0 + state;
    const dc = dc0 + state;
    memory.fill(dh, 0, <usize>m * hRow);
    memory.fill(dc, 0, <usize>m * hRow);
    for (let s = t - 1; s >= 0; s--) {
      const at = (<usize>p * t + s) * b + r0; // the step's first row
      for (let r = 0; r < m; r++) {
        const row = at + r;
        const own = <usize>r * hRow;
        if (masked && load<i32>(mask + (row << 2)) == 0) {
          memory.fill(dz + row * zRow, 0, zRow);
          addRow(dh + own, gh + row * hRow, h);
          if (more) addRow(dc + own, gcells + row * cRow + zRow, h);
        } else {
          const c = cells + row * cRow;
          const before = s == 0 ? c0 + state + own : c - <usize>b * cRow + zRow;
          backwardRow(
            c, before, gh + row * hRow, gcells + row * cRow, dz + row * zRow, dh + own, dc + own,
            h, more,
          );
        }
      }
      listRows(rows, dz + at * zRow, zRow, dh, hRow, m);
      timesPacked(base, rows, m, 4, packed, h4, h, true);
    }
  }
}
