// Commands on their way to the GPU: many dispatches in one pass, one submit a batch, in the order
// of the calls. Nothing here waits; uniforms and bind groups are reused.

import type { Block } from "./buffers";
import { BufferUsage } from "./constants";
import type { Faults } from "./faults";
import { type Pipelines, UNIFORM } from "./pipelines";
import type { Program } from "./program";

/** Most dispatches in a batch. */
const BATCH = 4096;
/** Dispatches after which a batch need not wait for more: the GPU works while more is encoded. */
const ENOUGH = 256;
/** Bytes of small uploads that travel with one batch. */
const UPLOADS = 1 << 20;
/** Most bind groups kept. */
const GROUPS = 1 << 14;
/** Workgroups in one dimension. */
const FOLD = 65535;

export class CommandQueue {
  readonly pipelines: Pipelines;
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #afterSubmit: () => boolean;
  readonly #uniforms: GPUBuffer;
  readonly #ints: Int32Array<ArrayBuffer>;
  readonly #floats: Float32Array<ArrayBuffer>;
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
  #soon: Promise<void> | null = null;
  /** Batches submitted so far, and dispatches in them. */
  readonly counts = { submits: 0, dispatches: 0 };

  /** `afterSubmit` destroys buffers, and tells whether it did: their bind groups must go. */
  constructor(device: GPUDevice, faults: Faults, pipelines: Pipelines, afterSubmit: () => boolean) {
    this.#device = device;
    this.#faults = faults;
    this.pipelines = pipelines;
    this.#afterSubmit = afterSubmit;
    const step = Math.max(16, device.limits.minUniformBufferOffsetAlignment);
    this.#step = step / 4;
    const bytes = BATCH * Math.max(UNIFORM, step) + UNIFORM;
    this.#uniforms = device.createBuffer({
      label: "uniforms",
      size: bytes,
      usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST,
    });
    this.#ints = new Int32Array(bytes / 4);
    this.#floats = new Float32Array(this.#ints.buffer);
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
    pass.setBindGroup(0, this.#group(program, blocks), this.#offset, 0, 1);
    if (groups <= FOLD) {
      pass.dispatchWorkgroups(groups);
    } else {
      const rows = Math.ceil(groups / FOLD);
      pass.dispatchWorkgroups(Math.ceil(groups / rows), rows);
    }
    for (const block of blocks) block.batch = this.#batch;
    this.#dispatches += 1;
    if (this.#dispatches === BATCH) this.flush();
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
      this.#words = 0;
      this.#uploaded = 0;
      this.#dispatches = 0;
      this.#batch += 1;
    }
    if (this.#afterSubmit()) this.#groups.clear();
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

  destroy(): void {
    this.#groups.clear();
    this.#uniforms.destroy();
    this.#uploads?.buffer.destroy();
  }

  #newEncoder(): GPUCommandEncoder {
    return this.#device.createCommandEncoder({ label: `batch ${this.#batch}` });
  }

  #begin(): GPUComputePassEncoder {
    this.#encoder ??= this.#newEncoder();
    this.#pass = this.#encoder.beginComputePass({ label: `batch ${this.#batch}` });
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

  #group(program: Program, blocks: readonly Block[]): GPUBindGroup {
    const layout = program.reads * 4 + program.writes;
    const key = keyOf(layout, blocks);
    const kept = this.#groups.get(key);
    if (kept !== undefined) return kept;
    if (this.#groups.size >= GROUPS) this.#groups.clear();
    const entries: GPUBindGroupEntry[] = blocks.map(({ buffer }, binding) => ({
      binding,
      resource: { buffer },
    }));
    entries.push({
      binding: blocks.length,
      resource: { buffer: this.#uniforms, size: UNIFORM },
    });
    const group = this.#device.createBindGroup({
      label: `${program.label} blocks ${blocks.map((block) => block.id).join(" ")}`,
      layout: this.pipelines.groupLayout(program),
      entries,
    });
    this.#groups.set(key, group);
    return group;
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
