// The WebGPU device: kernels are encoded as they are called, submitted in batches, and nothing
// waits until data is read. Every failure that WebGPU reports later makes all later calls throw.

import { BYTES, type DType, type TypedArray } from "../../core/dtype";
import { DeviceError, MemoryError } from "../../core/errors";
import { checkLength, checkSize, unusable } from "../checks";
import type { Device, DeviceInfo, Memory, Storage } from "../device";
import { type KernelName, kernels } from "../kernels";
import { Ledger } from "../ledger";
import type { ProgramSource, Runnable } from "../program";
import { type Tiles, tilesElsewhere } from "../tiles";
import { adapterName, findAdapter, isSoftware, openDevice } from "./adapter";
import { type Block, BufferPool } from "./buffers";
import { MAP_MODE_READ } from "./constants";
import { Faults } from "./faults";
import { hasten } from "./hasten";
import { Pipelines } from "./pipelines";
import type { Choosing, Recorder } from "./plan";
import { plans } from "./plans";
import type { Program } from "./program";
import { CommandQueue } from "./queue";
import { type Host, Replay } from "./replay";
import { StagingRing } from "./staging";
import { Timer } from "./timer";
import { deviceClock, rulesBy, sidesWithin } from "./tune";

/** Most bytes of released memory kept for reuse. */
const POOL = 512 << 20;

class WebGPUStorage implements Storage {
  refs = 0;
  constructor(
    readonly owner: WebGPUDevice,
    readonly dtype: DType,
    readonly size: number,
    readonly counted: boolean,
    public block: Block | null,
  ) {}
}

export class WebGPUDevice implements Device {
  readonly name = "webgpu";
  readonly info: DeviceInfo;
  readonly features: readonly string[];
  readonly bindings: number;
  readonly inPlace = false;
  readonly foldFrom = Number.POSITIVE_INFINITY;
  /** How kernels are chosen beside their shapes; changed by tests and the self-test. */
  readonly choosing: Choosing;
  /** The device under it, for interoperation and tests. */
  readonly gpu: GPUDevice;
  readonly #faults: Faults;
  readonly #pipelines: Pipelines;
  readonly #queue: CommandQueue;
  readonly #pool: BufferPool;
  readonly #staging: StagingRing;
  readonly #recorder: Recorder;
  readonly #host: Host;
  readonly #limit: number;
  readonly #ledger = new Ledger();

  constructor(gpu: GPUDevice, info: DeviceInfo, software: boolean) {
    this.gpu = gpu;
    this.info = info;
    this.choosing = { software, variant: null, products: null, stepwise: false };
    this.bindings = Math.min(16, gpu.limits.maxStorageBuffersPerShaderStage);
    this.features = [...gpu.features].sort();
    this.#faults = new Faults(gpu);
    this.#pipelines = new Pipelines(gpu, this.#faults);
    this.#pool = new BufferPool(gpu, this.#faults, POOL);
    const afterSubmit = () => this.#pool.destroyDoomed();
    this.#queue = new CommandQueue(gpu, this.#faults, this.#pipelines, afterSubmit);
    this.#staging = new StagingRing(gpu);
    this.#limit = Math.min(gpu.limits.maxBufferSize, gpu.limits.maxStorageBufferBindingSize);
    this.#recorder = {
      choosing: this.choosing,
      bindings: this.bindings,
      dispatch: (program, blocks, words, groups) =>
        this.#queue.dispatch(program, blocks, words, groups),
      scratch: (elements) => this.#take("run", elements),
      release: (block) => this.#pool.give(block),
    };
    this.#host = this.#hostOf();
  }

  get lost(): Promise<string> {
    return this.#faults.lost;
  }

  allocate(size: number, dtype: DType, counted = true): Storage {
    this.#alive("allocate");
    checkSize(size);
    const block = this.#take("allocate", size);
    if (counted) this.#ledger.add(size);
    return new WebGPUStorage(this, dtype, size, counted, block);
  }

  /** Does nothing once the device is lost or disposed: its memory is gone already. */
  release(storage: Storage): void {
    if (this.#faults.any) return;
    this.#pool.give(this.#block("release", storage));
    (storage as WebGPUStorage).block = null;
    if ((storage as WebGPUStorage).counted) this.#ledger.remove(storage.size);
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    this.#alive("write");
    const block = this.#block("write", storage);
    checkLength(storage, data);
    if (data.length === 0) return;
    this.#queue.write(block, storage.dtype === "float32" ? floats(data) : ints(data));
  }

  async read(storage: Storage): Promise<TypedArray> {
    this.#alive("read");
    const block = this.#block("read", storage);
    const { size, dtype } = storage;
    const View = dtype === "float32" ? Float32Array : Int32Array;
    if (size === 0) return new View(0);
    const bytes = size * BYTES;
    const staging = this.#staging.take(bytes);
    this.#queue.copy(block, staging.buffer, bytes);
    await this.#queue.flushSoon();
    try {
      await hasten(this.gpu, staging.buffer.mapAsync(MAP_MODE_READ, 0, bytes));
      await this.#faults.settled();
    } catch (error) {
      await this.#faults.readFailed(error as Error);
    }
    this.#alive("read");
    const data = new View(staging.buffer.getMappedRange(0, bytes).slice(0));
    this.#staging.give(staging);
    return data;
  }

  run(
    kernel: KernelName,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    params: readonly number[],
  ): void {
    this.#alive(kernel);
    const from: Block[] = new Array(inputs.length);
    const to: Block[] = new Array(outputs.length);
    for (let i = 0; i < inputs.length; i++) from[i] = this.#block(kernel, inputs[i]);
    for (let i = 0; i < outputs.length; i++) to[i] = this.#block(kernel, outputs[i]);
    plans[kernel](this.#recorder, from, to, params);
    this.#queue.relieve();
  }

  prepare(source: ProgramSource): Runnable {
    this.#alive("compile");
    return new Replay(source, this.#host, this.gpu.features.has("timestamp-query"));
  }

  /** Compiles the pipelines that calls with these parameters need, without holding up this
   * thread; calls made without it compile at their first use. */
  async warmUp(calls: Iterable<{ kernel: KernelName; params: readonly number[] }>): Promise<void> {
    this.#alive("warmUp");
    const programs: Program[] = [];
    const none = { id: 0, bytes: 0, batch: 0 } as Block;
    const noting: Recorder = {
      ...{ choosing: this.choosing, bindings: this.bindings },
      dispatch: (program, _blocks, _words, groups) => {
        if (groups > 0) programs.push(program);
      },
      scratch: () => none,
      release: () => {},
    };
    for (const { kernel, params } of calls) {
      const { inputs, outputs } = kernels[kernel];
      plans[kernel](
        noting,
        inputs.map(() => none),
        outputs.map(() => none),
        params,
      );
    }
    await this.#pipelines.warmUp(programs);
    this.#alive("warmUp");
  }

  /** Submits what has been called so far, without waiting for it. */
  flush(): void {
    this.#queue.flush();
  }

  /** Gives released memory that was kept for reuse back to the system. */
  trim(): void {
    this.#alive("trim");
    this.#pool.trim();
    this.#queue.flush();
  }

  /** Submits, dispatches, bind groups (`groups`) and pipelines so far, and bytes kept for reuse. */
  stats() {
    const { count: pipelines } = this.#pipelines;
    return { ...this.#queue.counts, pipelines, pooled: this.#pool.freeBytes };
  }

  async tune(): Promise<Tiles> {
    this.#alive("tune");
    const clock = deviceClock(this, (tile) => {
      this.choosing.variant = tile;
    });
    const products = await rulesBy(clock, sidesWithin(this.#limit));
    return { device: "webgpu", on: this.info.adapter!, products };
  }

  memory(): Memory {
    return this.#ledger.memory();
  }

  resetPeak(): void {
    this.#ledger.resetPeak();
  }

  dispose(): void {
    if (this.#faults.any) return;
    this.#faults.report("the webgpu device was disposed");
    this.#ledger.clear();
    this.gpu.destroy();
  }

  #hostOf(): Host {
    return {
      queue: this.#queue,
      recorder: this.#recorder,
      block: (storage) => {
        this.#alive("compile");
        return this.#block("compile", storage);
      },
      take: (elements) => this.#take("compile", elements),
      retake: (block) => this.#pool.retake(block),
      give: (block) => this.#pool.give(block),
      count: (elements) => {
        this.#ledger.add(elements);
        this.#ledger.remove(elements);
      },
      timer: (calls) =>
        this.gpu.features.has("timestamp-query")
          ? new Timer(this.gpu, this.#queue, this.#staging, calls)
          : null,
    };
  }

  #alive(op: string): void {
    const error = this.#faults.error(op);
    if (error !== null) throw error;
  }

  #take(op: string, elements: number): Block {
    const bytes = elements * BYTES;
    if (bytes > this.#limit) {
      throw new MemoryError(
        `${op}: more memory than one binding of this adapter: ${bytes} bytes asked for, at most ` +
          `${this.#limit}. Use smaller tensors.`,
      );
    }
    return this.#pool.take(bytes, this.#limit);
  }

  #block(op: string, storage: Storage): Block {
    if (!(storage instanceof WebGPUStorage) || storage.owner !== this) {
      throw unusable(op, "foreign");
    }
    if (storage.block === null) throw unusable(op, "released");
    return storage.block;
  }
}

/** Data as WebGPU uploads it; copied only when it is of another type. */
function floats(data: ArrayLike<number>): Float32Array<ArrayBuffer> {
  return (
    data instanceof Float32Array ? data : new Float32Array(data)
  ) as Float32Array<ArrayBuffer>;
}

function ints(data: ArrayLike<number>): Int32Array<ArrayBuffer> {
  return (data instanceof Int32Array ? data : new Int32Array(data)) as Int32Array<ArrayBuffer>;
}

/** A new WebGPU device, on the adapter given or on the one that `findAdapter` finds. Throws a
 * DeviceError when there is none. */
export async function webgpuDevice(
  options: { gpu?: GPU; adapter?: GPUAdapter; tiles?: Tiles } = {},
): Promise<WebGPUDevice> {
  const adapter = options.adapter ?? (await findAdapter(options.gpu));
  if (adapter === null) {
    throw new DeviceError(
      "init: no WebGPU adapter here (requestAdapter() gave null). " +
        'Use init({ device: "wasm" }).',
    );
  }
  const software = isSoftware(adapter.info);
  const name = adapterName(adapter.info);
  const gpu = await openDevice(adapter);
  const kind = software
    ? `webgpu: ${name}, which computes on the CPU: chosen only when asked for by name`
    : `webgpu: ${name}, a GPU`;
  const { tiles } = options;
  const elsewhere = tiles === undefined ? "" : tilesElsewhere(tiles, "webgpu", name);
  const info: DeviceInfo = {
    reason: elsewhere === "" ? kind : `${kind}; ${elsewhere}`,
    threads: 1,
    adapter: name,
  };
  const device = new WebGPUDevice(gpu, info, software);
  if (elsewhere === "" && tiles?.device === "webgpu") device.choosing.products = tiles.products;
  return device;
}
