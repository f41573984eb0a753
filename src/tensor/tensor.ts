// A tensor: a shape and a type over shared device memory. It is a value: no op ever changes it.

import type { DType, TypedArray } from "../core/dtype";
import { DeviceError, HypergradError, ShapeError } from "../core/errors";
import { type Shape, show, sizeOf } from "../core/shape";
import type { Device, Storage } from "../device/device";
import { type Node, recording } from "./frame";
import { adopt, type Hold, type Scope } from "./scope";

/** Element i of the tensor is element floor(i / inner) % mid of its storage. */
export interface Repeat {
  readonly inner: number;
  readonly mid: number;
}

/** One running `vmap`. Those inside of it have higher ids. */
export interface Level {
  readonly id: number;
  /** How many examples there are. */
  readonly size: number;
}

/** A value inside `vmap`: `tensor` holds it for all examples, along a leading axis. A value of
 * several levels is wrapped once for each, the innermost vmap outermost. */
export interface Batch {
  readonly level: number;
  readonly tensor: Tensor;
}

/** A value inside `compile`: known by shape and type, computed later. */
interface Symbolic {
  readonly id: number;
}

const BRAND = Symbol.for("hypergrad.tensor");
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** The scalar's value, a typed array or nested arrays of numbers: what tensors are made from. */
export type Nested = number | boolean | readonly Nested[];

/**
 * Numbers of one shape and type on a device. A value: no op changes it. `tensor`, `zeros` and the
 * like make one; `data`, `item` and `array` read it.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly size: number;
  readonly device: Device;
  /** @internal Null once freed, and for symbolic and batched tensors. */
  storage: Storage | null;
  /** @internal How elements lie in the storage; null when one to one. */
  readonly repeat: Repeat | null;
  /** @internal The recorded op that made it. */
  node: Node | null = null;
  /** @internal Whether a recorded op reads or made it. */
  pinned = false;
  /** @internal Cotangent slots of backward walks that hold it. */
  holds = 0;
  /** @internal */
  owner: Scope | null = null;
  /** @internal */
  hold: Hold | null = null;
  /** @internal The value of a scalar constant of the library's own, never freed. */
  readonly constant: number | undefined;
  /** @internal */
  readonly batch: Batch | null = null;
  /** @internal */
  readonly symbolic: Symbolic | null = null;
  /** @internal */
  freed = "";

  /** @internal Use `tensor`, `zeros` and the like. */
  constructor(
    device: Device,
    shape: Shape,
    dtype: DType,
    storage: Storage | null,
    repeat: Repeat | null = null,
    more?: { constant?: number; batch?: Batch; symbolic?: Symbolic },
  ) {
    this.device = device;
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.storage = storage;
    this.repeat = repeat;
    this.constant = more?.constant;
    if (more?.batch !== undefined) this.batch = more.batch;
    if (more?.symbolic !== undefined) this.symbolic = more.symbolic;
    if (storage !== null) {
      storage.refs++;
      if (this.constant === undefined) adopt(this);
    }
  }

  /** The values: float32 as a Float32Array (Float64Array on the reference device), int32 and
   * bool as an Int32Array. Waits for the work that makes them. */
  async data(): Promise<TypedArray> {
    const storage = this.live("data");
    if (this.repeat === null && storage.size === this.size) return this.device.read(storage);
    const { inner, mid } = this.repeat ?? { inner: 1, mid: storage.size };
    const held = await this.device.read(storage);
    const Kind = held.constructor as new (n: number) => TypedArray;
    const out = new Kind(this.size);
    for (let i = 0; i < out.length; i++) out[i] = held[Math.floor(i / inner) % mid];
    return out;
  }

  /** The value of a tensor of one element. */
  async item(): Promise<number> {
    if (this.size !== 1) {
      const what = `the shape is ${show(this.shape)}, ${this.size} elements`;
      throw new ShapeError(`item: not one element: ${what}. Use data() or array().`);
    }
    return (await this.data())[0];
  }

  /** The values as nested arrays; a number for a scalar. */
  async array(): Promise<Nested> {
    const data = await this.data();
    const nest = (axis: number, from: number, size: number): Nested => {
      if (axis === this.shape.length) return data[from];
      const step = this.shape[axis] === 0 ? 0 : size / this.shape[axis];
      return Array.from({ length: this.shape[axis] }, (_, i) =>
        nest(axis + 1, from + i * step, step),
      );
    };
    return nest(0, 0, this.size);
  }

  /** @internal The tensor that holds the elements: itself, but for values inside `vmap`. */
  get physical(): Tensor {
    let t: Tensor = this;
    while (t.batch !== null) t = t.batch.tensor;
    return t;
  }

  /** Frees the memory now. Further use is an error; a second call does nothing. */
  dispose(): void {
    const t = this.physical;
    if (t.pinned && recording() && t.owner !== null) return; // its scope frees it
    t.free("by dispose()");
  }

  [DISPOSE](): void {
    this.dispose();
  }

  /** @internal */
  free(how: string): void {
    if (this.storage === null || this.constant !== undefined) return;
    this.releaser()();
    this.storage = null;
    this.node = null;
    this.owner = null;
    this.freed = how;
    if (this.hold !== null) this.hold.release = null;
  }

  /** @internal The storage, or an error that says why there is none. */
  live(op: string): Storage {
    if (this.storage === null) throw gone(op, this);
    return this.storage;
  }

  /** @internal Lets the storage go without holding the tensor itself. */
  releaser(): () => void {
    const { device, storage } = this;
    return () => {
      if (storage !== null && --storage.refs === 0) device.release(storage);
    };
  }

  get [Symbol.toStringTag](): string {
    const later = this.symbolic === null ? "" : ", a value known only when the program runs";
    return `Tensor ${show(this.shape)} ${this.dtype}${later}`;
  }

  /** Text says what the tensor is. A number it is not: comparing it, or reckoning with it, would
   * give NaN without a word. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return `[object ${this[Symbol.toStringTag]}]`;
    const what = `tensor ${show(this.shape)} ${this.dtype}`;
    throw new TypeError(
      this.symbolic === null
        ? `tensor: used as a number: ${what}. Use ops, or read it first: await t.item().`
        : `compile: a shape or a branch depends on a value: ${what} was used as a number, and is ` +
            "known only when the program runs. Use where(), or pass the number from outside.",
    );
  }
}

Object.defineProperty(Tensor.prototype, BRAND, { value: true });
/** A model that is saved as JSON would be there without its numbers, and nobody told. */
Object.defineProperty(Tensor.prototype, "toJSON", {
  value(this: Tensor): never {
    throw new TypeError(
      `tensor: no JSON: [${this[Symbol.toStringTag]}]. Read it first, await t.array(), or save a ` +
        "tree by saveSafetensors or data.treeArrays.",
    );
  },
});
/** What the consoles of Node and Deno show: what the tensor is, not its fields and its device's. */
Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Tensor): string {
    const gone = this.freed === "" ? "" : `, freed ${this.freed}`;
    return `[${this[Symbol.toStringTag]} on ${this.device.name}${gone}]`;
  },
});

function gone(op: string, t: Tensor): HypergradError {
  if (t.freed !== "") {
    const advice = t.freed.startsWith("when")
      ? "Return it from scope() or keep(t) it"
      : "Use it before it is freed";
    return new HypergradError(`${op}: this tensor was freed ${t.freed}. ${advice}.`);
  }
  const where = t.symbolic !== null ? "compile" : "vmap";
  return new HypergradError(
    `${op}: a value was read inside ${where}: tensor ${show(t.shape)} has a shape there and no ` +
      "data yet. Return it from the function and read it outside.",
  );
}

/** Whether `x` is a tensor of this copy of the library; throws for one of another copy. */
export function isTensor(op: string, x: unknown): x is Tensor {
  if (x instanceof Tensor) return true;
  if (typeof x === "object" && x !== null && BRAND in x) {
    throw new DeviceError(
      `${op}: a tensor of another copy of hypergrad: two copies are loaded, and their tensors do ` +
        "not mix. Import it from one place.",
    );
  }
  return false;
}
