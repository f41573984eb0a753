// What goes wrong on the GPU's side is told later, by error scopes and events. This is where it
// all arrives; a device with a fault is no longer used, so that no wrong number is ever read.

import { DeviceError, type HypergradError, MemoryError } from "../../core/errors";

/** Why a device can no longer be used; `memory`: it ran out of it. */
interface Fault {
  readonly reason: string;
  readonly memory: boolean;
}

export class Faults {
  /** Resolves with the first reason. */
  readonly lost: Promise<string>;
  readonly #device: GPUDevice;
  readonly #pending = new Set<Promise<void>>();
  #lose!: (reason: string) => void;
  #first: Fault | null = null;
  #explaining = false;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    device.lost.then(({ message, reason }) =>
      this.report(`the webgpu device was lost: ${message || reason || "no reason given"}`),
    );
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#reportError((event as GPUUncapturedErrorEvent).error);
    });
  }

  get any(): boolean {
    return this.#first !== null;
  }

  /** The error for a call made after the first fault; null while there is none. */
  error(op: string): HypergradError | null {
    if (this.#first === null) return null;
    const { reason, memory } = this.#first;
    const way = memory ? "Use smaller tensors or free some; then call" : "Call";
    const text = `${op}: ${reason.replace(/\.$/, "")}. ${way} init() again.`;
    return memory ? new MemoryError(text) : new DeviceError(text);
  }

  /** The first reason stays; one that is still being explained comes before what follows of it. */
  report(reason: string, memory = false): void {
    if (this.#first !== null || this.#explaining) return;
    this.#first = { reason, memory };
    this.#lose(reason);
  }

  /** Calls `make` inside an error scope; `explain` tells what its error means. */
  scoped<T>(
    filter: GPUErrorFilter,
    make: () => T,
    explain?: (made: T, error: GPUError) => Promise<string>,
  ): T {
    this.#device.pushErrorScope(filter);
    const made = make();
    const check = this.#device
      .popErrorScope()
      .then(
        async (error) => {
          if (error === null) return;
          if (explain === undefined) this.#reportError(error, filter);
          else {
            this.#explaining = true;
            const reason = await explain(made, error);
            this.#explaining = false;
            this.report(reason);
          }
        },
        () => {}, // the device is lost, which is told elsewhere
      )
      .then(() => {
        this.#pending.delete(check);
      });
    this.#pending.add(check);
    return made;
  }

  /** Resolves when all that was done so far is known to be right or has been reported. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending); // not what begins meanwhile: that is not of this data
  }

  /** Reports a failed read, unless the loss behind it is told within a moment. */
  async readFailed(error: Error): Promise<void> {
    await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
    this.report(`the webgpu device gives no data: ${error.message}`);
  }

  #reportError(error: GPUError, filter?: GPUErrorFilter): void {
    const memory = filter === "out-of-memory" || error.constructor.name === "GPUOutOfMemoryError";
    this.report(memory ? `no memory left on the GPU: ${error.message}` : error.message, memory);
  }
}
