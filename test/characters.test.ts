// The embedded characters: the same bytes from the same seed, written differently each time, and
// about as hard to tell apart as Omniglot's.

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { characters } from "../src/data/characters";
import { type Episode, episodes } from "../src/data/episodes";
import { imageOf } from "../src/data/pool";
import { drawStrokes } from "../src/data/strokes";

const pool = characters({ seed: 0 });
const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

/** Query images whose nearest class mean, by squared pixel distance, is their own. */
function nearestMean({ support, query }: Episode, way: number): number {
  const size = support.x.length / support.y.length;
  const means = Array.from({ length: way }, () => new Float64Array(size));
  support.y.forEach((label, k) => {
    for (let p = 0; p < size; p++) means[label][p] += support.x[k * size + p];
  });
  let right = 0;
  query.y.forEach((label, k) => {
    const distances = means.map((mean) => {
      let sum = 0;
      for (let p = 0; p < size; p++) {
        sum += (query.x[k * size + p] - (mean[p] * way) / support.y.length) ** 2;
      }
      return sum;
    });
    right += Number(distances.indexOf(Math.min(...distances)) === label);
  });
  return right;
}

describe("characters", () => {
  test("400 classes of 20 drawings, 28 x 28, ink on empty paper", () => {
    expect(pool).toMatchObject({ classes: 400, perClass: 20, height: 28, width: 28, channels: 1 });
    for (let c = 0; c < 400; c++) {
      for (let k = 0; k < 20; k++) {
        const image = imageOf(pool, c, k);
        const ink = image.reduce((sum, v) => sum + v, 0) / 255;
        expect(ink, `class ${c}, drawing ${k}`).toBeGreaterThan(10);
        expect(ink, `class ${c}, drawing ${k}`).toBeLessThan(784 / 3);
      }
    }
  });

  test("the bytes of a seed never change", () => {
    expect(hash(characters({ seed: 1, classes: 12 }).images)).toBe("3533487b1ec20166");
    expect(hash(pool.images)).not.toBe(hash(characters({ seed: 1 }).images));
  });

  test("a class depends on seed and number alone", () => {
    const few = characters({ seed: 0, classes: 5, perClass: 3 });
    for (let c = 0; c < 5; c++) {
      for (let k = 0; k < 3; k++) expect(imageOf(few, c, k)).toEqual(imageOf(pool, c, k));
    }
  });

  test("no two drawings are equal", () => {
    const seen = new Set<string>();
    for (let c = 0; c < 400; c++) {
      for (let k = 0; k < 20; k++) seen.add(hash(imageOf(pool, c, k)));
    }
    expect(seen.size).toBe(8000);
  });

  test("pixels alone tell classes apart better than chance, and far from well", () => {
    const tasks = episodes({ classes: pool, way: 5, shot: 1, query: 1, key: 0 });
    let right = 0;
    for (let i = 0; i < 400; i++) right += nearestMean(tasks(i), 5);
    expect(right / 2000).toBeGreaterThan(0.35);
    expect(right / 2000).toBeLessThan(0.55); // Omniglot's evaluation part: 0.43
  });

  test("four more shots help: drawings of a class have something in common", () => {
    const tasks = episodes({ classes: pool, way: 5, shot: 5, query: 1, key: 0 });
    let right = 0;
    for (let i = 0; i < 400; i++) right += nearestMean(tasks(i), 5);
    expect(right / 2000).toBeGreaterThan(0.5);
  });

  test("counts below 1 are refused", () => {
    expect(() => characters({ seed: 0, classes: 0 })).toThrow(
      "characters: classes is no whole number from 1: 0. Use 1 or more.",
    );
    expect(() => characters({ seed: 0, perClass: 2.5 })).toThrow(
      "characters: perClass is no whole number from 1: 2.5. Use 1 or more.",
    );
  });
});

describe("drawStrokes", () => {
  test("a level line has full ink inside the pen, half at its edge, none beyond", () => {
    const out = new Uint8Array(64);
    const y = 4.5; // the middle of row 4; a pen of radius 1 covers half of rows 3 and 5
    drawStrokes([[2, 3, 5, 6].map((x) => [x, y] as const)], 1, out, 8);
    const column = (c: number) => Array.from({ length: 8 }, (_, r) => out[8 * r + c]);
    expect(column(4)).toEqual([0, 0, 0, 128, 255, 128, 0, 0]);
    expect(column(7)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("a stroke beyond the paper is cut off, not wrapped", () => {
    const out = new Uint8Array(64);
    drawStrokes([[-9, -6, -4, -2].map((x) => [x, 3.5] as const)], 1, out, 8);
    expect(Math.max(...out)).toBe(0);
    drawStrokes([[6, 8, 10, 12].map((x) => [x, 3.5] as const)], 1, out, 8);
    expect(out[8 * 3 + 7]).toBe(255);
    expect(out[8 * 3]).toBe(0);
  });
});
