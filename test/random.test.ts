// The host random generator: published known answers, and streams that depend on nothing but
// their seed, index and position.

import { describe, expect, test } from "vitest";
import { type Stream, stream, threefry } from "../src/core/random";

describe("threefry", () => {
  // Random123's known answers for threefry2x32 with 20 rounds.
  test.each([
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
  ])("key %d %d at %d %d", (k0, k1, c0, c1, x0, x1) => {
    expect(threefry(k0, k1, c0, c1)).toEqual([x0, x1]);
  });

  test("takes words as int32 or as uint32", () => {
    expect(threefry(-1, -1, -1, -1)).toEqual(threefry(2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, -1));
  });
});

describe("stream", () => {
  const draw = (s: Stream, n: number) => Array.from({ length: n }, () => s.uniform());

  test("the same seed and index give the same numbers", () => {
    expect(draw(stream(7, 3), 20)).toEqual(draw(stream(7, 3), 20));
  });

  test("seeds, indices and signs of seeds give different numbers", () => {
    const firsts = [
      stream(0),
      stream(1),
      stream(-1),
      stream(2 ** 32),
      stream(2 ** 32 + 1),
      stream(0, 1),
      stream(1, 1),
      stream(0, 2 ** 32),
    ].map((s) => s.uniform());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  test("its position can be put back and ahead", () => {
    const s = stream(5);
    const all = draw(s, 10);
    expect(s.position).toBe(10);
    s.position = 4;
    expect(draw(s, 6)).toEqual(all.slice(4));
    s.position = 2 ** 40;
    expect(all).not.toContain(s.uniform());
  });

  test("uniform fills [0, 1) evenly: chi-square of 64 bins, p in (0.001, 0.999)", () => {
    const bins = new Array<number>(64).fill(0);
    for (const u of draw(stream(11), 64_000)) {
      expect(u >= 0 && u < 1).toBe(true);
      bins[Math.floor(u * 64)] += 1;
    }
    const chi = bins.reduce((s, n) => s + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeGreaterThan(32.7);
    expect(chi).toBeLessThan(103.4);
  });

  test("uniform has 53 bits", () => {
    const low = draw(stream(12), 200).map((u) => (u * 2 ** 53) % 2);
    expect(low.every(Number.isInteger)).toBe(true);
    expect(low.filter((bit) => bit === 1).length).toBeGreaterThan(60);
    expect(low.filter((bit) => bit === 0).length).toBeGreaterThan(60);
  });

  test("integer is fair where n does not divide the range", () => {
    const n = 3 * 2 ** 51; // unfair, the lower third would come half the time
    const s = stream(13);
    let below = 0;
    for (let i = 0; i < 3000; i++) {
      const v = s.integer(n);
      expect(v >= 0 && v < n && Number.isInteger(v)).toBe(true);
      if (v < n / 3) below += 1;
    }
    expect(Math.abs(below - 1000)).toBeLessThan(4 * Math.sqrt((3000 * 2) / 9));
    expect(s.integer(1)).toBe(0);
  });

  test.each([0, -1, 1.5, NaN, 2 ** 53 + 2])("integer(%d) is refused", (n) => {
    expect(() => stream(1).integer(n)).toThrow(
      `integer: n must be a whole number from 1 to 2^53, got ${n}.`,
    );
  });

  test("normal has the moments of the normal distribution", () => {
    const s = stream(17);
    const n = 100_000;
    const z = Array.from({ length: n }, () => s.normal());
    const moment = (p: number) => z.reduce((sum, v) => sum + v ** p, 0) / n;
    // Four standard errors of each moment: variances of z^p are 1, 2, 15, 96.
    expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(1 / n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
  });

  test("shuffle reaches every order equally often, in place", () => {
    const s = stream(19);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const array = ["a", "b", "c"];
      expect(s.shuffle(array)).toBe(array);
      counts.set(array.join(""), (counts.get(array.join("")) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(20.5); // p = 0.001, 5 degrees
    expect(s.shuffle([])).toEqual([]);
  });

  test("choose takes different numbers, every ordered pair equally often", () => {
    const s = stream(23);
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 12_000; i++) {
      const [p, q] = s.choose(4, 2);
      counts[4 * p + q] += 1;
    }
    for (let p = 0; p < 4; p++) expect(counts[5 * p]).toBe(0);
    const chi = counts.reduce((sum, n, i) => sum + (i % 5 === 0 ? 0 : (n - 1000) ** 2 / 1000), 0);
    expect(chi).toBeLessThan(31.3); // p = 0.001, 11 degrees
  });

  test("choose of all is a permutation, of none is empty, of many is quick", () => {
    expect(
      stream(1)
        .choose(30, 30)
        .sort((a, b) => a - b),
    ).toEqual([...Array(30).keys()]);
    expect(stream(1).choose(5, 0)).toEqual([]);
    const few = stream(1).choose(1e15, 5);
    expect(new Set(few).size).toBe(5);
    expect(Math.max(...few)).toBeLessThan(1e15);
  });

  test("choose of more than there are is refused", () => {
    expect(() => stream(1).choose(4, 5)).toThrow(
      "choose: cannot take 5 of 4 without repetition. Use 0 to 4.",
    );
  });

  test("a seed that is no whole number is refused", () => {
    expect(() => stream(1.5)).toThrow("stream: seed is no whole number: 1.5. Use one below 2^53.");
    expect(() => stream(1, -1)).toThrow(
      "stream: index is no whole number from 0: -1. Count from 0.",
    );
  });
});
