// Commands on their way to the GPU: many dispatches in one pass, one submit a batch, in the order
// of the calls. Nothing here waits; uniforms and bind groups are reused.

import { inNode } from "../../core/node";
import type { Block } from "./buffers";
import { BufferUsage } from "./constants";
import type { Faults } from "./faults";
import { type Pipelines, UNIFORM } from "./pipelines";
import type { Program } from "./program";
import { pack } from "./uniforms";

/** Most dispatches of single calls in a batch. */
const BATCH = 4096;
/** Dispatches after which a batch need not wait for more: the GPU works while more is encoded. */
const ENOUGH = 256;
/** Bytes of the uniforms of a batch. */
const UNIFORMS = BATCH * UNIFORM;
/** Bytes of small uploads that travel with one batch. */
const UPLOADS = 1 << 20;
/** Most bind groups kept. */
const GROUPS = 1 << 14;
/** Workgroups in one dimension. */
const FOLD = 65535;

/** A dispatch that is encoded again and again. */
export interface Command {
  readonly pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  /** That of its uniform, in bytes, as the list that WebGPU takes. */
  readonly offset: readonly [number];
  readonly columns: number;
  readonly rows: number;
}

/** Workgroups as a grid within the limit of one dimension. */
export function gridOf(groups: number): { columns: number; rows: number } {
  const rows = Math.ceil(groups / FOLD);
  return { columns: Math.ceil(groups / rows), rows };
}

/** Dawn in Node takes offsets faster as lists, by a third of a microsecond a dispatch; all others
 * take them faster as typed arrays. */
const LISTS = inNode() && !("Deno" in globalThis);

export class CommandQueue {
  readonly pipelines: Pipelines;
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #afterSubmit: () => boolean;
  readonly #uniforms: GPUBuffer;
  readonly #ints: Int32Array<ArrayBuffer>;
  readonly #floats: Float32Array<ArrayBuffer>;
  /** Words from one uniform to the next, at the least. */
  readonly #step: number;
  readonly #offset = new Uint32Array(1);
  readonly #groups = new Map<number | string, GPUBindGroup>();
  #uploads: { buffer: GPUBuffer; bytes: Uint8Array<ArrayBuffer> } | null = null;
  #uploaded = 0;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #pipeline: GPUComputePipeline | null = null;
  #words = 0;
  #dispatches = 0;
  #batch = 0;
  #copied = false;
  #generation = 0;
  #retired: { destroy(): void }[] = [];
  #soon: Promise<void> | null = null;
  /** Batches submitted so far, dispatches in them, and bind groups made. */
  readonly counts = { submits: 0, dispatches: 0, groups: 0 };

  /** `afterSubmit` destroys buffers, and tells whether it did: their bind groups must go. */
  constructor(device: GPUDevice, faults: Faults, pipelines: Pipelines, afterSubmit: () => boolean) {
    this.#device = device;
    this.#faults = faults;
    this.pipelines = pipelines;
    this.#afterSubmit = afterSubmit;
    this.#step = Math.max(16, device.limits.minUniformBufferOffsetAlignment) / 4;
    // The last uniform's binding reaches as far behind its place as all others'.
    this.#uniforms = this.#uniformBuffer(UNIFORMS + UNIFORM);
    this.#ints = new Int32Array(UNIFORMS / 4);
    this.#floats = new Float32Array(this.#ints.buffer);
  }

  /** Rises when memory was destroyed: bind groups made before are not to be used. */
  get generation(): number {
    return this.#generation;
  }

  /** Encodes one kernel: `blocks` in the order of its bindings, `words` its uniform, `groups` its
   * workgroups, folded into y above the limit of one dimension. */
  dispatch(
    program: Program,
    blocks: readonly Block[],
    words: readonly number[],
    groups: number,
  ): void {
    if (groups === 0) return;
    const pipeline = this.pipelines.get(program);
    const pass = this.#pass ?? this.#begin();
    const at = this.#words;
    for (let i = 0; i < words.length; i++) this.#ints[at + i] = words[i];
    for (const i of program.floats) this.#floats[at + i] = words[i];
    this.#words = at + Math.ceil(words.length / this.#step) * this.#step;
    this.#offset[0] = at * 4;
    if (pipeline !== this.#pipeline) {
      pass.setPipeline(pipeline);
      this.#pipeline = pipeline;
    }
    if (this.#groups.size >= GROUPS) this.#groups.clear();
    const group = this.group(this.#groups, program, blocks, this.#uniforms);
    pass.setBindGroup(0, group, this.#offset, 0, 1);
    if (groups <= FOLD) {
      pass.dispatchWorkgroups(groups);
    } else {
      const { columns, rows } = gridOf(groups);
      pass.dispatchWorkgroups(columns, rows);
    }
    for (const block of blocks) block.batch = this.#batch;
    this.#dispatches += 1;
    if (this.#words * 4 >= UNIFORMS) this.flush();
  }

  /** Called before a program's run: a batch that is long enough, or whose data is waited for, goes
   * first, so that the GPU has it while the run is encoded. */
  startRun(): void {
    if (this.#copied || this.#dispatches >= ENOUGH) this.flush();
  }

  /** Encodes commands `from` up to `to`, whose bind groups are those of `blocks`. */
  replay(commands: readonly Command[], from: number, to: number, blocks: readonly Block[]): void {
    if (from === to) return;
    const pass = this.#pass ?? this.#begin();
    const offset = this.#offset;
    let current = this.#pipeline;
    for (let i = from; i < to; i++) {
      const command = commands[i];
      if (command.pipeline !== current) {
        current = command.pipeline;
        pass.setPipeline(current);
      }
      if (LISTS) pass.setBindGroup(0, command.group, command.offset);
      else {
        offset[0] = command.offset[0];
        pass.setBindGroup(0, command.group, offset, 0, 1);
      }
      if (command.rows === 1) pass.dispatchWorkgroups(command.columns);
      else pass.dispatchWorkgroups(command.columns, command.rows);
    }
    this.#pipeline = current;
    this.#dispatches += to - from;
    for (const block of blocks) block.batch = this.#batch;
  }

  /** Begins a pass that writes down when it begins and ends. */
  timedPass(timestampWrites: GPUComputePassTimestampWrites): void {
    this.#endPass();
    this.#begin(timestampWrites);
  }

  /** Encodes the copy of `count` times to a buffer, through one that may be resolved to. */
  copyTimes(times: GPUQuerySet, count: number, through: GPUBuffer, to: GPUBuffer, at: number) {
    this.#endPass();
    const encoder = this.#encoder!;
    encoder.resolveQuerySet(times, 0, count, through, 0);
    encoder.copyBufferToBuffer(through, 0, to, at, count * 8);
    this.#copied = true;
  }

  /** The bind group of a program's blocks, from those kept or made anew. */
  group(
    kept: Map<number | string, GPUBindGroup>,
    program: Program,
    blocks: readonly Block[],
    uniforms: GPUBuffer,
  ): GPUBindGroup {
    const key = keyOf(program.reads * 4 + program.writes, blocks);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const entries: GPUBindGroupEntry[] = blocks.map(({ buffer }, binding) => ({
      binding,
      resource: { buffer },
    }));
    entries.push({ binding: blocks.length, resource: { buffer: uniforms, size: UNIFORM } });
    const group = this.#device.createBindGroup({
      label: `${program.label} blocks ${blocks.map((block) => block.id).join(" ")}`,
      layout: this.pipelines.groupLayout(program),
      entries,
    });
    this.counts.groups += 1;
    kept.set(key, group);
    return group;
  }

  /** A buffer with the uniforms of these dispatches, and where in it each is. */
  uniformsOf(lists: Parameters<typeof pack>[0]) {
    const { words, offsets } = pack(lists, this.#step);
    const buffer = this.#uniformBuffer(words.byteLength);
    this.#device.queue.writeBuffer(buffer, 0, words);
    return { buffer, offsets };
  }

  /** Destroys a buffer or a query set once nothing encoded needs it. */
  retire(buffer: { destroy(): void }): void {
    if (this.#encoder === null) buffer.destroy();
    else this.#retired.push(buffer);
  }

  /** Puts data into a block, after all that was encoded before. */
  write(block: Block, data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>): void {
    if (block.batch === this.#batch && this.#encoder !== null) {
      // writeBuffer would come before the batch that still uses the block.
      if (this.#stage(block, data)) return;
      this.flush();
    }
    this.#device.queue.writeBuffer(block.buffer, 0, data);
  }

  /** Encodes a copy of a block's first bytes to a buffer. */
  copy(block: Block, to: GPUBuffer, bytes: number): void {
    this.#endPass();
    this.#encoder ??= this.#newEncoder();
    this.#encoder.copyBufferToBuffer(block.buffer, 0, to, 0, bytes);
    block.batch = this.#batch;
    this.#copied = true;
  }

  /** Submits what is encoded. */
  flush(): void {
    if (this.#encoder !== null) {
      this.#endPass();
      const { queue } = this.#device;
      const words = this.#words;
      if (words > 0) queue.writeBuffer(this.#uniforms, 0, this.#ints, 0, words);
      if (this.#uploads !== null && this.#uploaded > 0) {
        queue.writeBuffer(this.#uploads.buffer, 0, this.#uploads.bytes, 0, this.#uploaded);
      }
      const encoder = this.#encoder;
      this.#faults.scoped("validation", () => queue.submit([encoder.finish()]));
      this.counts.submits += 1;
      this.counts.dispatches += this.#dispatches;
      this.#encoder = null;
      this.#copied = false;
      this.#words = 0;
      this.#uploaded = 0;
      this.#dispatches = 0;
      this.#batch += 1;
      for (const buffer of this.#retired) buffer.destroy();
      this.#retired = [];
    }
    if (this.#afterSubmit()) {
      this.#groups.clear();
      this.#generation += 1;
    }
  }

  /** Submits a batch that is long enough. Called between calls, so that a program stays whole. */
  relieve(): void {
    if (this.#dispatches >= ENOUGH) this.flush();
  }

  /** Submits at the end of this turn, once for all who ask in it. */
  flushSoon(): Promise<void> {
    this.#soon ??= Promise.resolve().then(() => {
      this.#soon = null;
      this.flush();
    });
    return this.#soon;
  }

  #uniformBuffer(size: number): GPUBuffer {
    const usage = BufferUsage.UNIFORM | BufferUsage.COPY_DST;
    return this.#device.createBuffer({ label: "uniforms", size, usage });
  }

  #newEncoder(): GPUCommandEncoder {
    return this.#device.createCommandEncoder({ label: `batch ${this.#batch}` });
  }

  #begin(timestampWrites?: GPUComputePassTimestampWrites): GPUComputePassEncoder {
    this.#encoder ??= this.#newEncoder();
    const label = `batch ${this.#batch}`;
    this.#pass = this.#encoder.beginComputePass({ label, timestampWrites });
    this.#pipeline = null;
    return this.#pass;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = null;
  }

  /** Sends data with the batch, through a copy between its passes; false when there is no room. */
  #stage(block: Block, data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>): boolean {
    const at = this.#uploaded;
    if (at + data.byteLength > UPLOADS) return false;
    this.#uploads ??= {
      buffer: this.#device.createBuffer({
        label: "uploads",
        size: UPLOADS,
        usage: BufferUsage.COPY_SRC | BufferUsage.COPY_DST,
      }),
      bytes: new Uint8Array(UPLOADS),
    };
    const { buffer, bytes } = this.#uploads;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    this.#endPass();
    this.#encoder!.copyBufferToBuffer(buffer, at, block.buffer, 0, data.byteLength);
    this.#uploaded = at + data.byteLength;
    return true;
  }
}

/** The key of a bind group: a number for up to three blocks of small ids, which are nearly all. */
function keyOf(layout: number, blocks: readonly Block[]): number | string {
  if (blocks.length > 3) return `${layout} ${blocks.map((block) => block.id).join(" ")}`;
  let key = layout;
  for (const { id } of blocks) {
    if (id > 0xffff) return `${layout} ${blocks.map((block) => block.id).join(" ")}`;
    key = key * 65536 + id;
  }
  return key;
}
