// Gives every intermediate value a place in one block of memory, so that values which are alive
// together never overlap and the block is small.

import type { Block } from "./emit";

/** Places start at multiples of 64 elements: 256 bytes, what WebGPU asks of binding offsets. */
const ALIGN = 64;

export interface Plan {
  /** In elements. */
  readonly offsets: ReadonlyMap<Block, number>;
  /** Elements of the whole block. */
  readonly size: number;
  /** The most elements alive at one time: no plan can be smaller. */
  readonly largestLiveSet: number;
}

const room = (b: Block) => Math.max(1, Math.ceil(b.size / ALIGN)) * ALIGN;

/** Largest first, each at the lowest place that is free while it is alive. */
export function plan(blocks: readonly Block[]): Plan {
  const offsets = new Map<Block, number>();
  const placed: { from: number; to: number; first: number; last: number }[] = [];
  let size = 0;
  for (const b of [...blocks].sort((p, q) => q.size - p.size || p.first - q.first)) {
    const want = room(b);
    let at = 0;
    for (const other of placed) {
      if (other.last < b.first || b.last < other.first) continue;
      if (other.from >= at + want) break;
      if (other.to > at) at = other.to;
    }
    const entry = { from: at, to: at + want, first: b.first, last: b.last };
    let place = placed.length;
    while (place > 0 && placed[place - 1].from > at) place--;
    placed.splice(place, 0, entry);
    offsets.set(b, at);
    size = Math.max(size, at + want);
  }
  return { offsets, size, largestLiveSet: largestLiveSet(blocks) };
}

function largestLiveSet(blocks: readonly Block[]): number {
  const change = new Map<number, number>();
  const add = (time: number, n: number) => change.set(time, (change.get(time) ?? 0) + n);
  for (const b of blocks) {
    add(b.first, room(b));
    add(b.last + 1, -room(b));
  }
  let alive = 0;
  let most = 0;
  for (const time of [...change.keys()].sort((a, b) => a - b)) {
    alive += change.get(time)!;
    most = Math.max(most, alive);
  }
  return most;
}
