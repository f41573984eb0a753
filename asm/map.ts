// The elementwise kernels: operands are fetched tile by tile, so that what is repeated is written
// out once in L1 cache, and `apply` sees contiguous values only.

import { PAD, apply } from "./elementwise";
import { F } from "./functions";
import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";
import { copyElements, storePart } from "./simd";

/** Elements of a tile: three operands and the result fit the smallest L1 cache. */
const TILE: u32 = 1024;
const TILE_BYTES: usize = (<usize>TILE << 2) + 16; // runs are written in whole vectors

/** Writes `value` to `count` elements, and to up to three more. */
// @ts-ignore: decorator
@inline
function splatOver(to: usize, value: v128, count: u32): void {
  const end = to + (<usize>count << 2);
  for (; to < end; to += 16) v128.store(to, value);
}

/** Writes `count` elements of a row's endless repeat, from its element `at` on: one round, then
 * copies of all that is there, doubling. */
function repeat(p: usize, mid: u32, at: u32, count: u32, tile: usize): void {
  const end = mid - at; // less than count: else the operand is read in place
  copyElements(p + (<usize>at << 2), tile, end);
  copyElements(p, tile + (<usize>end << 2), min(at, count - end));
  for (let done = mid; done < count; done <<= 1) {
    const bytes = <usize>min(done, count - done) << 2;
    const to = tile + (<usize>done << 2);
    for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.load(tile + i));
  }
}

/** Elements [start, start + count) of an operand read through the repeat (inner, mid); `total` is
 * the length of the result. Contiguous ones stay where they are, the rest is written to `tile`,
 * which is `fresh` at a thread's first `start`. */
export function fetch(
  p: usize, inner: u32, mid: u32, total: u32, start: u32, count: u32, tile: usize, length: u32,
  fresh: bool,
): usize {
  if (inner == 1) {
    if (mid >= total) return p + (<usize>start << 2);
    if (mid == 1) {
      if (fresh) splatOver(tile, v128.load32_splat(p), count); // stays for the tiles that follow
      return tile;
    }
    const at = start % mid;
    if (at + count <= mid) return p + (<usize>at << 2);
    if (!fresh && length % mid == 0) return tile; // each tile begins at the row's first element
    repeat(p, mid, at, count, tile);
    return tile;
  }
  let at = start / inner;
  let run = inner - (start - at * inner);
  at %= mid;
  for (let done: u32 = 0; done < count; run = inner) {
    if (run > count - done) run = count - done;
    splatOver(tile + (<usize>done << 2), v128.load32_splat(p + (<usize>at << 2)), run);
    done += run;
    if (++at == mid) at = 0;
  }
  return tile;
}

/** The tile length, at most `most`, that suits a row operand: the rows begin at a tile's first
 * element. */
// @ts-ignore: decorator
@inline
export function fit(length: u32, inner: u32, mid: u32, total: u32, most: u32): u32 {
  if (inner != 1 || mid == 1 || mid >= total || mid > most) return length;
  const period = mid & 3 ? mid << 2 : mid;
  return period <= most ? most - (most % period) : mid;
}

/** This thread's first of n elements; its share is made of whole tiles. */
export function firstOf(n: u32, length: u32): u32 {
  return min(<u32>firstUnit((n + length - 1) / length) * length, n);
}

/** The element behind this thread's share. */
export function endOf(n: u32, length: u32): u32 {
  return min(<u32>endUnit((n + length - 1) / length) * length, n);
}

// Operands that a function lacks are the output: read in place, without a tile, and not used.

export function map1(x: usize, out: usize, f: i32, n: i32, xInner: i32, xMid: i32): void {
  map3(x, out, out, out, f, n, xInner, xMid, 1, n, 1, n);
}

export function map2(
  x: usize, y: usize, out: usize, f: i32, n: i32, xInner: i32, xMid: i32, yInner: i32, yMid: i32,
): void {
  map3(x, y, out, out, f, n, xInner, xMid, yInner, yMid, 1, n);
}

export function map3(
  x: usize, y: usize, z: usize, out: usize, f: i32, n: i32, xInner: i32, xMid: i32,
  yInner: i32, yMid: i32, zInner: i32, zMid: i32,
): void {
  const pad = scratch(PAD + 3 * TILE_BYTES);
  const tileX = pad + PAD;
  const tileY = tileX + TILE_BYTES;
  const tileZ = tileY + TILE_BYTES;
  let length = TILE;
  if (<u32>n > TILE) {
    length = fit(length, xInner, xMid, n, TILE);
    length = fit(length, yInner, yMid, n, TILE);
    length = fit(length, zInner, zMid, n, TILE);
  }
  const start = firstOf(n, length);
  const end = endOf(n, length);
  for (let i = start; i < end; i += length) {
    const count = min(length, end - i);
    const fresh = i == start;
    const a = fetch(x, xInner, xMid, n, i, count, tileX, length, fresh);
    const b = fetch(y, yInner, yMid, n, i, count, tileY, length, fresh);
    const c = fetch(z, zInner, zMid, n, i, count, tileZ, length, fresh);
    apply(<F>f, a, b, c, out + (<usize>i << 2), count, pad);
  }
}

export function fill(out: usize, n: i32, value: f32): void {
  fillInt(out, n, reinterpret<i32>(value));
}

export function fillInt(out: usize, n: i32, value: i32): void {
  const v = i32x4.splat(value);
  const end = endOf(n, TILE);
  const whole = <usize>(end & ~3) << 2;
  for (let i = <usize>firstOf(n, TILE) << 2; i < whole; i += 16) v128.store(out + i, v);
  if (end & 3) storePart(out + whole, v, end & 3);
}
