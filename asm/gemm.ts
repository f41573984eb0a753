// The register tiles of every product: H rows times panels of 8 columns, each output one
// accumulator that runs up k, so that every tile height gives the same bits.

import { fma } from "./simd";

/**
 * What a sweep of tiles has in common, in linear memory. k is walked in runs: within a run A's
 * rows advance by `aStep` bytes a step, between runs by one i32 of `runs` (the first one is an
 * offset from the row). B's panels are 8 floats wide, `bStep` bytes from one k to the next.
 */
@unmanaged
export class Sweep {
  aStep: usize;
  runs: usize;
  runsEnd: usize;
  /** Steps of a run, at least 1. */
  len: i32;
  b: usize;
  bStep: usize;
  /** Bytes from one panel to the next. */
  bNext: usize;
  /** Added to the addresses of out's rows: where the first panel goes. */
  to: usize;
  /** Bytes that a row of all full panels has in out. */
  width: usize;
  /** Columns behind the full panels, and their panel: zero-padded, 32 bytes a step. */
  tail: i32;
  tailB: usize;
  /** 1 adds to out, 0 overwrites it. */
  add: i32;
  /** 1: a tile of four rows has A interleaved, in one run, and B packed. */
  fours: i32;
}

/** Bytes of a Sweep with the room that `sweep` needs behind it. */
export const SWEEP_BYTES: usize = 64 + 64 + 192;
const TAIL_ROWS: usize = 64;
const TAIL_TILE: usize = 128;

/** Six rows fill 15 registers where product and sum are one instruction, five where two. */
let height: i32 = 5;
let shuffled: bool = false;

/**
 * Chooses the tile, with equal bits: `rows` (4, 5 or 6) is the tallest height; 1 as `byFours` takes
 * A by one load and four shuffles where A is packed (for engines that check the bounds of each
 * access).
 */
export function setTile(rows: i32, byFours: i32): void {
  height = rows;
  shuffled = byFours != 0;
}

/** Whether packed rows of A are best in groups of four. */
export function takesFours(): bool {
  return shuffled;
}

// @ts-ignore: decorator
@inline
function put(row: usize, to: usize, c: v128, d: v128, add: i32): void {
  const o = <usize>load<u32>(row, 4) + to;
  if (add) {
    c = f32x4.add(v128.load(o), c);
    d = f32x4.add(v128.load(o, 16), d);
  }
  v128.store(o, c);
  v128.store(o, d, 16);
}

// H is a constant of each caller. Loads, products and sums stand in the order that V8 keeps:
// one splat is alive at a time, so 2 H accumulators, two of B, a splat and a product fit.
// @ts-ignore: decorator
@inline
function tile(H: i32, rows: usize, s: Sweep): void {
  const aStep = s.aStep;
  const bStep = s.bStep;
  const runsEnd = s.runsEnd;
  let panel = s.b;
  let to = s.to;
  const end = to + s.width;
  do {
    let a0 = <usize>load<u32>(rows);
    let a1 = H > 1 ? <usize>load<u32>(rows, 8) : 0;
    let a2 = H > 2 ? <usize>load<u32>(rows, 16) : 0;
    let a3 = H > 3 ? <usize>load<u32>(rows, 24) : 0;
    let a4 = H > 4 ? <usize>load<u32>(rows, 32) : 0;
    let a5 = H > 5 ? <usize>load<u32>(rows, 40) : 0;
    let c0 = f32x4.splat(0);
    let d0 = c0;
    let c1 = c0;
    let d1 = c0;
    let c2 = c0;
    let d2 = c0;
    let c3 = c0;
    let d3 = c0;
    let c4 = c0;
    let d4 = c0;
    let c5 = c0;
    let d5 = c0;
    let b = panel;
    for (let r = s.runs; r < runsEnd; r += 4) {
      const jump = <usize>load<u32>(r);
      a0 += jump;
      if (H > 1) a1 += jump;
      if (H > 2) a2 += jump;
      if (H > 3) a3 += jump;
      if (H > 4) a4 += jump;
      if (H > 5) a5 += jump;
      const bEnd = b + <usize>s.len * bStep;
      do {
        const u = v128.load(b);
        const v = v128.load(b, 16);
        b += bStep;
        let x = v128.load32_splat(a0);
        a0 += aStep;
        c0 = fma(x, u, c0);
        d0 = fma(x, v, d0);
        if (H > 1) {
          x = v128.load32_splat(a1);
          a1 += aStep;
          c1 = fma(x, u, c1);
          d1 = fma(x, v, d1);
        }
        if (H > 2) {
          x = v128.load32_splat(a2);
          a2 += aStep;
          c2 = fma(x, u, c2);
          d2 = fma(x, v, d2);
        }
        if (H > 3) {
          x = v128.load32_splat(a3);
          a3 += aStep;
          c3 = fma(x, u, c3);
          d3 = fma(x, v, d3);
        }
        if (H > 4) {
          x = v128.load32_splat(a4);
          a4 += aStep;
          c4 = fma(x, u, c4);
          d4 = fma(x, v, d4);
        }
        if (H > 5) {
          x = v128.load32_splat(a5);
          a5 += aStep;
          c5 = fma(x, u, c5);
          d5 = fma(x, v, d5);
        }
      } while (b != bEnd);
    }
    const add = s.add;
    put(rows, to, c0, d0, add);
    if (H > 1) put(rows + 8, to, c1, d1, add);
    if (H > 2) put(rows + 16, to, c2, d2, add);
    if (H > 3) put(rows + 24, to, c3, d3, add);
    if (H > 4) put(rows + 32, to, c4, d4, add);
    if (H > 5) put(rows + 40, to, c5, d5, add);
    panel += s.bNext;
    to += 32;
  } while (to < end);
}

// Four rows of A interleaved, one run, B packed: one load and four shuffles a step.
function tileOfFours(rows: usize, s: Sweep): void {
  let panel = s.b;
  let to = s.to;
  const end = to + s.width;
  do {
    let a = <usize>load<u32>(rows) + <usize>load<u32>(s.runs);
    let c0 = f32x4.splat(0);
    let d0 = c0;
    let c1 = c0;
    let d1 = c0;
    let c2 = c0;
    let d2 = c0;
    let c3 = c0;
    let d3 = c0;
    let b = panel;
    const bEnd = b + (<usize>s.len << 5);
    do {
      const u = v128.load(b);
      const v = v128.load(b, 16);
      const four = v128.load(a);
      b += 32;
      a += 16;
      let x = v128.shuffle<f32>(four, four, 0, 0, 0, 0);
      c0 = fma(x, u, c0);
      d0 = fma(x, v, d0);
      x = v128.shuffle<f32>(four, four, 1, 1, 1, 1);
      c1 = fma(x, u, c1);
      d1 = fma(x, v, d1);
      x = v128.shuffle<f32>(four, four, 2, 2, 2, 2);
      c2 = fma(x, u, c2);
      d2 = fma(x, v, d2);
      x = v128.shuffle<f32>(four, four, 3, 3, 3, 3);
      c3 = fma(x, u, c3);
      d3 = fma(x, v, d3);
    } while (b != bEnd);
    const add = s.add;
    put(rows, to, c0, d0, add);
    put(rows + 8, to, c1, d1, add);
    put(rows + 16, to, c2, d2, add);
    put(rows + 24, to, c3, d3, add);
    panel += s.bNext;
    to += 32;
  } while (to < end);
}

function tileOf(h: i32, rows: usize, s: Sweep): void {
  switch (h) {
    case 1:
      tile(1, rows, s);
      break;
    case 2:
      tile(2, rows, s);
      break;
    case 3:
      tile(3, rows, s);
      break;
    case 4:
      if (s.fours) tileOfFours(rows, s);
      else tile(4, rows, s);
      break;
    case 5:
      tile(5, rows, s);
      break;
    default:
      tile(6, rows, s); // with products and sums apart it needs more registers than there are
  }
}

/** Rows of the next tile of m rows: as even as can be, none above `tallest`. */
export function tileHeight(m: i32, tallest: i32): i32 {
  const tiles = (m + tallest - 1) / tallest;
  return (m + tiles - 1) / tiles;
}

/** The chosen height. */
export function tallestTile(): i32 {
  return height;
}

// The columns behind the last full panel: the tile goes to a place of its own first.
function tailTile(h: i32, rows: usize, s: Sweep): void {
  const base = changetype<usize>(s);
  const b = s.b;
  const bStep = s.bStep;
  const to = s.to;
  const width = s.width;
  const add = s.add;
  for (let i = 0; i < h; i++) {
    const row = base + TAIL_ROWS + (i << 3);
    store<u32>(row, load<u32>(rows + (i << 3)));
    store<u32>(row, <u32>(base + TAIL_TILE + (i << 5)), 4);
  }
  s.b = s.tailB;
  s.bStep = 32;
  s.to = 0;
  s.width = 0; // one panel
  s.add = 0;
  tileOf(h, base + TAIL_ROWS, s);
  s.b = b;
  s.bStep = bStep;
  s.to = to;
  s.width = width;
  s.add = add;
  for (let i = 0; i < h; i++) {
    let from = base + TAIL_TILE + (i << 5);
    let o = <usize>load<u32>(rows + (i << 3), 4) + to + width;
    for (let j = 0; j < s.tail; j++, from += 4, o += 4) {
      const c = load<f32>(from);
      store<f32>(o, add ? load<f32>(o) + c : c);
    }
  }
}

/** One tile: the first h rows of the table at `rows`, over all panels. */
export function sweepTile(h: i32, rows: usize, s: Sweep): void {
  if (s.width) tileOf(h, rows, s);
  if (s.tail) tailTile(h, rows, s);
}

/**
 * All m rows of the table at `rows`: per row an address of A, from which the runs begin, and one
 * of out, to which `to` is added.
 */
export function sweep(rows: usize, m: i32, s: Sweep): void {
  if (m <= 0) return;
  let tiles = (m + height - 1) / height;
  const low = m / tiles;
  let higher = m - low * tiles; // that many tiles have a row more
  for (; tiles > 0; tiles--, higher--) {
    const h = low + i32(higher > 0);
    sweepTile(h, rows, s);
    rows += h << 3;
  }
}
