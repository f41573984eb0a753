// A chain of scalar functions, as programs fuse them: tile by tile, so that what lies between the
// first input and the last output never leaves the cache.

import { PAD, apply } from "./elementwise";
import { F } from "./functions";
import { endOf, fetch, firstOf, fit } from "./map";
import { scratch } from "./scratch";

/** Elements of a tile. */
const TILE: u32 = 512;
const TILE_BYTES: usize = (<usize>TILE << 2) + 16;

/** p: opcode, then counts of inputs, outputs, steps and registers and the elements n; then for
 * each operand slot and distance; then inner and mid of each input; then f, x, y, z, to of each
 * step. Registers are inputs, then outputs, then tiles. */
export function chain(p: usize, slots: usize): void {
  const inputs = load<u32>(p, 4);
  const outputs = load<u32>(p, 8);
  const steps = load<u32>(p, 12);
  const registers = load<u32>(p, 16);
  const n = load<u32>(p, 20);
  const operands = p + 24;
  const repeats = operands + (<usize>(inputs + outputs) << 3);
  const code = repeats + (<usize>inputs << 3);

  const table = scratch(PAD + (<usize>registers << 3) + <usize>registers * TILE_BYTES + 16);
  const pad = table + ((<usize>registers << 3) + 15 & ~15);
  const tiles = pad + PAD;
  const bases = table + (<usize>registers << 2);
  let length = TILE;
  for (let j: u32 = 0; j < inputs + outputs; j++) {
    const operand = operands + (<usize>j << 3);
    const base = load<usize>(slots + (<usize>load<u32>(operand) << 2)) + load<usize>(operand, 4);
    store<usize>(bases + (<usize>j << 2), base);
  }
  if (n > TILE) {
    for (let j: u32 = 0; j < inputs; j++) {
      const repeat = repeats + (<usize>j << 3);
      length = fit(length, load<u32>(repeat), load<u32>(repeat, 4), n, TILE);
    }
  }
  for (let j = inputs + outputs; j < registers; j++) {
    store<usize>(table + (<usize>j << 2), tiles + <usize>j * TILE_BYTES);
  }
  const start = firstOf(n, length);
  const end = endOf(n, length);
  for (let i = start; i < end; i += length) {
    const count = min(length, end - i);
    const fresh = i == start;
    for (let j: u32 = 0; j < inputs; j++) {
      const repeat = repeats + (<usize>j << 3);
      const base = load<usize>(bases + (<usize>j << 2));
      const tile = tiles + <usize>j * TILE_BYTES;
      const inner = load<u32>(repeat);
      const mid = load<u32>(repeat, 4);
      const from = fetch(base, inner, mid, n, i, count, tile, length, fresh);
      store<usize>(table + (<usize>j << 2), from);
    }
    for (let j = inputs; j < inputs + outputs; j++) {
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
  }
}
