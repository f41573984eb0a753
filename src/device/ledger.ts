// What a device's memory() tells: blocks and bytes alive, and their peak.

import { BYTES } from "../core/dtype";
import type { Memory } from "./device";

export class Ledger {
  private tensors = 0;
  private bytes = 0;
  private peakBytes = 0;

  add(size: number): void {
    this.tensors++;
    this.bytes += size * BYTES;
    if (this.bytes > this.peakBytes) this.peakBytes = this.bytes;
  }

  remove(size: number): void {
    this.tensors--;
    this.bytes -= size * BYTES;
  }

  /** Starts the peak anew from what is alive. */
  resetPeak(): void {
    this.peakBytes = this.bytes;
  }

  clear(): void {
    this.tensors = 0;
    this.bytes = 0;
  }

  memory(): Memory {
    return { tensors: this.tensors, bytes: this.bytes, peakBytes: this.peakBytes };
  }
}
