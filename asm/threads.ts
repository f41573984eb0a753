// How threads share the kernels of a program: the main thread opens a call to all, each thread,
// the main one too, claims shares of it while there are any, and the last one done ends it. Nobody
// waits for a thread that has not begun: its share is taken by another.

import { dropChain } from "./epilogue";
import { outOfMemory } from "./scratch";
import { shares, takeShare } from "./share";

// What threads have in common, from `common` on, in cache lines of their own: the shares that are
// free, a bit each; how many threads sleep and wait for one; how many shares are not done; whether
// the main thread sleeps until they are; and the open call.
const FREE: usize = 0;
const ASLEEP: usize = 64;
const LEFT: usize = 128;
const CLOSING: usize = 132;
const CALL: usize = 192;
const SLOTS: usize = 196;
/** Pages of memory when the call was opened. */
const PAGES: usize = 200;
/** Bytes that a thread could not get, or 0. */
const WANTED: usize = 204;
const STOP: usize = 208;

/** How often a thread looks at what it waits for before it sleeps: about 100 microseconds. */
const LOOKS: i32 = 50000;

let common: usize = 0;
let threads: i32 = 1;
let sleeps: i32 = 0;

/** From now on this thread is one of `count`, and may sleep or not (a page's main thread may not).
 * `at`: 256 bytes at a multiple of 64, first all 0. */
export function join(at: usize, count: i32, maySleep: i32): void {
  common = at;
  threads = count;
  sleeps = maySleep;
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

/** The share is done. */
export function finish(): void {
  takeShare(0, 1);
  const last = atomic.sub<i32>(common, 1, LEFT) == 1;
  if (last && atomic.load<i32>(common, CLOSING)) atomic.notify(common + LEFT, 1);
}

/** Waits until all shares are done. */
function settle(): void {
  let looks = LOOKS;
  for (;;) {
    const left = atomic.load<i32>(common, LEFT);
    if (!left) return;
    if (--looks >= 0 || !sleeps) continue;
    atomic.store<i32>(common, 1, CLOSING);
    atomic.wait<i32>(common + LEFT, left, -1);
    atomic.store<i32>(common, 0, CLOSING);
  }
}

/** Waits for all shares. Throws through the host when a thread's memory was full. */
export function close(): void {
  settle();
  const wanted = atomic.load<i32>(common, WANTED);
  if (wanted) outOfMemory(wanted);
}

/** After an error in a share of the main thread's: nobody works on the call any more. */
export function abandon(): void {
  dropChain();
  if (shares() == 1) return;
  do finish(); while (claim(0));
  settle();
}

/** After an error in a share of another thread's. */
export function fail(bytes: usize): void {
  dropChain();
  atomic.store<i32>(common, bytes, WANTED);
  finish();
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
