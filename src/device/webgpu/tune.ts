// Measures from which size on each tile of the products is the fastest on an adapter.

import { BYTES } from "../../core/dtype";
import type { Device, Storage } from "../device";
import { PRODUCT_TILES, type ProductRule, type ProductTile } from "../tiles";

/** Sides of the square products that are timed. */
export const SIDES = [128, 256, 512, 1024, 2048] as const;
/** Milliseconds of one product beyond which larger ones are not tried: a slow adapter. */
const SLOW = 200;
/** A sample lasts so many milliseconds at least, and the best of some counts. */
const SAMPLE = 4;
const SAMPLES = 5;

/** Milliseconds of one product of `side`³ by a tile. */
export type Clock = (side: number, tile: ProductTile) => Promise<number>;

/** The rules that a clock gives: at each side the fastest tile, where that changes. */
export async function rulesBy(clock: Clock, sides: readonly number[]): Promise<ProductRule[]> {
  const rules: ProductRule[] = [];
  for (const side of sides) {
    let best: ProductTile = "tile32";
    let least = Number.POSITIVE_INFINITY;
    for (const tile of PRODUCT_TILES) {
      const time = await clock(side, tile);
      if (time < least) [best, least] = [tile, time];
    }
    // The smallest side speaks for all that is smaller.
    const from = rules.length === 0 ? 0 : (side / 32) ** 2;
    if (rules.at(-1)?.tile !== best) rules.push({ from, tile: best });
    if (least > SLOW) break;
  }
  return rules;
}

/** Times products on the device itself; `only` makes it take a tile whatever the size. */
export function deviceClock(device: Device, only: (tile: ProductTile | null) => void): Clock {
  return async (side, tile) => {
    const n = side * side;
    const made: Storage[] = [0, 1, 2].map(() => device.allocate(n, "float32", false));
    const probe = device.allocate(1, "float32", false);
    const [a, b, out] = made;
    const zeros = new Float32Array(n);
    const sample = async (count: number): Promise<number> => {
      const start = performance.now();
      only(tile);
      for (let i = 0; i < count; i++) {
        device.run("matmul", [a, b], [out], [1, side, side, side, 0, 0, 0, 0]);
      }
      only(null);
      await device.read(probe);
      return performance.now() - start;
    };
    try {
      for (const operand of [a, b]) device.write(operand, zeros);
      device.write(probe, [0]);
      await sample(1); // compiles
      const waiting = await sample(0);
      let count = 1;
      let time = await sample(count);
      while (time - waiting < SAMPLE && count < 4096) {
        count *= 2;
        time = await sample(count);
      }
      for (let i = 1; i < SAMPLES && time < SLOW; i++) time = Math.min(time, await sample(count));
      return Math.max(time - waiting, 0) / count;
    } finally {
      only(null);
      for (const storage of [...made, probe]) device.release(storage);
    }
  };
}

/** Sides whose three operands an adapter can bind. */
export function sidesWithin(bytes: number): readonly number[] {
  return SIDES.filter((side) => side * side * BYTES <= bytes);
}
