// How threads share the kernels of a program: the main thread opens a call to all, each thread,
// the main one too, claims shares of it while there are any, and the last one done ends it. Nobody
// waits for a thread that has not begun: its share is taken by another.

import { outOfMemory } from "./scratch";
import { shares, takeShare } from "./share";

// What threads have in common, from `common` on, in cache lines of their own: the shares that are
// free, a bit each; how many threads sleep; how many shares are not done; and the open call.
const FREE: usize = 0;
const ASLEEP: usize = 64;
const LEFT: usize = 128;
const CALL: usize = 192;
const SLOTS: usize = 196;
/** Pages of memory when the call was opened. */
const PAGES: usize = 200;
/** The position of the first bad index; -1, the largest unsigned number, for none. */
const BAD: usize = 204;
/** Bytes that a thread could not get, or 0. */
const WANTED: usize = 208;
const STOP: usize = 212;

/** How often a thread looks for a share before it sleeps: about a tenth of a millisecond. */
const LOOKS: i32 = 50000;

let common: usize = 0;
let threads: i32 = 1;

/** From now on this thread is one of `count`. `at`: 256 bytes at a multiple of 64, first all 0. */
export function join(at: usize, count: i32): void {
  common = at;
  threads = count;
}

// @ts-ignore: decorator
@inline
export function together(): bool {
  return threads > 1;
}

/** Whether a thread is awake to share a call with; `wake` makes it so. */
export function ready(wake: bool): bool {
  return wake || atomic.load<i32>(common, ASLEEP) < threads - 1;
}

/** Opens a call. All is written before FREE, and stays until LEFT is 0. */
export function open(p: usize, slots: usize, wake: bool): void {
  store<usize>(common, p, CALL);
  store<usize>(common, slots, SLOTS);
  store<i32>(common, memory.size(), PAGES);
  store<i32>(common, -1, BAD);
  store<i32>(common, 0, WANTED);
  store<i32>(common, threads, LEFT);
  atomic.store<i32>(common, i32((<i64>1 << threads) - 1), FREE);
  if (wake && atomic.load<i32>(common, ASLEEP)) atomic.notify(common, -1);
}

/** Takes a share of the open call, `own` if it is free; false when none is. */
export function claim(own: i32): bool {
  let free = atomic.load<i32>(common, FREE);
  while (free) {
    const i = (free >> own) & 1 ? own : ctz(free);
    const bit = 1 << i;
    free = atomic.and<i32>(common, ~bit, FREE);
    if (free & bit) {
      takeShare(i, threads);
      return true;
    }
  }
  return false;
}

/** The share is done; `bad` is the position of a bad index, or -1. */
export function finish(bad: i32): void {
  let old = atomic.load<i32>(common, BAD);
  while (<u32>bad < <u32>old) {
    const now = atomic.cmpxchg<i32>(common, old, bad, BAD);
    old = now == old ? bad : now;
  }
  takeShare(0, 1);
  atomic.sub<i32>(common, 1, LEFT);
}

/** Waits for all shares, and gives the first bad position or -1. */
export function close(): i32 {
  while (atomic.load<i32>(common, LEFT)) {}
  const wanted = atomic.load<i32>(common, WANTED);
  if (wanted) outOfMemory(wanted);
  return atomic.load<i32>(common, BAD);
}

/** After an error in a share of the main thread's: nobody works on the call any more. */
export function abandon(): void {
  if (shares() == 1) return;
  do finish(-1); while (claim(0));
  while (atomic.load<i32>(common, LEFT)) {}
}

/** After an error in a share of another thread's. */
export function fail(bytes: usize): void {
  atomic.store<i32>(common, bytes, WANTED);
  finish(-1);
}

/** Waits for a share and takes it; false when the threads are to stop. */
export function next(own: i32): bool {
  do {
    for (let looks = LOOKS; !atomic.load<i32>(common, FREE); looks--) {
      if (looks) continue;
      atomic.add<i32>(common, 1, ASLEEP);
      atomic.wait<i32>(common, 0, -1);
      atomic.sub<i32>(common, 1, ASLEEP);
      looks = LOOKS;
    }
    if (atomic.load<i32>(common, STOP)) return false;
  } while (!claim(own));
  // This instance may not have heard yet that another one's memory, thus its own, has grown.
  while (memory.size() < load<i32>(common, PAGES)) {}
  return true;
}

/** The open call. */
export function callOf(): usize {
  return load<usize>(common, CALL);
}

export function slotsOf(): usize {
  return load<usize>(common, SLOTS);
}

/** Ends the other threads. */
export function stop(): void {
  atomic.store<i32>(common, 1, STOP);
  atomic.store<i32>(common, -1, FREE);
  atomic.notify(common, -1);
}
