// Buffers through which data comes back: several reads may be on their way at once, each with its
// own; they are reused once unmapped.

import { classOf } from "./buffers";
import { BufferUsage } from "./constants";

interface Staging {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
}

/** Most bytes of staging buffers kept. */
const KEPT = 64 << 20;

export class StagingRing {
  readonly #device: GPUDevice;
  readonly #free = new Map<number, Staging[]>();
  #keptBytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  take(bytes: number): Staging {
    const size = Math.min(classOf(bytes), this.#device.limits.maxBufferSize);
    const kept = this.#free.get(size)?.pop();
    if (kept !== undefined) {
      this.#keptBytes -= size;
      return kept;
    }
    const buffer = this.#device.createBuffer({
      label: `staging of ${size} bytes`,
      size,
      usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST,
    });
    return { buffer, bytes: size };
  }

  /** Unmaps and keeps a buffer; a large one beyond what is kept is destroyed. */
  give(staging: Staging): void {
    if (this.#keptBytes + staging.bytes > KEPT) {
      staging.buffer.destroy();
      return;
    }
    staging.buffer.unmap();
    this.#keptBytes += staging.bytes;
    const list = this.#free.get(staging.bytes);
    if (list === undefined) this.#free.set(staging.bytes, [staging]);
    else list.push(staging);
  }
}
