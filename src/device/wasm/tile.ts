// Which register tile of the matrix kernels is fastest on this engine and processor: measured at
// start, as all give the same bits.

import type { Allocator } from "./allocator";
import type { Exports } from "./exports";

const SIDE = 64;
const ROUNDS = 6;
const PRODUCTS = 3;

/** Times each tile on small products, the candidates in turn, and sets the fastest: the best of a
 * few runs, which noise only makes longer. Takes some milliseconds. Returns the tile. */
export function setFastestTile(
  exports: Exports,
  memory: Allocator,
  simd: "plain" | "relaxed",
): number {
  const tiles = simd === "plain" ? [5, 4, 0] : [6, 5, 4, 0];
  const bytes = SIDE * SIDE * 4;
  const [a, b, out] = [0, 0, 0].map(() => memory.allocate(bytes));
  for (const at of [a, b]) exports.fill(at, SIDE * SIDE, 1);
  const best = tiles.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, tile] of tiles.entries()) {
      exports.setTile(tile);
      const start = performance.now();
      for (let j = 0; j < PRODUCTS; j++) exports.matmul(a, b, out, 1, SIDE, SIDE, SIDE, 0, 0, 0, 0);
      best[i] = Math.min(best[i], performance.now() - start);
    }
  }
  for (const at of [a, b, out]) memory.free(at, bytes);
  const fastest = tiles[best.indexOf(Math.min(...best))];
  exports.setTile(fastest);
  return fastest;
}
