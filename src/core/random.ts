// Counter-based random numbers on the host: every draw is a pure function of (seed, index,
// position), so data order never depends on what was drawn elsewhere.

import { ValueError } from "./errors";

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];

/**
 * Threefry-2x32 with 20 rounds: two uint32 words from a key and a counter of two words each.
 * Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
export function threefry(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const keys = [k0 | 0, k1 | 0, 0x1bd11bda ^ k0 ^ k1];
  let x0 = (c0 + keys[0]) | 0;
  let x1 = (c1 + keys[1]) | 0;
  for (let round = 0; round < 20; round++) {
    const r = ROTATIONS[round % 8];
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << r) | (x1 >>> (32 - r))) ^ x0;
    if (round % 4 === 3) {
      const turn = (round + 1) / 4;
      x0 = (x0 + keys[turn % 3]) | 0;
      x1 = (x1 + keys[(turn + 1) % 3] + turn) | 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}

const low = (x: number) => x >>> 0;
const high = (x: number) => Math.floor(x / 2 ** 32) >>> 0;

/**
 * The random stream of a seed and an index: `stream(7, i)` for episode i of seed 7. Streams of
 * different (seed, index) are independent of each other and of the device's random bits.
 */
export class Stream {
  readonly #key: [number, number];
  /** Blocks of 64 bits drawn so far; set it to go back or ahead. */
  position = 0;

  /** Throws ValueError unless seed is a safe integer and index one from 0. */
  constructor(seed: number, index = 0) {
    if (!Number.isSafeInteger(seed)) {
      throw new ValueError(`stream: seed is no whole number: ${seed}. Use one below 2^53.`);
    }
    if (!Number.isSafeInteger(index) || index < 0) {
      throw new ValueError(`stream: index is no whole number from 0: ${index}. Count from 0.`);
    }
    // Second counter words 0 and 1 belong to randomBits and splitKey.
    this.#key = threefry(low(seed), high(seed), low(index), 2 + high(index));
  }

  /** A whole number in [0, 2^53). */
  #bits(): number {
    const at = this.position++;
    const [a, b] = threefry(this.#key[0], this.#key[1], low(at), high(at));
    return (a >>> 5) * 2 ** 26 + (b >>> 6);
  }

  /** A number in [0, 1), a multiple of 2^-53. */
  uniform(): number {
    return this.#bits() / 2 ** 53;
  }

  /** A whole number in [0, n), each equally likely. Throws ValueError unless 0 < n <= 2^53. */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 53) {
      throw new ValueError(`integer: n must be a whole number from 1 to 2^53, got ${n}.`);
    }
    const fair = 2 ** 53 - (2 ** 53 % n); // values from here on would favour small results
    let bits = this.#bits();
    while (bits >= fair) bits = this.#bits();
    return bits % n;
  }

  /** A number of the standard normal distribution (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Puts the array in a random order, in place, and returns it. */
  shuffle<T>(array: T[]): T[] {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = array[i];
      array[i] = array[j];
      array[j] = held;
    }
    return array;
  }

  /**
   * k different whole numbers below n, in random order. Takes time and memory for k numbers, not
   * for n. Throws ValueError unless 0 <= k <= n.
   */
  choose(n: number, k: number): number[] {
    if (!Number.isInteger(n) || !Number.isInteger(k) || k < 0 || k > n) {
      throw new ValueError(`choose: cannot take ${k} of ${n} without repetition. Use 0 to ${n}.`);
    }
    // The first k steps of a shuffle of 0 .. n - 1 that keeps only the places it has touched.
    const moved = new Map<number, number>();
    const chosen = new Array<number>(k);
    for (let i = 0; i < k; i++) {
      const j = i + this.integer(n - i);
      chosen[i] = moved.get(j) ?? j;
      moved.set(j, moved.get(i) ?? i);
    }
    return chosen;
  }
}

/** The random stream of a seed and an index. */
export function stream(seed: number, index = 0): Stream {
  return new Stream(seed, index);
}
