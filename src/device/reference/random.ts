// Random bits and keys: Threefry-2x32 words, equal on every device.

import { threefry } from "../../core/random";
import type { Body } from "./body";

const randomBits: Body = ([key], [out], [b, n]) => {
  for (let p = 0; p < b; p++) {
    for (let i = 0; i < n; i++) {
      out[p * n + i] = threefry(key[2 * p], key[2 * p + 1], Math.floor(i / 2), 0)[i % 2];
    }
  }
};

const splitKey: Body = ([key], [out], [b, n]) => {
  for (let p = 0; p < b; p++) {
    for (let j = 0; j < n; j++) {
      out.set(threefry(key[2 * p], key[2 * p + 1], j, 1), 2 * (p * n + j));
    }
  }
};

export const random = { randomBits, splitKey };
