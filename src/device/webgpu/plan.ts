// A plan turns one kernel call of the table into dispatches: which program, how many workgroups,
// which scratch memory. It sees sizes only, never data.

import type { ProductRule } from "../tiles";
import type { Block } from "./buffers";
import type { Variant } from "./gemm";
import type { Program } from "./program";

/** How kernels are chosen, beside their shapes. */
export interface Choosing {
  /** Whether the adapter computes on the CPU, where shared memory is no faster than the cache. */
  software: boolean;
  /** The gemm kernel to take for every shape, for tests of it; null: by shape. */
  variant: Variant | null;
  /** What `tune()` found about tiles; null: by shape. */
  products: readonly ProductRule[] | null;
  /** Whether an LSTM takes its steps one by one whatever its size, for tests of that. */
  stepwise: boolean;
}

/** What plans write to. */
export interface Recorder {
  readonly choosing: Readonly<Choosing>;
  /** Most blocks that one program may bind. */
  readonly bindings: number;
  dispatch(
    program: Program,
    blocks: readonly Block[],
    words: readonly number[],
    groups: number,
  ): void;
  /** A block for `elements` 32-bit words, contents undefined. */
  scratch(elements: number): Block;
  /** Gives scratch memory back; work already recorded may still use it. */
  release(block: Block): void;
}

export type Plan = (
  to: Recorder,
  inputs: readonly Block[],
  outputs: readonly Block[],
  params: readonly number[],
) => void;

export const ceilDiv = (a: number, b: number) => Math.ceil(a / b);
