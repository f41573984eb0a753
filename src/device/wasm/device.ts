// The WebAssembly device: kernels of asm/ on one linear memory. A call checks its operands and
// passes addresses, and costs little more than the kernel, as tiny calls decide meta-learning.

import { BYTES, type DType, type TypedArray } from "../../core/dtype";
import { DeviceError } from "../../core/errors";
import { checkLength, checkSize, disposed, throwIndex, unusable } from "../checks";
import type { Device, DeviceInfo, Memory, Storage } from "../device";
import { type KernelName, kernels, type Signature } from "../kernels";
import { loadThreads } from "../lazy";
import { Ledger } from "../ledger";
import { type ProgramSource, type Runnable, runOnce } from "../program";
import { type Tiles, tilesElsewhere } from "../tiles";
import { Allocator } from "./allocator";
import {
  type Environment,
  link,
  modules,
  restHere,
  runsHere,
  type Simd,
  withRest,
} from "./binaries";
import type { Exports, Kernel } from "./exports";
import type { isLarge } from "./sharing";
import { WasmStorage } from "./storage";
import { fastestTile, setFastestTile, setTile, tileSetting } from "./tile";
import { serve } from "./worker";

interface WasmOptions {
  /** Which binary; the fastest that runs here when not given. */
  readonly simd?: Simd;
  /** Take the plain binary, whose bits are the same on every processor. Default false. */
  readonly deterministic?: boolean;
  /** Default 1. More than there are cores is cut down to them. */
  readonly threads?: number;
  /** Cores to count on; what the runtime says when not given. */
  readonly cores?: number;
  /** Nanoseconds of work from which threads share a call. Default SHARE_FROM. */
  readonly shareFrom?: number;
  /** Elements of a product from which a chain that reads it is a part of it. Default FOLD_FROM. */
  readonly foldFrom?: number;
  /** What `tune()` found; it saves the look at the start. */
  readonly tiles?: Tiles;
  /** Why this device and no other, told after the reason for the binary. */
  readonly because?: string;
}

/** A product's output of fewer elements is still in cache when the chain behind it begins. */
const FOLD_FROM = 1 << 16;
/** Pages of the largest memory: one less than 4 GiB, so that no block's end is address 0. */
const MOST_PAGES = 65535;
/** Kernels with so many sizes that they read them from memory; see asm/forms.ts. */
export const FORMED: ReadonlySet<KernelName> = new Set<KernelName>([
  ...(["conv2d", "conv2dInput", "conv2dKernel"] as const),
  ...(["maxPoolIndex", "poolGather", "poolScatter", "sumPool", "sumPoolInput"] as const),
]);
const FORM_BYTES = 128;
/** What threads have in common, and the cache line that it begins with; see asm/threads.ts. */
const [COMMON_BYTES, LINE] = [256, 64];

/** One thread, as was asked for. */
const ALONE = { threads: 1, why: "" };

type Operands = readonly Storage[];

class WasmDevice implements Device {
  readonly name = "wasm";
  readonly features: readonly string[] = [];
  readonly bindings = 16;
  readonly inPlace = true;
  readonly lost: Promise<string>;
  #exports: Exports;
  #memory: WebAssembly.Memory;
  #allocator: Allocator;
  readonly #ledger = new Ledger();
  /** Where a kernel called alone finds its sizes. */
  readonly #form: number;
  #lose!: (reason: string) => void;
  #owner = {};
  #disposed = false;
  #floats = new Float32Array(0);
  #ints = new Int32Array(0);

  constructor(
    readonly info: DeviceInfo,
    exports: Exports,
    memory: WebAssembly.Memory,
    allocator: Allocator,
    private readonly env: Environment,
    private readonly tile: number,
    readonly foldFrom: number,
    private readonly shareFrom?: number,
    /** Which calls threads share, where there are several. */
    private readonly shares?: typeof isLarge,
  ) {
    this.#exports = exports;
    this.#memory = memory;
    this.#allocator = allocator;
    this.#form = allocator.allocate(FORM_BYTES);
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
  }

  allocate(size: number, dtype: DType, counted = true): Storage {
    if (this.#disposed) throw this.#unusable("allocate", null);
    checkSize(size);
    const address = this.#allocator.allocate(size * BYTES);
    if (counted) this.#ledger.add(size);
    return new WasmStorage(address, size, dtype, counted, this.#owner);
  }

  /** Does nothing once the device is disposed: its memory is gone already. */
  release(storage: Storage): void {
    if (this.#disposed) return;
    this.#allocator.free(this.#address("release", storage), storage.size * BYTES);
    (storage as WasmStorage).address = 0;
    if ((storage as WasmStorage).counted) this.#ledger.remove(storage.size);
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    const at = this.#address("write", storage) / BYTES;
    const { size, dtype } = storage;
    checkLength(storage, data);
    const view = this.#view(dtype, at + size);
    if (size > 8) view.set(data, at);
    else for (let i = 0; i < size; i++) view[at + i] = data[i];
  }

  async read(storage: Storage): Promise<TypedArray> {
    const at = this.#address("read", storage) / BYTES;
    return this.#view(storage.dtype, at + storage.size).slice(at, at + storage.size);
  }

  // The kernels of eager steps are called here directly: a call with spread arguments, or through a
  // table, costs more than a small kernel.
  run(kernel: KernelName, inputs: Operands, outputs: Operands, params: readonly number[]): void {
    const out = this.#address(kernel, outputs[0]);
    const p = params;
    if (this.shares?.(kernel, inputs, outputs, params)) {
      runOnce(this, kernel, inputs, outputs, params);
      return;
    }
    switch (kernel) {
      case "map2": {
        const x = this.#address(kernel, inputs[0]);
        const y = this.#address(kernel, inputs[1]);
        this.#exports.map2(x, y, out, p[0], p[1], p[2], p[3], p[4], p[5]);
        return;
      }
      case "map1": {
        const x = this.#address(kernel, inputs[0]);
        this.#exports.map1(x, out, p[0], p[1], p[2], p[3]);
        return;
      }
      case "matmul": {
        const a = this.#address(kernel, inputs[0]);
        const b = this.#address(kernel, inputs[1]);
        this.#exports.matmul(a, b, out, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
        return;
      }
      case "sum":
        this.#exports.sum(this.#address(kernel, inputs[0]), out, p[0], p[1], p[2]);
        return;
      case "map3": {
        const x = this.#address(kernel, inputs[0]);
        const y = this.#address(kernel, inputs[1]);
        const z = this.#address(kernel, inputs[2]);
        const { map3 } = this.#exports;
        map3(x, y, z, out, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
        return;
      }
      case "move": {
        const x = this.#address(kernel, inputs[0]);
        const { move } = this.#exports;
        // biome-ignore format: one line a view
        move(
          x, out, p[0], p[1], p[2], p[3], p[4], p[5],
          p[6], p[7], p[8], p[9], p[10], p[11], p[12],
          p[13], p[14], p[15], p[16], p[17], p[18], p[19],
        );
        return;
      }
      case "fill":
        this.#exports.fill(out, p[0], p[1]);
        return;
      case "chain":
        runOnce(this, kernel, inputs, outputs, params);
        return;
      default:
        this.#call(kernel, inputs, outputs, params);
    }
  }

  /** Any kernel, its indices checked. */
  #call(kernel: KernelName, inputs: Operands, outputs: Operands, params: readonly number[]): void {
    const operands: number[] = [];
    for (const storage of inputs) operands.push(this.#address(kernel, storage));
    for (const storage of outputs) operands.push(this.#address(kernel, storage));
    if (FORMED.has(kernel)) operands.push(this.#inMemory(params));
    else for (const value of params) operands.push(value);
    const bad = ((this.#exports[kernel] ?? this.#withRest()[kernel]) as Kernel)(...operands);
    const signature: Signature = kernels[kernel];
    if (signature.checks === undefined || bad === undefined || bad < 0) return;
    const idx = operands[signature.inputs.indexOf(signature.checks)] / BYTES + bad;
    const n = params[signature.params.indexOf("n")];
    throwIndex(kernel, bad, this.#view("int32", idx + 1)[idx], n);
  }

  #inMemory(params: readonly number[]): number {
    const at = this.#form / BYTES;
    const view = this.#view("int32", at + params.length);
    for (let i = 0; i < params.length; i++) view[at + i] = params[i];
    return this.#form;
  }

  prepare(source: ProgramSource): Runnable {
    const { execute, badIndex, abandon } = this.#withRest();
    const { Program } = restHere()!;
    return new Program(this, source, {
      execute: (list, slots, count) => {
        try {
          return execute(list, slots, count);
        } catch (error) {
          abandon();
          throw error;
        }
      },
      badIndex,
      shareFrom: this.shareFrom,
      addressOf: (storage) => this.#address("compile", storage),
      words: (at, count) => this.#view("int32", at / BYTES + count) as Int32Array<ArrayBuffer>,
    });
  }

  /** The exports with those of the rest, which may have come after this device. */
  #withRest(): Exports {
    if (this.#exports.execute === undefined && !this.#disposed) {
      this.#exports = withRest(this.#exports, this.info.simd!, this.env);
    }
    return this.#exports;
  }

  async tune(): Promise<Tiles> {
    if (this.#disposed) throw this.#unusable("tune", null);
    const simd = this.info.simd!;
    const rows = fastestTile(this.#exports, this.#allocator, simd);
    setTile(this.#exports, simd, this.tile);
    return { device: "wasm", on: simd, rows };
  }

  memory(): Memory {
    return this.#ledger.memory();
  }

  resetPeak(): void {
    this.#ledger.resetPeak();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.info.threads > 1) this.#exports.stop();
    this.#owner = {};
    this.#ledger.clear();
    // Nothing keeps the old memory: no call gets as far as these any more.
    this.#exports = {} as Exports;
    this.#memory = new WebAssembly.Memory({ initial: 0 });
    this.#allocator = new Allocator(this.#memory, 0);
    this.#floats = new Float32Array(0);
    this.#ints = new Int32Array(0);
    this.#lose("wasm: the device was disposed");
  }

  #address(op: string, storage: Storage): number {
    const { address, owner } = storage as WasmStorage;
    if (owner === this.#owner && address !== 0) return address;
    throw this.#unusable(op, storage as WasmStorage);
  }

  #unusable(op: string, storage: WasmStorage | null): DeviceError {
    if (this.#disposed) return disposed(op, "wasm");
    return unusable(op, storage?.owner === this.#owner ? "released" : "foreign");
  }

  /** The whole memory as elements, `end` of them at least: growing leaves older views short. */
  #view(dtype: DType, end: number): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
    if (end > this.#ints.length) {
      const buffer = this.#memory.buffer as ArrayBuffer;
      this.#floats = new Float32Array(buffer);
      this.#ints = new Int32Array(buffer);
    }
    return dtype === "float32" ? this.#floats : this.#ints;
  }
}

/** The instructions to take, and why. */
function choose({ simd, deterministic = false }: WasmOptions): { simd: Simd; why: string } {
  if (!runsHere("plain")) {
    throw new DeviceError("wasm: this runtime has no WebAssembly SIMD. Use a newer one.");
  }
  if (simd === "relaxed" && deterministic) {
    throw new DeviceError(
      "wasm: relaxed SIMD is not deterministic: its bits depend on the processor. Drop one option.",
    );
  }
  if (simd === "plain") return { simd, why: "plain SIMD, asked for by name" };
  if (deterministic) return { simd: "plain", why: "plain SIMD, the same bits everywhere" };
  if (runsHere("relaxed")) {
    const why = simd === undefined ? "the fastest here" : "asked for by name";
    return { simd: "relaxed", why: `relaxed SIMD, ${why}` };
  }
  if (simd === undefined) {
    return { simd: "plain", why: "plain SIMD, as this runtime has no relaxed SIMD" };
  }
  throw new DeviceError('wasm: this runtime has no relaxed SIMD. Use simd: "plain".');
}

/** Memory for one thread, or for several. */
function newMemory(shared: boolean): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 16, maximum: MOST_PAGES, shared });
}

/** Whether this thread may sleep until another wakes it: a page's main thread may not. */
function maySleep(memory: WebAssembly.Memory): boolean {
  try {
    return Atomics.wait(new Int32Array(memory.buffer), 0, 1, 0) !== "ok";
  } catch {
    return false;
  }
}

/**
 * A new WebAssembly device with up to 4 GiB of memory.
 * @throws DeviceError when the runtime lacks the SIMD that is asked for
 */
export async function wasmDevice(options: WasmOptions = {}): Promise<Device> {
  const { simd, why } = choose(options);
  const { because, threads: asked = 1, shareFrom, foldFrom = FOLD_FROM } = options;
  const reasons = [why];
  if (because !== undefined) reasons.push(because);
  const several = asked > 1 ? await loadThreads() : null;
  let { threads, why: fewer } = (await several?.threadsHere(asked, options.cores)) ?? ALONE;
  const memory = newMemory(threads > 1);
  let allocator: Allocator;
  const outOfMemory = (bytes: number) => {
    if (bytes === 1) throw new DeviceError("wasm: a kernel failed in a thread. This is a bug.");
    throw allocator.error(bytes >>> 0);
  };
  const env = { memory, outOfMemory };
  const parts = await modules(simd, threads > 1);
  const exports = await link(parts, env);
  allocator = new Allocator(memory, exports.heapBase());
  const { tiles } = options;
  const elsewhere = tiles === undefined ? "" : tilesElsewhere(tiles, "wasm", simd);
  if (elsewhere !== "") reasons.push(elsewhere);
  const given = elsewhere === "" && tiles?.device === "wasm";
  const tile = given ? tiles.rows : setFastestTile(exports, allocator, simd);
  setTile(exports, simd, tile);
  if (threads > 1) {
    const common = Math.ceil(allocator.allocate(COMMON_BYTES + LINE) / LINE) * LINE;
    new Uint8Array(memory.buffer, common, COMMON_BYTES).fill(0);
    try {
      await several!.startThreads(serve, {
        parts,
        memory,
        common,
        threads,
        tile: tileSetting(simd, tile),
      });
      exports.join(common, threads, maySleep(memory) ? 1 : 0);
    } catch (error) {
      threads = 1;
      fewer = `as ${(error as Error).message}`;
    }
  }
  if (asked > 1) {
    const count = threads === 1 ? "1 thread" : `${threads} threads`;
    reasons.push(fewer === "" ? count : `${count}, not ${asked}, ${fewer}`);
  }
  const info: DeviceInfo = { reason: `wasm: ${reasons.join("; ")}`, threads, simd };
  const shares = threads > 1 ? several!.isLarge : undefined;
  return new WasmDevice(info, exports, memory, allocator, env, tile, foldFrom, shareFrom, shares);
}
