// Gives every intermediate value a place in one block of memory, so that values which are alive
// together never overlap and the block is small.

import type { Block } from "./emit";
import type { InPlace } from "./inPlace";

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

/** Memory for one value, or for several that are written over each other. */
interface Part {
  readonly blocks: Block[];
  /** Elements, a multiple of ALIGN. */
  readonly room: number;
  readonly first: number;
  last: number;
}

/** Largest first, each at the lowest place that is free while it is alive. */
export function plan(blocks: readonly Block[], over: InPlace = new Map()): Plan {
  const parts = partsOf(blocks, over);
  const offsets = new Map<Block, number>();
  const placed = new Placed(parts.length);
  let size = 0;
  for (const part of [...parts].sort((p, q) => q.room - p.room || p.first - q.first)) {
    const at = placed.add(part);
    for (const b of part.blocks) offsets.set(b, at);
    size = Math.max(size, at + part.room);
  }
  return { offsets, size, largestLiveSet: largestLiveSet(parts) };
}

function partsOf(blocks: readonly Block[], over: InPlace): Part[] {
  const parts = new Map<Block, Part>();
  for (const b of [...blocks].sort((p, q) => p.first - q.first)) {
    const under = over.get(b);
    const part = under === undefined ? undefined : parts.get(under);
    if (part === undefined) {
      const room = Math.max(1, Math.ceil(b.size / ALIGN)) * ALIGN;
      parts.set(b, { blocks: [b], room, first: b.first, last: b.last });
    } else {
      part.blocks.push(b);
      part.last = b.last;
      parts.set(b, part);
    }
  }
  return [...new Set(parts.values())];
}

/** The parts placed so far, in the order of their places: an unroll has tens of thousands, each
 * compared with all before it, so they stand in flat arrays. */
class Placed {
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  #count = 0;

  constructor(most: number) {
    this.#from = new Float64Array(most);
    this.#to = new Float64Array(most);
    this.#first = new Int32Array(most);
    this.#last = new Int32Array(most);
  }

  /** Takes the lowest free place, and gives it. */
  add({ room, first, last }: Part): number {
    const from = this.#from;
    const count = this.#count;
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (this.#last[i] < first || last < this.#first[i]) continue;
      if (from[i] >= at + room) break;
      if (this.#to[i] > at) at = this.#to[i];
    }
    let place = count;
    while (place > 0 && from[place - 1] > at) place--;
    const insert = (list: Float64Array | Int32Array, value: number) => {
      list.copyWithin(place + 1, place, count);
      list[place] = value;
    };
    insert(from, at);
    insert(this.#to, at + room);
    insert(this.#first, first);
    insert(this.#last, last);
    this.#count++;
    return at;
  }
}

function largestLiveSet(parts: readonly Part[]): number {
  const change = new Map<number, number>();
  const add = (time: number, n: number) => change.set(time, (change.get(time) ?? 0) + n);
  for (const { first, last, room } of parts) {
    add(first, room);
    add(last + 1, -room);
  }
  let alive = 0;
  let most = 0;
  for (const time of [...change.keys()].sort((a, b) => a - b)) {
    alive += change.get(time)!;
    most = Math.max(most, alive);
  }
  return most;
}
