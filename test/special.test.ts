// erf and its inverse, compared with values computed to 50 digits by another engine.

import { describe, expect, test } from "vitest";
import { erf, erfInv } from "../src/device/reference/special";

// x and erf(x), by mpmath at 50 digits.
const ERF: [number, number][] = [
  [1e-300, 1.1283791670955126e-300],
  [1e-20, 1.1283791670955125e-20],
  [1e-8, 1.1283791670955126e-8],
  [0.001, 0.0011283787909692365],
  [0.1, 0.1124629160182849],
  [0.3, 0.3286267594591274],
  [0.5, 0.5204998778130465],
  [0.75, 0.7111556336535151],
  [1, 0.8427007929497149],
  [1.2, 0.9103139782296353],
  [1.249, 0.922663311315066],
  [1.25, 0.9229001282564583],
  [1.5, 0.9661051464753108],
  [2, 0.9953222650189527],
  [2.5, 0.999593047982555],
  [3, 0.9999779095030014],
  [4, 0.9999999845827421],
  [5, 0.9999999999984626],
  [5.9, 0.9999999999999999],
];

// x and erfInv(x), likewise; 1 - 2^-53 is the last number below 1.
const INVERSE: [number, number][] = [
  [1e-300, 8.86226925452758e-301],
  [1e-20, 8.86226925452758e-21],
  [1e-5, 8.862269254759594e-6],
  [0.01, 0.008862501280950598],
  [0.1, 0.08885599049425769],
  [0.3, 0.2724627147267543],
  [0.49, 0.46586860023505733],
  [0.5, 0.4769362762044699],
  [0.51, 0.4881220505159588],
  [0.7, 0.7328690779592167],
  [0.9, 1.1630871536766743],
  [0.9165, 1.2238106496649246],
  [0.95, 1.3859038243496777],
  [0.99, 1.8213863677184494],
  [0.999, 2.3267537655135246],
  [0.999999, 3.458910737275499],
  [1 - 2 ** -24, 3.832506856900711],
  [1 - 2 ** -40, 5.05125408524939],
  [1 - 2 ** -53, 5.8635847487551676],
];

const relative = (got: number, truth: number) => Math.abs(got - truth) / Math.abs(truth);

describe("erf", () => {
  test.each(ERF)("erf(%d)", (x, y) => {
    expect(relative(erf(x), y)).toBeLessThan(7e-16);
    expect(erf(-x)).toBe(-erf(x));
  });

  test("keeps the sign of zero, reaches its limits and keeps NaN", () => {
    expect(erf(0)).toBe(0);
    expect(erf(-0)).toBe(-0);
    expect(erf(Infinity)).toBe(1);
    expect(erf(-Infinity)).toBe(-1);
    expect(erf(NaN)).toBeNaN();
  });

  test("never decreases across the joints of its pieces", () => {
    for (const joint of [1.25, 6]) {
      for (let i = -50; i < 50; i++) {
        expect(erf(joint + (i + 1) * 1e-6)).toBeGreaterThanOrEqual(erf(joint + i * 1e-6));
      }
    }
  });
});

describe("erfInv", () => {
  test.each(INVERSE)("erfInv(%d)", (x, y) => {
    expect(relative(erfInv(x), y)).toBeLessThan(2e-15);
    expect(erfInv(-x)).toBe(-erfInv(x));
  });

  test("keeps the sign of zero, is infinite at the ends and NaN outside", () => {
    expect(erfInv(0)).toBe(0);
    expect(erfInv(-0)).toBe(-0);
    expect(erfInv(1)).toBe(Infinity);
    expect(erfInv(-1)).toBe(-Infinity);
    expect(erfInv(1.0000001)).toBeNaN();
    expect(erfInv(-3)).toBeNaN();
    expect(erfInv(NaN)).toBeNaN();
  });

  test("undoes erf", () => {
    for (let x = 0.001; x < 2; x += 0.01) expect(relative(erfInv(erf(x)), x)).toBeLessThan(1e-14);
  });
});
