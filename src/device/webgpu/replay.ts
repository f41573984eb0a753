// A program made ready: pipelines, uniforms and bind groups are made once, and a run only encodes
// them again, as one part of one submit. A bind group is made anew only for memory not seen before.

import type { Storage } from "../device";
import type { Clock, ProgramSource, Runnable } from "../program";
import type { Block } from "./buffers";
import type { Recorder } from "./plan";
import { type Command, type CommandQueue, gridOf } from "./queue";
import { type Script, scriptOf } from "./runnable";
import type { Timer } from "./timer";

/** What a program needs of its device. */
export interface Host {
  readonly queue: CommandQueue;
  readonly recorder: Recorder;
  /** The block of a storage. Throws when the device can no longer be used. */
  block(storage: Storage): Block;
  take(elements: number): Block;
  /** Takes this very block; false when it is in use or gone. */
  retake(block: Block): boolean;
  give(block: Block): void;
  /** Counts so many elements as alive at some time. */
  count(elements: number): void;
  /** Null where the adapter has no timestamp queries. */
  timer(calls: number): Timer | null;
}

/** Most bind groups kept of a program. */
const GROUPS = 1 << 13;

const UNTIMED =
  "this WebGPU adapter has no timestamp queries (feature timestamp-query): kernels are not timed";

export class Replay implements Runnable {
  readonly untimed: string | undefined;
  readonly #host: Host;
  readonly #script: Script;
  readonly #elements: number;
  readonly #uniforms: GPUBuffer;
  readonly #commands: Command[];
  /** The first command of each call, and their number at the end. */
  readonly #firsts: number[];
  /** The blocks of the last run, by place: those bound, then those taken. */
  readonly #blocks: (Block | null)[];
  /** The commands that bind the block of a place. */
  readonly #users: readonly (readonly number[])[];
  readonly #changed: boolean[];
  readonly #groups = new Map<number | string, GPUBindGroup>();
  #timer: Timer | null = null;
  #generation = -1;

  /** `bound`: how many blocks are bound at each run. */
  constructor({ calls, bound, ...rest }: ProgramSource, host: Host, timed: boolean) {
    this.untimed = timed ? undefined : UNTIMED;
    this.#host = host;
    this.#script = scriptOf({ calls, bound, ...rest }, host.recorder);
    const { entries, taken } = this.#script;
    this.#elements = taken.reduce((sum, size) => sum + size, 0);
    const { buffer, offsets } = host.queue.uniformsOf(entries);
    this.#uniforms = buffer;
    this.#commands = entries.map(({ program, groups }, i) => ({
      pipeline: host.queue.pipelines.get(program),
      group: null as unknown as GPUBindGroup, // made at the first run
      offset: [offsets[i]] as const,
      ...gridOf(groups),
    }));
    this.#firsts = Array.from({ length: calls.length + 1 }, (_, call) => {
      const first = entries.findIndex((entry) => entry.call >= call);
      return first < 0 ? entries.length : first;
    });
    this.#blocks = new Array(bound + taken.length).fill(null);
    this.#changed = new Array(entries.length).fill(true);
    const users = this.#blocks.map(() => new Set<number>());
    for (const [i, { places }] of entries.entries()) for (const p of places) users[p].add(i);
    this.#users = users.map((set) => [...set]);
  }

  run(bound: readonly Storage[], clock?: Clock): void {
    const host = this.#host;
    const given = bound.map((storage) => host.block(storage));
    host.queue.startRun();
    if (this.#generation !== host.queue.generation) {
      this.#generation = host.queue.generation;
      this.#groups.clear();
      this.#changed.fill(true);
    }
    for (const [place, block] of given.entries()) this.#put(place, block);
    this.#takeAll(given.length);
    try {
      host.count(this.#elements);
      this.#bind();
      this.#encode(clock);
    } finally {
      for (let i = given.length; i < this.#blocks.length; i++) host.give(this.#blocks[i]!);
    }
    void host.queue.flushSoon();
  }

  dispose(): void {
    this.#host.queue.retire(this.#uniforms);
    this.#timer?.dispose();
    this.#groups.clear();
  }

  #put(place: number, block: Block): void {
    if (this.#blocks[place] === block) return;
    this.#blocks[place] = block;
    for (const i of this.#users[place]) this.#changed[i] = true;
  }

  /** Takes memory for all places from `from` on: the last run's where it is free. */
  #takeAll(from: number): void {
    const { taken } = this.#script;
    let i = 0;
    try {
      for (; i < taken.length; i++) {
        const last = this.#blocks[from + i];
        if (last === null || !this.#host.retake(last)) {
          this.#put(from + i, this.#host.take(taken[i]));
        }
      }
    } catch (error) {
      for (let k = 0; k < i; k++) this.#host.give(this.#blocks[from + k]!);
      throw error;
    }
  }

  #bind(): void {
    const { entries } = this.#script;
    const { queue } = this.#host;
    if (this.#groups.size >= GROUPS) this.#groups.clear();
    for (let i = 0; i < entries.length; i++) {
      if (!this.#changed[i]) continue;
      const { program, places } = entries[i];
      const blocks = places.map((place) => this.#blocks[place]!);
      this.#commands[i].group = queue.group(this.#groups, program, blocks, this.#uniforms);
      this.#changed[i] = false;
    }
  }

  #encode(clock: Clock | undefined): void {
    const { queue } = this.#host;
    const commands = this.#commands;
    const blocks = this.#blocks as readonly Block[];
    if (clock !== undefined) this.#timer ??= this.#host.timer(this.#firsts.length - 1);
    if (clock === undefined || this.#timer === null) {
      queue.replay(commands, 0, commands.length, blocks);
      return;
    }
    const [firsts, end] = [this.#firsts, blocks];
    this.#timer.run((call) => queue.replay(commands, firsts[call], firsts[call + 1], end), clock);
  }
}
