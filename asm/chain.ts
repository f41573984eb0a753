// A chain of scalar functions, as programs fuse them, and sums at its end: tile by tile, so that
// what lies between the first input and the last output never leaves the cache. A sum is never
// split between threads, and tiles lie where the sizes say, however far each turn goes.

import { PAD, apply } from "./elementwise";
import {
  FOLD_AREA, Fold, addColumns, narrow, storeStrip, stripOffset, strips, sumRow, totalsBytes,
} from "./fold";
import { F } from "./functions";
import { endOf, fetch, firstOf, fit } from "./map";
import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";

/** Elements of a tile. */
const TILE: u32 = 512;
const TILE_BYTES: usize = (<usize>TILE << 2) + 16;

/** What of a repeated input stands in its tile. */
const NOTHING: u32 = 0xffffffff;

/** A chain under way, in scratch: what its call says, and where it is. */
@unmanaged
export class Chain {
  inputs: u32;
  steps: u32;
  n: u32;
  /** Results of which only sums are written, behind `summed` inputs and other outputs. */
  sums: u32;
  summed: u32;
  columns: u32;
  /** Elements of one sum's rows. */
  unit: u32;
  /** Most elements of a tile. */
  length: u32;
  /** Whether an input has parts: a tile reads one part of each. */
  parted: bool;
  /** The next element. */
  at: u32;
  /** Inner, mid and span of each input; then f, x, y, z, to of each step. */
  repeats: usize;
  code: usize;
  /** Of each register its tile or, in place, the operand from element `at` on; and the operand. */
  table: usize;
  bases: usize;
  /** Of each input the part that was read last, and the length of what was written to its tile. */
  parts: usize;
  held: usize;
  pad: usize;
  tiles: usize;
  area: usize;
  totals: usize;
  /** Bytes of the totals of one sum. */
  each: usize;
  /** Bytes of scratch, this object included: a multiple of 16. */
  bytes: usize;
}

const CHAIN_BYTES: usize = (offsetof<Chain>() + 15) & ~15;

/** Whether the chain at `p` ends in sums. */
export function hasSums(p: usize): bool {
  return load<u32>(p, 24) > 0;
}

/**
 * A chain at its first element, in scratch. p: opcode, then counts of inputs, outputs, steps and
 * registers and the elements n; then sums, rows and columns; then for each operand slot and
 * distance; then `repeats` and `code`. Registers are inputs, then outputs, then tiles.
 */
export function prepare(p: usize, slots: usize): Chain {
  const inputs = load<u32>(p, 4);
  const outputs = load<u32>(p, 8);
  const registers = load<u32>(p, 16);
  const n = load<u32>(p, 20);
  const sums = load<u32>(p, 24);
  const columns = load<u32>(p, 32);
  const operands = p + 36;

  const row = <usize>registers << 2;
  const each = max(totalsBytes(columns), 16);
  const own = CHAIN_BYTES + (row << 2) + PAD + <usize>registers * TILE_BYTES;
  const bytes = own + (sums ? FOLD_AREA + sums * each : 0);
  const c = changetype<Chain>(scratch(bytes));
  c.bytes = bytes;
  c.inputs = inputs;
  c.steps = load<u32>(p, 12);
  c.n = n;
  c.sums = sums;
  c.summed = inputs + outputs - sums;
  c.columns = columns;
  c.unit = load<u32>(p, 28) * columns;
  c.at = 0;
  c.repeats = operands + (<usize>(inputs + outputs) << 3);
  c.code = c.repeats + <usize>inputs * 12;
  c.table = changetype<usize>(c) + CHAIN_BYTES;
  c.bases = c.table + row;
  c.parts = c.bases + row;
  c.held = c.parts + row;
  c.pad = c.held + row;
  c.tiles = c.pad + PAD;
  c.area = changetype<usize>(c) + own;
  c.totals = c.area + FOLD_AREA;
  c.each = each;

  for (let j: u32 = 0; j < inputs + outputs; j++) {
    const operand = operands + (<usize>j << 3);
    const base = load<usize>(slots + (<usize>load<u32>(operand) << 2)) + load<usize>(operand, 4);
    store<usize>(c.bases + (<usize>j << 2), base);
    store<u32>(c.parts + (<usize>j << 2), NOTHING);
  }
  for (let j = c.summed; j < registers; j++) {
    store<usize>(c.table + (<usize>j << 2), c.tiles + <usize>j * TILE_BYTES);
  }
  let length = TILE;
  c.parted = false;
  for (let j: u32 = 0; j < inputs; j++) {
    const repeat = c.repeats + <usize>j * 12;
    const span = load<u32>(repeat, 8);
    if (span < n) c.parted = true;
    if (n > TILE) length = fit(length, load<u32>(repeat), load<u32>(repeat, 4), span, TILE);
  }
  if (sums) length = length < columns ? columns : length - length % columns; // whole rows
  c.length = length;
  return c;
}

/** Goes on to element `end`, or, if `whole`, to the last one before it that ends a tile. */
export function advance(c: Chain, end: u32, whole: bool): void {
  const inputs = c.inputs;
  const table = c.table;
  for (let i = c.at; i < end; c.at = i) {
    let count = c.length;
    if (c.parted) {
      for (let j: u32 = 0; j < inputs; j++) {
        const span = load<u32>(c.repeats + <usize>j * 12, 8);
        if (span < c.n) count = min(count, span - i % span);
      }
    }
    if (c.sums) {
      const done = i % c.unit;
      if (done == 0) memory.fill(c.totals, 0, c.sums * c.each);
      count = min(count, c.unit - done);
    }
    if (count > end - i) {
      if (whole) return;
      count = end - i;
    }
    readInputs(c, i, count);
    for (let j = inputs; j < c.summed; j++) {
      const base = load<usize>(c.bases + (<usize>j << 2));
      store<usize>(table + (<usize>j << 2), base + (<usize>i << 2));
    }
    const stop = c.code + <usize>c.steps * 20;
    for (let step = c.code; step < stop; step += 20) {
      const x = load<usize>(table + (<usize>load<u32>(step, 4) << 2));
      const y = load<usize>(table + (<usize>load<u32>(step, 8) << 2));
      const z = load<usize>(table + (<usize>load<u32>(step, 12) << 2));
      const to = load<usize>(table + (<usize>load<u32>(step, 16) << 2));
      apply(<F>load<i32>(step), x, y, z, to, count, c.pad);
    }
    i += count;
    if (c.sums) addSums(c, i, count);
  }
}

/** Puts the addresses of elements [i, i + count) of each input into the table. */
function readInputs(c: Chain, i: u32, count: u32): void {
  for (let j: u32 = 0; j < c.inputs; j++) {
    const repeat = c.repeats + <usize>j * 12;
    const inner = load<u32>(repeat);
    const mid = load<u32>(repeat, 4);
    const span = load<u32>(repeat, 8);
    const k = <usize>j << 2;
    const part = span < c.n ? i / span : 0;
    const from = load<usize>(c.bases + k) + (<usize>(part * mid) << 2);
    const at = i - part * span;
    if (inner == 1 && mid >= span) {
      store<usize>(c.table + k, from + (<usize>at << 2));
      continue;
    }
    const tile = c.tiles + <usize>j * TILE_BYTES;
    // What is in the tile serves again where it begins at the same element of the same part.
    const same = load<u32>(c.parts + k) == part && load<u32>(c.held + k) >= count;
    const fresh = !same || (inner == 1 && at % mid != 0);
    const got = fetch(from, inner, mid, span, at, count, tile, 0, fresh);
    store<usize>(c.table + k, got);
    if (got == tile && fresh) {
      store<u32>(c.parts + k, inner == 1 && at % mid == 0 ? part : NOTHING);
      store<u32>(c.held + k, count);
    }
  }
}

/** Adds the tile of `count` elements before i to the sums, and writes those that end there. */
function addSums(c: Chain, i: u32, count: u32): void {
  for (let k: u32 = 0; k < c.sums; k++) {
    const place = <usize>(c.summed + k) << 2;
    const total = c.totals + k * c.each;
    addTile(load<usize>(c.table + place), count, c.columns, total, c.area);
    if (i % c.unit != 0) continue;
    const out = load<usize>(c.bases + place) + (<usize>(i / c.unit - 1) * c.columns << 2);
    give(total, out, c.columns);
  }
}

export function chain(p: usize, slots: usize): void {
  const c = prepare(p, slots);
  if (c.sums) {
    c.at = <u32>firstUnit(c.n / c.unit) * c.unit;
    advance(c, <u32>endUnit(c.n / c.unit) * c.unit, false);
  } else {
    c.at = firstOf(c.n, c.length);
    advance(c, endOf(c.n, c.length), false);
  }
}

/** Adds a tile of whole rows to the totals of its columns. */
function addTile(tile: usize, count: u32, columns: u32, total: usize, area: usize): void {
  if (columns == 1) {
    const sum = sumRow(Fold.sum, tile, tile, i32x4.splat(0), count, area);
    store<f64>(total, load<f64>(total) + sum);
  } else {
    addColumns(
      Fold.sum, tile, tile, 0, count / columns, columns, 0, strips(columns), total, area,
    );
  }
}

/** Writes totals as floats. */
function give(total: usize, out: usize, columns: u32): void {
  if (columns == 1) {
    store<f32>(out, <f32>load<f64>(total));
    return;
  }
  for (let s: u32 = 0; s < strips(columns); s++) {
    storeStrip(out + stripOffset(s, columns), narrow(total + (<usize>s << 5), 1), columns);
  }
}
