// The seam between tensors and hardware: memory, transfers and kernel calls, and nothing of what
// the library's ops mean.

import type { DType, TypedArray } from "../core/dtype";
import type { KernelName } from "./kernels";
import type { ProgramSource, Runnable } from "./program";
import type { Tiles } from "./tiles";

export type DeviceName = "reference" | "wasm" | "webgpu";

/** A block of device memory. Devices keep their own fields beside these. */
export interface Storage {
  readonly size: number;
  readonly dtype: DType;
  /** Tensors that share the block; the last one to go releases it. Kept by the tensor layer. */
  refs: number;
}

export interface DeviceInfo {
  /** One sentence: which device this is and why it was chosen. */
  readonly reason: string;
  readonly threads: number;
  readonly simd?: "plain" | "relaxed";
  readonly adapter?: string;
}

export interface Memory {
  /** Blocks alive, constants of the library's own not counted. */
  readonly tensors: number;
  readonly bytes: number;
  readonly peakBytes: number;
}

export interface Device {
  readonly name: DeviceName;
  readonly info: DeviceInfo;
  readonly features: readonly string[];
  /** Most storages that one kernel call may bind. */
  readonly bindings: number;
  /** Whether an elementwise call of a program may write over one of its inputs. */
  readonly inPlace: boolean;
  /** Elements of a product from which programs make a chain that reads it a part of it. */
  readonly foldFrom: number;
  /** Resolves with the reason once the device can no longer be used. */
  readonly lost: Promise<string>;

  /** Memory for `size` elements, contents undefined. Throws MemoryError and changes nothing.
   * @param counted false for constants of the library, which memory() leaves out */
  allocate(size: number, dtype: DType, counted?: boolean): Storage;
  release(storage: Storage): void;
  write(storage: Storage, data: ArrayLike<number>): void;
  /** A copy of the contents, once all calls made so far are done. */
  read(storage: Storage): Promise<TypedArray>;
  /** Calls a kernel of the table. Outputs never share memory with inputs, but where `inPlace`
   * lets programs write over them. */
  run(
    kernel: KernelName,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    params: readonly number[],
  ): void;

  /** Measures its tile choices; see `tune`. Throws a DeviceError where it has none. */
  tune(): Promise<Tiles>;

  /** Makes a list of calls ready to be run many times. */
  prepare(source: ProgramSource): Runnable;

  memory(): Memory;
  /** Starts `memory().peakBytes` anew from what is alive. */
  resetPeak(): void;
  /** Frees all memory and threads; tensors of this device throw from then on. */
  dispose(): void;
}
