// Blocks of linear memory, 16-byte aligned: free lists by size class for small ones, free ranges
// that split and merge for large ones. Blocks never overlap, and a failure changes nothing.

import { MemoryError } from "../../core/errors";

const PAGE = 65536;
/** Bytes up to which blocks have size classes: 16 to 64 by 16, then four a power of two. */
const SMALL = 65536;
const CLASSES = 45;
/** Small blocks are cut from chunks of this size. */
const CHUNK = 262144;
/** Sizes of large blocks are multiples of this. */
const GRAIN = 4096;
/** Least and most bytes by which memory grows beyond what is needed, so that it grows seldom. */
const [GROW_LEAST, GROW_MOST] = [1 << 20, 1 << 26];

function classOf(bytes: number): number {
  if (bytes <= 64) return Math.max(1, (bytes + 15) >> 4);
  const log = 31 - Math.clz32(bytes - 1);
  return (log - 6) * 4 + ((bytes - 1) >> (log - 2)) + 1;
}

function bytesOf(index: number): number {
  if (index <= 4) return index << 4;
  return (5 + ((index - 5) & 3)) << (4 + ((index - 5) >> 2));
}

const large = (bytes: number) => Math.ceil(bytes / GRAIN) * GRAIN;

/** 1.5 GiB, 120 MiB, 12 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${["", "KiB", "MiB", "GiB"][power]}`;
}

export class Allocator {
  readonly #memory: WebAssembly.Memory;
  /** Where the allocator's memory ends; others may have grown memory beyond. */
  #top: number;
  #bytes = 0;
  readonly #free: number[][] = Array.from({ length: CLASSES }, () => []);
  /** Bytes in the free lists, and how many of them make merging worth its time. */
  #idle = 0;
  #mergeAt = GROW_LEAST;
  /** What is left of the present chunk. */
  #chunk = 0;
  #chunkEnd = 0;
  /** Free ranges by address; neighbours are merged. */
  readonly #starts: number[] = [];
  readonly #sizes: number[] = [];

  /** Gives out memory from `base` on, and what it adds at the end. */
  constructor(memory: WebAssembly.Memory, base: number) {
    this.#memory = memory;
    this.#top = memory.buffer.byteLength;
    const start = Math.ceil(base / 16) * 16;
    if (start < this.#top) this.#give(start, this.#top - start);
  }

  /** The address of a block of `bytes` bytes; 0 is like 1. Throws MemoryError. */
  allocate(bytes: number): number {
    let at: number;
    if (bytes > SMALL) {
      at = this.#take(large(bytes));
    } else {
      const index = classOf(bytes);
      const list = this.#free[index];
      if (list.length > 0) {
        at = list.pop() as number;
        this.#idle -= bytesOf(index);
      } else {
        at = this.#cut(bytesOf(index));
      }
    }
    if (at < 0) throw this.error(bytes);
    this.#bytes += bytes;
    return at;
  }

  /** Takes a block back; `bytes` as it was allocated. */
  free(at: number, bytes: number): void {
    this.#bytes -= bytes;
    if (bytes > SMALL) this.#give(at, large(bytes));
    else this.#put(at, classOf(bytes));
  }

  /** The error for `bytes` that memory cannot give. */
  error(bytes: number): MemoryError {
    return new MemoryError(
      `allocate: ${formatBytes(bytes)} does not fit: ${formatBytes(this.#bytes)} are in use and ` +
        "WebAssembly can address 4 GiB. Free tensors or use smaller ones.",
    );
  }

  #put(at: number, index: number): void {
    this.#free[index].push(at);
    this.#idle += bytesOf(index);
  }

  /** A small block from the chunk, or from a new one; -1 when memory is full. */
  #cut(size: number): number {
    if (this.#chunkEnd - this.#chunk < size) {
      let length = CHUNK;
      let start = this.#take(length);
      if (start < 0) {
        length = large(size);
        start = this.#take(length);
      }
      if (start < 0) return -1;
      this.#spread(this.#chunk, this.#chunkEnd);
      this.#chunk = start;
      this.#chunkEnd = start + length;
    }
    const at = this.#chunk;
    this.#chunk += size;
    return at;
  }

  /** Puts a part of a chunk on the free lists, in pieces as large as fit. */
  #spread(at: number, end: number): void {
    while (end - at >= 16) {
      const left = Math.min(end - at, SMALL);
      const index = bytesOf(classOf(left)) <= left ? classOf(left) : classOf(left) - 1;
      this.#put(at, index);
      at += bytesOf(index);
    }
  }

  /** `size` bytes out of the smallest free range that has them; memory grows when none has. -1
   * when it cannot. */
  #take(size: number): number {
    let best = this.#find(size);
    if (best < 0 && (this.#idle >= this.#mergeAt || size >= this.#top / 4)) {
      this.#merge();
      best = this.#find(size);
    }
    if (best < 0) {
      if (!this.#grow(size)) this.#merge();
      best = this.#find(size);
      if (best < 0) return -1;
    }
    const at = this.#starts[best];
    if (this.#sizes[best] === size) {
      this.#starts.splice(best, 1);
      this.#sizes.splice(best, 1);
    } else {
      this.#starts[best] += size;
      this.#sizes[best] -= size;
    }
    return at;
  }

  #find(size: number): number {
    let best = -1;
    for (let i = 0; i < this.#sizes.length; i++) {
      const found = this.#sizes[i];
      if (found >= size && (best < 0 || found < this.#sizes[best])) best = i;
    }
    return best;
  }

  /** The place of the first range behind `at`. */
  #behind(at: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle] < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A range becomes free. */
  #give(at: number, size: number): void {
    const next = this.#behind(at);
    const before = next - 1;
    const follows = before >= 0 && this.#starts[before] + this.#sizes[before] === at;
    const precedes = next < this.#starts.length && at + size === this.#starts[next];
    if (follows && precedes) {
      this.#sizes[before] += size + this.#sizes[next];
      this.#starts.splice(next, 1);
      this.#sizes.splice(next, 1);
    } else if (follows) {
      this.#sizes[before] += size;
    } else if (precedes) {
      this.#starts[next] = at;
      this.#sizes[next] += size;
    } else {
      this.#starts.splice(next, 0, at);
      this.#sizes.splice(next, 0, size);
    }
  }

  /** Adds pages at the end, more than needed when there are; false when there are too few. */
  #grow(size: number): boolean {
    const last = this.#starts.length - 1;
    const ends = last >= 0 && this.#starts[last] + this.#sizes[last] === this.#top;
    const contiguous = this.#memory.buffer.byteLength === this.#top;
    const need = ends && contiguous ? size - this.#sizes[last] : size;
    const extra = Math.min(Math.max(this.#top / 8, GROW_LEAST), GROW_MOST);
    for (const bytes of [Math.max(need, extra), need]) {
      const pages = Math.ceil(bytes / PAGE);
      try {
        const start = this.#memory.grow(pages) * PAGE; // not #top when a kernel took scratch there
        this.#top = start + pages * PAGE;
        this.#give(start, pages * PAGE);
        return true;
      } catch {
        // Too many pages; or the engine has no more.
      }
    }
    return false;
  }

  /** Small free blocks that lie together, and with free ranges, become ranges again. */
  #merge(): void {
    this.#spread(this.#chunk, this.#chunkEnd);
    this.#chunk = this.#chunkEnd;
    const blocks: [at: number, index: number][] = [];
    for (let index = 1; index < CLASSES; index++) {
      for (const at of this.#free[index]) blocks.push([at, index]);
      this.#free[index].length = 0;
    }
    this.#idle = 0;
    blocks.sort((a, b) => a[0] - b[0]);
    for (let first = 0; first < blocks.length; ) {
      let behind = first;
      let end = blocks[first][0];
      while (behind < blocks.length && blocks[behind][0] === end) {
        end += bytesOf(blocks[behind++][1]);
      }
      const start = blocks[first][0];
      const next = this.#behind(start);
      const touches =
        this.#starts[next] === end ||
        (next > 0 && this.#starts[next - 1] + this.#sizes[next - 1] === start);
      if (touches || end - start >= SMALL) this.#give(start, end - start);
      else for (const [at, index] of blocks.slice(first, behind)) this.#put(at, index);
      first = behind;
    }
    this.#mergeAt = this.#idle + Math.max(GROW_LEAST, this.#top / 8);
  }
}
