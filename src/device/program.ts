// A program as devices take it: a flat list of kernel calls on slots, in order.

import type { DType } from "../core/dtype";
import type { Device, Storage } from "./device";
import type { KernelName } from "./kernels";

/** Memory that a call reads or writes: element `offset` of a bound storage, or of the block that
 * holds all intermediate values. */
export interface Slot {
  /** Place in the list of storages bound at each run; -1 for the block. */
  readonly bound: number;
  /** In elements; a multiple of 64 in the block. */
  readonly offset: number;
  readonly size: number;
  readonly dtype: DType;
}

export interface ProgramCall {
  readonly kernel: KernelName;
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  readonly params: readonly number[];
  /** A chain that reads the output of this call, a product, element by element, and is a part of
   * it; none where `foldFrom` is infinite. No output of either shares memory with an input of the
   * product, but the chain may write over the product's output. */
  readonly epilogue?: ProgramCall;
}

export interface ProgramSource {
  readonly calls: readonly ProgramCall[];
  /** Storages bound at each run. */
  readonly bound: number;
  /** Elements of the block. */
  readonly block: number;
}

/** A program made ready for one device. */
export interface Runnable {
  /** Why a clock is never told anything; absent where it is. */
  readonly untimed?: string;
  /** With a clock the calls run one by one, and it is told how many milliseconds each took: at
   * once, or, where calls run behind the caller's back, before data of this run can be read. */
  run(bound: readonly Storage[], clock?: Clock): void;
  dispose(): void;
}

export type Clock = (call: number, ms: number) => void;

/** The plain way to run a program: call by call, with memory of its own for every slot. */
export function callByCall(device: Device, { calls }: ProgramSource): Runnable {
  return {
    run(bound, clock) {
      const block = new Map<string, Storage>();
      const storageOf = ({ bound: place, offset, size, dtype }: Slot): Storage => {
        if (place >= 0) return bound[place];
        const name = `${offset} ${size} ${dtype}`;
        let storage = block.get(name);
        if (storage === undefined) {
          storage = device.allocate(size, dtype);
          block.set(name, storage);
        }
        return storage;
      };
      try {
        const call = ({ kernel, inputs, outputs, params, epilogue }: ProgramCall) => {
          device.run(kernel, inputs.map(storageOf), outputs.map(storageOf), params);
          if (epilogue !== undefined) call(epilogue);
        };
        for (const [i, each] of calls.entries()) {
          const start = clock === undefined ? 0 : performance.now();
          call(each);
          clock?.(i, performance.now() - start);
        }
      } finally {
        for (const storage of block.values()) device.release(storage);
      }
    },
    dispose() {},
  };
}

/** Runs one kernel as a program of one call: for kernels that devices take only in programs. */
export function runOnce(
  device: Device,
  kernel: KernelName,
  inputs: readonly Storage[],
  outputs: readonly Storage[],
  params: readonly number[],
): void {
  const all = [...inputs, ...outputs];
  const slots = all.map(({ size, dtype }, bound) => ({ bound, offset: 0, size, dtype }));
  const call = {
    kernel,
    inputs: slots.slice(0, inputs.length),
    outputs: slots.slice(inputs.length),
    params,
  };
  const program = device.prepare({ calls: [call], bound: all.length, block: 0 });
  try {
    program.run(all);
  } finally {
    program.dispose();
  }
}
