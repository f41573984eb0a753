// A plan turns one kernel call of the table into dispatches: which program, how many workgroups,
// which scratch memory. It sees sizes only, never data.

import type { Block } from "./buffers";
import type { Program } from "./program";

/** What plans write to. */
export interface Recorder {
  /** Whether the adapter computes on the CPU. */
  readonly software: boolean;
  /** Most bytes of one block. */
  readonly limit: number;
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
