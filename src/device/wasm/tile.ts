// Which register tile of the matrix kernels is fastest on this engine and processor: measured, as
// all give the same bits.

import { WASM_ROWS } from "../tiles";
import type { Allocator } from "./allocator";
import type { Exports } from "./exports";

/** How long to look: products of `side`³, `products` of them a sample, `rounds` samples a tile. */
export interface Look {
  readonly side: number;
  readonly products: number;
  readonly rounds: number;
}

/** Some milliseconds, at each start. */
export const GLANCE: Look = { side: 64, products: 3, rounds: 6 };
/** Some tenths of a second, when asked to `tune`. */
export const STUDY: Look = { side: 192, products: 2, rounds: 40 };

/** Times each tile, the candidates in turn, and gives the fastest: the best of a few runs, which
 * noise only makes longer. Leaves that tile set. */
export function setFastestTile(
  exports: Exports,
  memory: Allocator,
  simd: "plain" | "relaxed",
  { side, products, rounds }: Look = GLANCE,
): number {
  const tiles = WASM_ROWS[simd];
  const bytes = side * side * 4;
  const [a, b, out] = [0, 0, 0].map(() => memory.allocate(bytes));
  for (const at of [a, b]) exports.fill(at, side * side, 1);
  const best = tiles.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    for (const [i, tile] of tiles.entries()) {
      exports.setTile(tile);
      const start = performance.now();
      for (let j = 0; j < products; j++) exports.matmul(a, b, out, 1, side, side, side, 0, 0, 0, 0);
      best[i] = Math.min(best[i], performance.now() - start);
    }
  }
  for (const at of [a, b, out]) memory.free(at, bytes);
  const fastest = tiles[best.indexOf(Math.min(...best))];
  exports.setTile(fastest);
  return fastest;
}
