// Which register tile of the matrix kernels is fastest on this engine and processor: measured, as
// all give the same bits.

import { WASM_ROWS } from "../tiles";
import type { Allocator } from "./allocator";
import type { Simd } from "./binaries";
import type { Exports } from "./exports";

/** How long to look: products of `side`³, `products` of them a sample, `rounds` samples a tile. */
interface Look {
  readonly side: number;
  readonly products: number;
  readonly rounds: number;
}

const GLANCE: Look = { side: 64, products: 2, rounds: 6 };
const STUDY: Look = { side: 192, products: 2, rounds: 40 };

/** Engines run a module by a quick compiler first, whose speeds say nothing, and swap in optimized
 * code function by function: a look begins once no tile got faster, by this share, for so many
 * milliseconds, or after the longest wait. */
const FASTER = 0.08;
const STILL = 20;
const LONGEST = 120;
/** A shorter tile must be better by this share: at large sizes the tallest reads the least. */
const CLEARLY = 0.03;

/** What was found in this process, whose engine and processor stay the same. */
const found: { [simd in Simd]?: number } = {};

/** What asm/gemm.ts takes: the tallest tile, and 1 where four rows are taken by shuffles. */
export function tileSetting(simd: Simd, rows: number): [number, number] {
  return rows === 0 ? [WASM_ROWS[simd][0], 1] : [rows, 0];
}

/** Chooses the tile, by the rows of `WASM_ROWS`. */
export function setTile(exports: Exports, simd: Simd, rows: number): void {
  exports.setTile(...tileSetting(simd, rows));
}

/** Sets the tile that is fastest here and gives it: measured once a process, in some milliseconds
 * after the engine has optimized the kernels. */
export function setFastestTile(exports: Exports, memory: Allocator, simd: Simd): number {
  found[simd] ??= timed(exports, memory, simd, GLANCE);
  setTile(exports, simd, found[simd]);
  return found[simd];
}

/** Looks longer, at larger products; leaves the tile that was last tried set. */
export function fastestTile(exports: Exports, memory: Allocator, simd: Simd): number {
  return timed(exports, memory, simd, STUDY);
}

/** Times each tile, the candidates in turn: the best of a few runs, as noise only makes longer. */
function timed(exports: Exports, memory: Allocator, simd: Simd, look: Look): number {
  const { side, products, rounds } = look;
  const tiles = WASM_ROWS[simd];
  const bytes = side * side * 4;
  const [a, b, out] = [0, 0, 0].map(() => memory.allocate(bytes));
  for (const at of [a, b]) exports.fill(at, side * side, 1);
  const time = (tile: number) => {
    setTile(exports, simd, tile);
    const start = performance.now();
    for (let j = 0; j < products; j++) exports.matmul(a, b, out, 1, side, side, side, 0, 0, 0, 0);
    return performance.now() - start;
  };
  const best = tiles.map(() => Number.POSITIVE_INFINITY);
  const first = performance.now();
  for (let now = first, last = first; now - last < STILL && now - first < LONGEST; ) {
    for (const [i, tile] of tiles.entries()) {
      const took = time(tile);
      now = performance.now();
      if (took < (1 - FASTER) * best[i]) last = now;
      best[i] = Math.min(best[i], took);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [i, tile] of tiles.entries()) best[i] = Math.min(best[i], time(tile));
  }
  for (const at of [a, b, out]) memory.free(at, bytes);
  let fastest = 0;
  for (let i = 1; i < tiles.length; i++) {
    if (best[i] < (1 - CLEARLY) * best[fastest]) fastest = i;
  }
  return tiles[fastest];
}
