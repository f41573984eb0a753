// Threefry-2x32 with 20 rounds (Salmon et al., SC 2011), four counters at a time: the same words as
// src/core/random.ts gives.

import { endUnit, firstUnit } from "./share";
import { storePart } from "./simd";

/** Rotated to the left, then xor-ed. */
// @ts-ignore: decorator
@inline
function spin(x: v128, by: i32, other: v128): v128 {
  return v128.xor(v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by)), other);
}

/** Words from (a multiple of 8) .. to - 1 of a key's stream with second counter word c1. */
function stream(key: usize, out: usize, from: u32, words: u32, c1: i32): void {
  const k0 = v128.load32_splat(key);
  const k1 = v128.load32_splat(key, 4);
  const k2 = v128.xor(v128.xor(k0, k1), i32x4.splat(0x1bd11bda));
  for (let done = from; done < words; done += 8) {
    let a = i32x4.add(i32x4.add(i32x4.splat(done >> 1), i32x4(0, 1, 2, 3)), k0);
    let b = i32x4.add(i32x4.splat(c1), k1);
    let ka = k1;
    let kb = k2;
    let kc = k0;
    for (let turn = 1; turn <= 5; turn++) {
      if (turn & 1) {
        a = i32x4.add(a, b);
        b = spin(b, 13, a);
        a = i32x4.add(a, b);
        b = spin(b, 15, a);
        a = i32x4.add(a, b);
        b = spin(b, 26, a);
        a = i32x4.add(a, b);
        b = spin(b, 6, a);
      } else {
        a = i32x4.add(a, b);
        b = spin(b, 17, a);
        a = i32x4.add(a, b);
        b = spin(b, 29, a);
        a = i32x4.add(a, b);
        b = spin(b, 16, a);
        a = i32x4.add(a, b);
        b = spin(b, 24, a);
      }
      a = i32x4.add(a, ka);
      b = i32x4.add(b, i32x4.add(kb, i32x4.splat(turn)));
      const first = ka;
      ka = kb;
      kb = kc;
      kc = first;
    }
    const to = out + (<usize>done << 2);
    const low = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const up = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    storePart(to, low, words - done);
    if (words - done > 4) storePart(to + 16, up, words - done - 4);
  }
}

/** The first `words` words of the streams of b keys; a thread's share is a range of all eights. */
function streams(key: usize, out: usize, b: u32, words: u32, c1: i32): void {
  const eights = (words + 7) >> 3;
  const end = <u32>endUnit(b * eights);
  for (let unit = <u32>firstUnit(b * eights); unit < end; ) {
    const i = unit / eights;
    const from = unit - i * eights;
    const to = min(eights, from + end - unit);
    const row = out + (<usize>(i * words) << 2);
    stream(key + (<usize>i << 3), row, from << 3, min(to << 3, words), c1);
    unit += to - from;
  }
}

/** Words i of the streams of b keys, n each. */
export function randomBits(key: usize, out: usize, b: i32, n: i32): void {
  streams(key, out, b, n, 0);
}

/** n keys of each of b keys. */
export function splitKey(key: usize, out: usize, b: i32, n: i32): void {
  streams(key, out, b, n << 1, 1);
}
