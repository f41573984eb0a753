// The reference device: float64 loops on the host that define what every kernel means. It is
// compared with, never tuned.

import type { DType, TypedArray } from "../../core/dtype";
import { DeviceError, MemoryError } from "../../core/errors";
import { checkLength, checkSize, disposed, unusable } from "../checks";
import type { Device, DeviceInfo, Memory, Storage } from "../device";
import { type KernelName, kernels } from "../kernels";
import { Ledger } from "../ledger";
import { callByCall, type ProgramSource, type Runnable } from "../program";
import { attention } from "./attention";
import { type Body, checkCall, type Data } from "./body";
import { elementwise } from "./elementwise";
import { movement } from "./movement";
import { normalization } from "./normalization";
import { pooling } from "./pooling";
import { products } from "./products";
import { random } from "./random";
import { recurrent } from "./recurrent";
import { reductions } from "./reductions";

const bodies: Record<KernelName, Body> = {
  ...elementwise,
  ...reductions,
  ...movement,
  ...products,
  ...pooling,
  ...normalization,
  ...random,
  ...recurrent,
  ...attention,
};

class ReferenceStorage implements Storage {
  refs = 0;
  constructor(
    readonly owner: ReferenceDevice,
    readonly dtype: DType,
    readonly size: number,
    readonly counted: boolean,
    public data: Data | null,
  ) {}
}

class ReferenceDevice implements Device {
  readonly name = "reference";
  readonly info: DeviceInfo = {
    reason: "reference: float64 loops on the host, asked for by name",
    threads: 1,
  };
  readonly features = [];
  readonly bindings = 16;
  readonly inPlace = false;
  readonly foldFrom = 0;
  readonly lost: Promise<string>;
  #lose!: (reason: string) => void;
  #disposed = false;
  readonly #ledger = new Ledger();

  constructor() {
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
  }

  allocate(size: number, dtype: DType, counted = true): Storage {
    this.#alive("allocate");
    checkSize(size);
    const storage = new ReferenceStorage(this, dtype, size, counted, reserve(size, dtype));
    if (counted) this.#ledger.add(size);
    return storage;
  }

  /** Does nothing once the device is disposed: its memory is gone already. */
  release(storage: Storage): void {
    if (this.#disposed) return;
    this.#data("release", storage);
    (storage as ReferenceStorage).data = null;
    if ((storage as ReferenceStorage).counted) this.#ledger.remove(storage.size);
  }

  write(storage: Storage, data: ArrayLike<number>): void {
    const to = this.#data("write", storage);
    checkLength(storage, data);
    to.set(data);
  }

  async read(storage: Storage): Promise<TypedArray> {
    return this.#data("read", storage).slice();
  }

  run(
    kernel: KernelName,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    params: readonly number[],
  ): void {
    checkCall(kernel, kernels[kernel], {
      inputs: inputs.length,
      outputs: outputs.length,
      params: params.length,
    });
    const from = inputs.map((storage) => this.#data(kernel, storage));
    const to = outputs.map((storage) => this.#data(kernel, storage));
    if (to.some((data, i) => from.includes(data) || to.indexOf(data) !== i)) {
      throw new TypeError(`${kernel}: an output shares memory with another operand.`);
    }
    bodies[kernel](from, to, params);
  }

  prepare(source: ProgramSource): Runnable {
    return callByCall(this, source);
  }

  async tune(): Promise<never> {
    throw new DeviceError("tune: the reference device has no tiles. Call init() for another one.");
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
    this.#ledger.clear();
    this.#lose("reference: the device was disposed");
  }

  #alive(op: string): void {
    if (this.#disposed) throw disposed(op, "reference");
  }

  #data(op: string, storage: Storage): Data {
    this.#alive(op);
    if (!(storage instanceof ReferenceStorage) || storage.owner !== this) {
      throw unusable(op, "foreign");
    }
    if (storage.data === null) throw unusable(op, "released");
    return storage.data;
  }
}

function reserve(size: number, dtype: DType): Data {
  try {
    return dtype === "float32" ? new Float64Array(size) : new Int32Array(size);
  } catch {
    throw new MemoryError(`allocate: no memory for ${size} elements of ${dtype}. Free some first.`);
  }
}

/** A new reference device: float64, on the host, slow, right. */
export function referenceDevice(): Device {
  return new ReferenceDevice();
}
