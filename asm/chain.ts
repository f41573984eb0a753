// A chain of scalar functions, as programs fuse them, and sums at its end: tile by tile, so that
// what lies between the first input and the last output never leaves the cache. A sum is never
// split between threads: its order depends on the sizes alone.

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

/** p: opcode, then counts of inputs, outputs, steps and registers and the elements n; then sums,
 * rows and columns; then for each operand slot and distance; then inner, mid and span of each
 * input; then f, x, y, z, to of each step. Registers are inputs, then outputs, then tiles. */
export function chain(p: usize, slots: usize): void {
  const inputs = load<u32>(p, 4);
  const outputs = load<u32>(p, 8);
  const steps = load<u32>(p, 12);
  const registers = load<u32>(p, 16);
  const n = load<u32>(p, 20);
  const sums = load<u32>(p, 24);
  const rows = load<u32>(p, 28);
  const columns = load<u32>(p, 32);
  const operands = p + 36;
  const summed = inputs + outputs - sums;
  const repeats = operands + (<usize>(inputs + outputs) << 3);
  const code = repeats + <usize>inputs * 12;

  const each = max(totalsBytes(columns), 16);
  const bytes = PAD + (<usize>registers << 4) + <usize>registers * TILE_BYTES + 16;
  const table = scratch(bytes + 16 + (sums ? FOLD_AREA + sums * each : 0));
  const area = table + (bytes + 15 & ~15);
  const totals = area + FOLD_AREA;
  const pad = table + ((<usize>registers << 4) + 15 & ~15);
  const tiles = pad + PAD;
  const bases = table + (<usize>registers << 2);
  // Of each input the part that was read last, and the length of what was written to its tile.
  const parts = bases + (<usize>registers << 2);
  const held = parts + (<usize>registers << 2);
  let length = TILE;
  for (let j: u32 = 0; j < inputs + outputs; j++) {
    const operand = operands + (<usize>j << 3);
    const base = load<usize>(slots + (<usize>load<u32>(operand) << 2)) + load<usize>(operand, 4);
    store<usize>(bases + (<usize>j << 2), base);
    store<u32>(parts + (<usize>j << 2), NOTHING);
  }
  let parted = false;
  for (let j: u32 = 0; j < inputs; j++) {
    const repeat = repeats + <usize>j * 12;
    const span = load<u32>(repeat, 8);
    if (span < n) parted = true;
    if (n > TILE) length = fit(length, load<u32>(repeat), load<u32>(repeat, 4), span, TILE);
  }
  for (let j = summed; j < registers; j++) {
    store<usize>(table + (<usize>j << 2), tiles + <usize>j * TILE_BYTES);
  }
  let start: u32;
  let end: u32;
  const unit = rows * columns;
  if (sums) {
    length = length < columns ? columns : length - length % columns; // tiles of whole rows
    start = <u32>firstUnit(n / unit) * unit;
    end = <u32>endUnit(n / unit) * unit;
  } else {
    start = firstOf(n, length);
    end = endOf(n, length);
  }
  for (let i = start; i < end;) {
    let count = min(length, end - i);
    if (sums) {
      const done = i % unit;
      if (done == 0) memory.fill(totals, 0, sums * each);
      count = min(count, unit - done);
    }
    if (parted) {
      // A tile reads one part of each operand.
      for (let j: u32 = 0; j < inputs; j++) {
        const span = load<u32>(repeats + <usize>j * 12, 8);
        if (span < n) count = min(count, span - i % span);
      }
    }
    for (let j: u32 = 0; j < inputs; j++) {
      const repeat = repeats + <usize>j * 12;
      const inner = load<u32>(repeat);
      const mid = load<u32>(repeat, 4);
      const span = load<u32>(repeat, 8);
      const k = <usize>j << 2;
      const part = span < n ? i / span : 0;
      const from = load<usize>(bases + k) + (<usize>(part * mid) << 2);
      const at = i - part * span;
      if (inner == 1 && mid >= span) {
        store<usize>(table + k, from + (<usize>at << 2));
        continue;
      }
      const tile = tiles + <usize>j * TILE_BYTES;
      // What is in the tile serves again where it begins at the same element of the same part.
      const same = load<u32>(parts + k) == part && load<u32>(held + k) >= count;
      const fresh = !same || (inner == 1 && at % mid != 0);
      const got = fetch(from, inner, mid, span, at, count, tile, 0, fresh);
      store<usize>(table + k, got);
      if (got == tile && fresh) {
        store<u32>(parts + k, inner == 1 && at % mid == 0 ? part : NOTHING);
        store<u32>(held + k, count);
      }
    }
    for (let j = inputs; j < summed; j++) {
      const base = load<usize>(bases + (<usize>j << 2));
      store<usize>(table + (<usize>j << 2), base + (<usize>i << 2));
    }
    for (let s: u32 = 0; s < steps; s++) {
      const step = code + <usize>s * 20;
      const x = load<usize>(table + (<usize>load<u32>(step, 4) << 2));
      const y = load<usize>(table + (<usize>load<u32>(step, 8) << 2));
      const z = load<usize>(table + (<usize>load<u32>(step, 12) << 2));
      const to = load<usize>(table + (<usize>load<u32>(step, 16) << 2));
      apply(<F>load<i32>(step), x, y, z, to, count, pad);
    }
    for (let k: u32 = 0; k < sums; k++) {
      const tile = load<usize>(table + (<usize>(summed + k) << 2));
      addTile(tile, count, columns, totals + k * each, area);
    }
    i += count;
    if (!sums || i % unit != 0) continue;
    for (let k: u32 = 0; k < sums; k++) {
      const out = load<usize>(bases + (<usize>(summed + k) << 2));
      give(totals + k * each, out + (<usize>(i / unit - 1) * columns << 2), columns);
    }
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
