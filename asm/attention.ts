// Attention and its gradients: keys in blocks, queries in tiles, so that only a tile of scores is
// held at a time; the softmax runs on from block to block by its maximum and sum so far.

import { exp, log } from "./math";
import { PACKED_BYTES, listRows, packAll, packedBytes, rowsBytes, timesPacked } from "./packed";
import { scratch } from "./scratch";
import { endUnit, firstUnit, shares } from "./share";
import { fma, loadSome, select, storeSome, sumLanes } from "./simd";

/** Keys of a block: packed, they and their values stay in L2. */
const KEYS: i32 = 256;
/** Queries of a tile. */
const QUERIES: i32 = 32;

/** How many keys of a block that begins at j0 query i may see, but for the mask. */
// @ts-ignore: decorator
@inline
function limit(i: i32, j0: i32, keys: i32, offset: i32, causal: i32): i32 {
  return causal ? max(0, min(keys, i + offset - j0 + 1)) : keys;
}

/** All ones in the lanes of keys that the mask shows. */
// @ts-ignore: decorator
@inline
function shown(mask: usize, left: i32): v128 {
  return i32x4.ne(loadSome(mask, left), i32x4.splat(0));
}

// @ts-ignore: decorator
@inline
function largestLane(v: v128): f32 {
  const w = f32x4.pmax(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(w, v128.shuffle<f32>(w, w, 1, 0, 3, 2)), 0);
}

/** to *= factor, n floats. */
function scaleRow(to: usize, factor: f32, n: i32): void {
  const f = f32x4.splat(factor);
  for (; n > 0; n -= 4, to += 16) storeSome(to, f32x4.mul(loadSome(to, n), f), n);
}

/**
 * A row of scores times `scale` becomes weights exp(s - most), hidden ones 0, with the largest
 * score so far at `most` and the sum so far at `total`; y, the sum of weighted values so far,
 * follows. The row has room for whole vectors; `seen` of its `keys` scores count.
 */
function weighRow(
  s: usize, keys: i32, seen: i32, mask: usize, scale: f32, most: usize, total: usize, y: usize,
  dv: i32,
): void {
  const end = s + (<usize>((seen + 3) & ~3) << 2);
  const low = f32x4.splat(-Infinity);
  const factor = f32x4.splat(scale);
  const whole = s + (<usize>((keys + 3) & ~3) << 2);
  if (end < whole) memory.fill(end, 0, whole - end);
  let left = seen;
  for (let p = s; p < end; p += 16, left -= 4) {
    let x = f32x4.mul(v128.load(p), factor);
    if (mask) {
      x = select(shown(mask, left), x, low);
      mask += 16;
    }
    v128.store(p, x);
  }
  for (let p = s + (<usize>seen << 2); p < end; p += 4) store<f32>(p, -Infinity);
  let top = low;
  for (let p = s; p < end; p += 16) top = f32x4.pmax(top, v128.load(p));
  const before = load<f32>(most);
  let now = largestLane(top);
  if (now < before) now = before;
  if (now == -Infinity) {
    // nothing seen yet, unless what is seen is NaN
    if (seen > 0 && keepsNaN(s, end)) now = NaN;
    else {
      memory.fill(s, 0, end - s);
      return;
    }
  }
  const m = f32x4.splat(now);
  let sum = i32x4.splat(0);
  for (let p = s; p < end; p += 16) {
    const e = exp(f32x4.sub(v128.load(p), m));
    v128.store(p, e);
    sum = f32x4.add(sum, e);
  }
  let rest: f32 = 1;
  if (before != now) {
    rest = f32x4.extract_lane(exp(f32x4.splat(before - now)), 0);
    if (before != -Infinity) scaleRow(y, rest, dv);
    store<f32>(most, now);
  }
  store<f32>(total, load<f32>(total) * rest + sumLanes(sum));
}

function keepsNaN(p: usize, end: usize): bool {
  for (; p < end; p += 4) if (load<f32>(p) != load<f32>(p)) return true;
  return false;
}

export function attentionForward(
  q: usize, k: usize, v: usize, mask: usize, y: usize, lse: usize,
  n: i32, tq: i32, tk: i32, d: i32, dv: i32, causal: i32, masked: i32, ms: i32, mr: i32,
  scale: f32,
): void {
  const keys = min(tk, KEYS);
  const row = <usize>((keys + 3) & ~3) << 2;
  // Threads share the n, else the tiles of queries of each.
  const whole = n >= shares();
  const tiles = (tq + QUERIES - 1) / QUERIES;
  const from = whole ? 0 : firstUnit(tiles) * QUERIES;
  const to = whole ? tq : min(tq, endUnit(tiles) * QUERIES);
  const last = whole ? endUnit(n) : n;
  if (from >= to) return;
  const base = scratch(
    PACKED_BYTES + rowsBytes(QUERIES) + packedBytes(d, keys) + packedBytes(keys, dv) +
      row * QUERIES + (<usize>tq << 2),
  );
  const rows = base + PACKED_BYTES;
  const keysAt = rows + rowsBytes(QUERIES);
  const valuesAt = keysAt + packedBytes(d, keys);
  const scores = valuesAt + packedBytes(keys, dv);
  const totals = scores + row * QUERIES;
  const dBytes = <usize>d << 2;
  const vBytes = <usize>dv << 2;
  for (let p = whole ? firstUnit(n) : 0; p < last; p++) {
    const qp = q + <usize>p * tq * dBytes;
    const kp = k + <usize>p * tk * dBytes;
    const vp = v + <usize>p * tk * vBytes;
    const yp = y + <usize>p * tq * vBytes;
    const most = lse + ((<usize>p * tq) << 2);
    const shownTo = mask + ((<usize>p * ms) << 2);
    memory.fill(yp + <usize>from * vBytes, 0, <usize>(to - from) * vBytes);
    memory.fill(totals, 0, <usize>tq << 2);
    for (let i = from; i < to; i++) store<f32>(most + (<usize>i << 2), -Infinity);
    for (let j0 = 0; j0 < tk; j0 += KEYS) {
      const kn = min(KEYS, tk - j0);
      packAll(keysAt, kp + <usize>j0 * dBytes, 4, dBytes, d, kn);
      packAll(valuesAt, vp + <usize>j0 * vBytes, vBytes, 4, kn, dv);
      for (let i0 = from; i0 < to; i0 += QUERIES) {
        const qn = min(QUERIES, to - i0);
        if (limit(i0 + qn - 1, j0, kn, tk - tq, causal) == 0) continue;
        listRows(rows, qp + <usize>i0 * dBytes, dBytes, scores, row, qn);
        if (d > 0) timesPacked(base, rows, qn, 4, keysAt, d, kn, false);
        else memory.fill(scores, 0, row * qn);
        for (let r = 0; r < qn; r++) {
          const i = i0 + r;
          const at = <usize>i << 2;
          weighRow(
            scores + row * r, kn, limit(i, j0, kn, tk - tq, causal),
            masked ? shownTo + ((<usize>i * mr + j0) << 2) : 0, scale, most + at, totals + at,
            yp + <usize>i * vBytes, dv,
          );
        }
        listRows(rows, scores, row, yp + <usize>i0 * vBytes, vBytes, qn);
        timesPacked(base, rows, qn, 4, valuesAt, kn, dv, true);
      }
    }
    for (let i = from; i < to; i++) {
      const at = <usize>i << 2;
      const total = load<f32>(totals + at);
      if (total == 0) store<f32>(most + at, 0); // it saw nothing
      else {
        const sum = f32x4.extract_lane(log(f32x4.splat(total)), 0);
        store<f32>(most + at, load<f32>(most + at) + sum);
        scaleRow(yp + <usize>i * vBytes, 1 / total, dv);
      }
    }
  }
}

/** Scores become weights, hidden ones 0, and g v become ds; both rows have whole vectors. */
function gradRow(
  s: usize, gv: usize, keys: i32, seen: i32, mask: usize, scale: f32, lse: f32, r: f32,
): void {
  const whole = s + (<usize>((keys + 3) & ~3) << 2);
  const end = s + (<usize>((seen + 3) & ~3) << 2);
  const factor = f32x4.splat(scale);
  const sum = f32x4.splat(lse);
  const mean = f32x4.splat(r);
  const over = gv - s;
  let left = seen;
  for (let p = s; p < end; p += 16, left -= 4) {
    let w = exp(f32x4.sub(f32x4.mul(v128.load(p), factor), sum));
    let ds = f32x4.mul(f32x4.mul(w, f32x4.sub(v128.load(p + over), mean)), factor);
    if (mask) {
      const seen = shown(mask, left);
      w = v128.and(w, seen);
      ds = v128.and(ds, seen);
      mask += 16;
    }
    v128.store(p, w);
    v128.store(p + over, ds);
  }
  const from = s + (<usize>seen << 2);
  if (from < whole) {
    memory.fill(from, 0, whole - from);
    memory.fill(from + over, 0, whole - from);
  }
}

/** Sum of a b, n floats. */
function dotRow(a: usize, b: usize, n: i32): f32 {
  let sum = i32x4.splat(0);
  for (; n > 0; n -= 4, a += 16, b += 16) sum = fma(loadSome(a, n), loadSome(b, n), sum);
  return sumLanes(sum);
}

export function attentionBackward(
  q: usize, k: usize, v: usize, mask: usize, y: usize, lse: usize, g: usize,
  dq: usize, dk: usize, dvs: usize,
  n: i32, tq: i32, tk: i32, d: i32, dv: i32, causal: i32, masked: i32, ms: i32, mr: i32,
  scale: f32,
): void {
  const keys = min(tk, KEYS);
  const row = <usize>((keys + 3) & ~3) << 2;
  const table = max(keys, QUERIES);
  const widest = max(d, dv);
  const base = scratch(
    PACKED_BYTES + rowsBytes(table) + packedBytes(d, keys) + packedBytes(dv, keys) +
      packedBytes(keys, d) + packedBytes(QUERIES, widest) + row * QUERIES * 2,
  );
  const rows = base + PACKED_BYTES;
  const keysAt = rows + rowsBytes(table); // K transposed: the scores' right side
  const valuesAt = keysAt + packedBytes(d, keys); // V transposed
  const plainAt = valuesAt + packedBytes(dv, keys); // K
  const tileAt = plainAt + packedBytes(keys, d); // a tile of g, then of q
  const scores = tileAt + packedBytes(QUERIES, widest);
  const grads = scores + row * QUERIES;
  const dBytes = <usize>d << 2;
  const vBytes = <usize>dv << 2;
  // No sum is split: threads share the n alone.
  const last = endUnit(n);
  for (let p = firstUnit(n); p < last; p++) {
    const ofQ = <usize>p * tq * dBytes;
    const ofK = <usize>p * tk * dBytes;
    const ofY = <usize>p * tq * vBytes;
    const ofV = <usize>p * tk * vBytes;
    const sums = lse + ((<usize>p * tq) << 2);
    const shownTo = mask + ((<usize>p * ms) << 2);
    memory.fill(dq + ofQ, 0, <usize>tq * dBytes);
    memory.fill(dk + ofK, 0, <usize>tk * dBytes);
    memory.fill(dvs + ofV, 0, <usize>tk * vBytes);
    for (let j0 = 0; j0 < tk; j0 += KEYS) {
      const kn = min(KEYS, tk - j0);
      const kBlock = k + ofK + <usize>j0 * dBytes;
      const dkBlock = dk + ofK + <usize>j0 * dBytes;
      const dvBlock = dvs + ofV + <usize>j0 * vBytes;
      packAll(keysAt, kBlock, 4, dBytes, d, kn);
      packAll(valuesAt, v + ofV + <usize>j0 * vBytes, 4, vBytes, dv, kn);
      packAll(plainAt, kBlock, dBytes, 4, kn, d);
      for (let i0 = 0; i0 < tq; i0 += QUERIES) {
        const qn = min(QUERIES, tq - i0);
        if (limit(i0 + qn - 1, j0, kn, tk - tq, causal) == 0) continue;
        const qTile = q + ofQ + <usize>i0 * dBytes;
        const gTile = g + ofY + <usize>i0 * vBytes;
        if (d == 0 || dv == 0) memory.fill(scores, 0, row * QUERIES * 2);
        if (d > 0) {
          listRows(rows, qTile, dBytes, scores, row, qn);
          timesPacked(base, rows, qn, 4, keysAt, d, kn, false);
        }
        if (dv > 0) {
          listRows(rows, gTile, vBytes, grads, row, qn);
          timesPacked(base, rows, qn, 4, valuesAt, dv, kn, false);
        }
        for (let r = 0; r < qn; r++) {
          const i = i0 + r;
          const at = ofY + <usize>i * vBytes;
          gradRow(
            scores + row * r, grads + row * r, kn, limit(i, j0, kn, tk - tq, causal),
            masked ? shownTo + ((<usize>i * mr + j0) << 2) : 0, scale,
            load<f32>(sums + (<usize>i << 2)), dotRow(g + at, y + at, dv),
          );
        }
        listRows(rows, grads, row, dq + ofQ + <usize>i0 * dBytes, dBytes, qn);
        timesPacked(base, rows, qn, 4, plainAt, kn, d, true);
        // Columns of the tile are rows of its transpose.
        packAll(tileAt, gTile, vBytes, 4, qn, dv);
        listRows(rows, scores, 4, dvBlock, vBytes, kn);
        timesPacked(base, rows, kn, row, tileAt, qn, dv, true);
        packAll(tileAt, qTile, dBytes, 4, qn, d);
        listRows(rows, grads, 4, dkBlock, dBytes, kn);
        timesPacked(base, rows, kn, row, tileAt, qn, d, true);
      }
    }
  }
}
