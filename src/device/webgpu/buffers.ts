// Device memory by size class. A released buffer is handed out again at once, also to work of the
// same batch: one queue runs everything in order. It is destroyed only when no batch waits to be
// submitted with it.

import { BufferUsage } from "./constants";
import type { Faults } from "./faults";

/** A buffer in use or in the pool. */
export interface Block {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  /** Small number, unique among the blocks alive: the key of bind groups. */
  readonly id: number;
  /** The last batch that used it. */
  batch: number;
  /** Whether it waits for reuse, and whether the pool's list names it, be it still free or not. */
  free: boolean;
  listed: boolean;
}

/** Smallest class; also the alignment of every class, so that vec4 views fit. */
const SMALLEST = 256;

/** The class of a size in bytes: the next of four steps between powers of two. */
export function classOf(bytes: number): number {
  if (bytes <= SMALLEST) return SMALLEST;
  const step = Math.max(64, 2 ** (Math.floor(Math.log2(bytes - 1)) - 2));
  return Math.ceil(bytes / step) * step;
}

export class BufferPool {
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #cap: number;
  readonly #free = new Map<number, Block[]>();
  readonly #ids: number[] = [];
  readonly #doomed: Block[] = [];
  #nextId = 0;
  #freeBytes = 0;

  /** `cap`: most bytes kept for reuse. */
  constructor(device: GPUDevice, faults: Faults, cap: number) {
    this.#device = device;
    this.#faults = faults;
    this.#cap = cap;
  }

  /** Bytes kept for reuse. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** A block of at least `bytes`, contents undefined. `limit`: the largest binding. */
  take(bytes: number, limit: number): Block {
    const size = Math.min(classOf(bytes), Math.max(SMALLEST, limit - (limit % 16)));
    const list = this.#free.get(size);
    while (list !== undefined && list.length > 0) {
      const block = list.pop()!;
      block.listed = false;
      if (this.retake(block)) return block;
    }
    const id = this.#ids.pop() ?? this.#nextId++;
    const label = `block ${id} of ${size} bytes`;
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const buffer = this.#faults.scoped("out-of-memory", () =>
      this.#device.createBuffer({ label, size, usage }),
    );
    return { buffer, bytes: size, id, batch: -1, free: false, listed: false };
  }

  /** Takes this very block; false when it is in use or gone. */
  retake(block: Block): boolean {
    if (!block.free) return false;
    block.free = false;
    this.#freeBytes -= block.bytes;
    return true;
  }

  /** Back to the pool; over the cap it is marked to be destroyed. */
  give(block: Block): void {
    if (this.#freeBytes + block.bytes > this.#cap) {
      this.#doomed.push(block);
      return;
    }
    this.#freeBytes += block.bytes;
    block.free = true;
    if (block.listed) return;
    block.listed = true;
    const list = this.#free.get(block.bytes);
    if (list === undefined) this.#free.set(block.bytes, [block]);
    else list.push(block);
  }

  /** Marks all kept blocks to be destroyed. */
  trim(): void {
    for (const block of [...this.#free.values()].flat()) {
      block.listed = false;
      if (this.retake(block)) this.#doomed.push(block);
    }
    this.#free.clear();
  }

  /** Destroys the marked blocks; tells whether there were any. Call when nothing is encoded. */
  destroyDoomed(): boolean {
    if (this.#doomed.length === 0) return false;
    for (const block of this.#doomed) {
      block.buffer.destroy();
      this.#ids.push(block.id);
    }
    this.#doomed.length = 0;
    return true;
  }
}
