// Stable order of rows: sorts pairs (key, position) as 64-bit numbers, where the key's unsigned
// order is the order asked for; pairs are all different, so no sort could be unstable.

import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";

/** Rows up to this length are sorted by insertion, longer ones byte by byte. */
const SHORT: u32 = 40;
const DIGITS: u32 = 256;

/** Floats in ascending order of their keys; -0 is 0; the two zeros keep their order. */
// @ts-ignore: decorator
@inline
function floatKey(bits: i32, descending: bool): u32 {
  if ((bits & 0x7fffffff) > 0x7f800000) return u32.MAX_VALUE; // NaN is last either way
  if (bits == i32.MIN_VALUE) bits = 0;
  const key = <u32>bits ^ (<u32>(bits >> 31) | 0x80000000);
  return descending ? ~key : key;
}

// @ts-ignore: decorator
@inline
function intKey(bits: i32, descending: bool): u32 {
  const key = <u32>bits ^ 0x80000000;
  return descending ? ~key : key;
}

function insertionSort(pairs: usize, n: u32): void {
  const end = pairs + (<usize>n << 3);
  for (let p = pairs + 8; p < end; p += 8) {
    const pair = load<u64>(p);
    let q = p;
    for (; q > pairs; q -= 8) {
      const before = load<u64>(q - 8);
      if (before <= pair) break;
      store<u64>(q, before);
    }
    store<u64>(q, pair);
  }
}

/** Four stable passes over the bytes of the keys; a byte that all keys share is skipped. The
 * result is in `pairs` or in `other`: the address is returned. */
function radixSort(pairs: usize, other: usize, counts: usize, n: u32): usize {
  for (let shift: u64 = 32; shift < 64; shift += 8) {
    memory.fill(counts, 0, DIGITS << 2);
    for (let i: u32 = 0; i < n; i++) {
      const at = counts + (<usize>((load<u64>(pairs + (<usize>i << 3)) >> shift) & 255) << 2);
      store<u32>(at, load<u32>(at) + 1);
    }
    const digit = <usize>((load<u64>(pairs) >> shift) & 255);
    if (load<u32>(counts + (digit << 2)) == n) continue;
    let before: u32 = 0;
    for (let at = counts; at < counts + (DIGITS << 2); at += 4) {
      const count = load<u32>(at);
      store<u32>(at, before);
      before += count;
    }
    for (let i: u32 = 0; i < n; i++) {
      const pair = load<u64>(pairs + (<usize>i << 3));
      const at = counts + (<usize>((pair >> shift) & 255) << 2);
      const place = load<u32>(at);
      store<u32>(at, place + 1);
      store<u64>(other + (<usize>place << 3), pair);
    }
    const sorted = other;
    other = pairs;
    pairs = sorted;
  }
  return pairs;
}

// @ts-ignore: decorator
@inline
function sortRows(x: usize, out: usize, outer: u32, n: u32, descending: bool, float: bool): void {
  const bytes = <usize>n << 3;
  const counts = scratch((<usize>DIGITS << 2) + 2 * bytes);
  const pairs = counts + (DIGITS << 2);
  const start = <u32>firstUnit(outer);
  x += bytes * start >> 1;
  out += bytes * start >> 1;
  for (let left = <u32>endUnit(outer) - start; left; left--) {
    for (let i: u32 = 0; i < n; i++) {
      const bits = load<i32>(x + (<usize>i << 2));
      const key = float ? floatKey(bits, descending) : intKey(bits, descending);
      store<u64>(pairs + (<usize>i << 3), (<u64>key << 32) | i);
    }
    let sorted = pairs;
    if (n <= SHORT) insertionSort(pairs, n);
    else sorted = radixSort(pairs, pairs + bytes, counts, n);
    for (let i: u32 = 0; i < n; i++) {
      store<i32>(out + (<usize>i << 2), load<i32>(sorted + (<usize>i << 3)));
    }
    x += <usize>n << 2;
    out += <usize>n << 2;
  }
}

export function argsort(x: usize, out: usize, outer: i32, n: i32, descending: i32): void {
  sortRows(x, out, outer, n, descending != 0, true);
}

export function intArgsort(x: usize, out: usize, outer: i32, n: i32, descending: i32): void {
  sortRows(x, out, outer, n, descending != 0, false);
}
