// What an op is, and how one is applied: shapes are checked first, then memory is taken, then
// kernels run, then the op is recorded if a running gradient depends on it.

import type { DType } from "../core/dtype";
import { brief, DeviceError } from "../core/errors";
import type { Shape } from "../core/shape";
import type { Device, Storage } from "../device/device";
import { functions } from "../device/functions";
import type { KernelName } from "../device/kernels";
import { record, recording } from "./frame";
import { isTensor, type Level, type Repeat, Tensor } from "./tensor";

/** Shape and type of a tensor. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A tensor as kernels see it. */
export interface Operand extends Spec {
  readonly size: number;
  readonly storage: Storage | null;
  readonly repeat: Repeat | null;
}

/** Memory that an op is to fill: contiguous, contents undefined. */
export interface Output extends Spec {
  readonly size: number;
  readonly storage: Storage;
}

/** Where an op's kernel calls go: to the device at once, or into a program. */
export interface Calls {
  /** @param along in programs, that the call may run as a part of the one before it */
  run(
    kernel: KernelName,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    params: readonly number[],
    along?: boolean,
  ): void;
  /** The operand's elements one to one: its own storage, or a copy for the length of the op. */
  solid(x: Operand): Storage;
  /** Memory for the length of the op. */
  temporary(size: number, dtype: DType): Storage;
}

/** How an op's derivative acts on tangents (forward mode):
 * - "elementwise": output i depends on elements i alone, so its gradient maps tangents too
 * - "linear": linear in all its inputs together: applied to the tangents
 * - "bilinear": linear in each of two inputs: the sum of two applications
 * - "general": two backward passes */
export type Kind = "elementwise" | "linear" | "bilinear" | "general";

/** How an op acts on all examples of a `vmap` at once: an input that is `batched` has an axis of
 * them, `size` long, before its own axes, and so has every result. Written in ops, so that it is
 * differentiable. Elementwise ops need none. */
export type BatchRule<A> = (
  xs: readonly Tensor[],
  batched: readonly boolean[],
  attrs: A,
  size: number,
) => Tensor | Tensor[];

/** An op with any number of outputs. `defineOp` is its usual, single-output form. */
export interface Op<A = undefined> {
  readonly name: string;
  readonly kind: Kind;
  /** Whether any gradient comes back through it; if not, it is never recorded. */
  readonly differentiable: boolean;
  /** What pictures of a graph say of it beside its name. */
  readonly describe?: (attrs: A) => string;
  /** Shapes and types of the outputs. Throws before anything is allocated. */
  readonly specs: (xs: readonly Tensor[], attrs: A) => Spec[];
  /** The kernel calls that write `ys`. */
  readonly run: (calls: Calls, xs: readonly Operand[], ys: readonly Output[], attrs: A) => void;
  /** For ops that only look at memory in another way: how, or null when they must run. */
  readonly view: ((x: Operand, spec: Spec) => { repeat: Repeat | null } | null) | null;
  /** For each input, what computes its gradient; null where it has none (then it is zero). A
   * cotangent is null where nothing depends on that output. */
  readonly pull: (
    gs: readonly (Tensor | null)[],
    ys: readonly Tensor[],
    xs: readonly Tensor[],
    attrs: A,
  ) => readonly ((() => Tensor) | null)[];
  readonly batch?: BatchRule<A>;
}

/** A single-output op: see `defineOp`. */
export interface OpRecord<A> {
  readonly name: string;
  readonly kind?: Kind;
  readonly shape: (xs: readonly Tensor[], attrs: A) => Spec;
  readonly run: (calls: Calls, xs: readonly Operand[], y: Output, attrs: A) => void;
  readonly view?: Op<A>["view"];
  /** For each input a function that computes its gradient, in ops; `g` has the shape of `y`.
   * Left out: the op has zero gradient. */
  readonly vjp?: (
    g: Tensor,
    y: Tensor,
    xs: readonly Tensor[],
    attrs: A,
  ) => readonly ((() => Tensor) | null)[];
  readonly batch?: BatchRule<A>;
}

/**
 * Defines an op in one record: its shape rule, its kernel calls and its gradient. The result is
 * the op as a function of its inputs and attributes. A gradient made of ops has gradients of its
 * own, so the op is differentiable to any order. Bundlers leave out ops that nothing calls.
 */
/* @__NO_SIDE_EFFECTS__ */
export function defineOp<A = undefined>(def: OpRecord<A>): DefinedOp<A> {
  const { vjp } = def;
  const op: Op<A> = {
    name: def.name,
    kind: def.kind ?? "general",
    differentiable: vjp !== undefined,
    specs: (xs, attrs) => [def.shape(xs, attrs)],
    run: (calls, xs, ys, attrs) => def.run(calls, xs, ys[0], attrs),
    view: def.view ?? null,
    pull: vjp === undefined ? nothing : (gs, ys, xs, attrs) => vjp(gs[0]!, ys[0], xs, attrs),
    batch: def.batch,
  };
  const apply1 = (xs: readonly Tensor[], attrs: A) => apply(op, xs, attrs)[0];
  return Object.assign(apply1 as (xs: readonly Tensor[], attrs?: A) => Tensor, { op });
}

export type DefinedOp<A> = ((
  xs: readonly Tensor[],
  ...attrs: A extends undefined ? [] : [attrs: A]
) => Tensor) & { readonly op: Op<A> };

function nothing(): readonly null[] {
  return [];
}

/** Runs an op in its own way, or returns null to leave it to the next: what `vmap` and
 * `checkpoint` put between an op and the device. */
export interface Interpreter {
  // biome-ignore lint/suspicious/noExplicitAny: attrs differ from op to op
  (op: Op<any>, xs: readonly Tensor[], attrs: any): Tensor[] | null;
  /** The level of `vmap` that it takes away from tensors. */
  readonly level?: Level;
  /** What it puts in a tensor's place in ops, for what is recorded without one. */
  readonly swap?: (x: Tensor) => Tensor;
}

/** Outermost first. Never changed in place, so that the list itself is a snapshot. */
let interpreters: readonly Interpreter[] = [];
/** What stands in the device's place while `compile` captures. */
let captor: Interpreter | null = null;

/** The interpreters that ops are offered to now, the last one first. */
export function interpretersNow(): readonly Interpreter[] {
  return interpreters;
}

/** Whether `compile` is capturing what runs. */
export function capturing(): boolean {
  return captor !== null;
}

/** Runs `f` with these interpreters instead of those there are. */
export function interpretedBy<T>(list: readonly Interpreter[], f: () => T): T {
  const before = interpreters;
  interpreters = list;
  try {
    return f();
  } finally {
    interpreters = before;
  }
}

/** Runs `f` with `capture` in the place of the device, beneath all interpreters. */
export function capturedBy<T>(capture: Interpreter, f: () => T): T {
  const before = captor;
  captor = capture;
  try {
    return f();
  } finally {
    captor = before;
  }
}

/** Applies an op: checks, computes, records. */
export function apply<A>(op: Op<A>, xs: readonly Tensor[], attrs: A): Tensor[] {
  for (let i = interpreters.length - 1; i >= 0; i--) {
    const made = interpreters[i](op, xs, attrs);
    if (made !== null) return made;
  }
  const captured = captor?.(op, xs, attrs) ?? null;
  if (captured !== null) return captured;
  const device = deviceOf(op.name, xs);
  const specs = op.specs(xs, attrs);
  const ys = look(device, op, xs, specs) ?? compute(device, op, xs, specs, attrs);
  if (recording()) record(op, xs, ys, attrs);
  return ys;
}

function look<A>(device: Device, op: Op<A>, xs: readonly Tensor[], specs: Spec[]) {
  if (op.view === null) return null;
  const seen = op.view(xs[0], specs[0]);
  if (seen === null) return null;
  return [new Tensor(device, specs[0].shape, specs[0].dtype, xs[0].storage, seen.repeat)];
}

function compute<A>(device: Device, op: Op<A>, xs: readonly Tensor[], specs: Spec[], attrs: A) {
  const ys = specs.map(({ shape, dtype }) => create(device, shape, dtype));
  const calls = new Eager(device);
  try {
    op.run(calls, xs, ys as readonly Output[], attrs);
  } catch (error) {
    for (const y of ys) y.free("because its op failed");
    throw error;
  } finally {
    calls.end();
  }
  return ys;
}

/** A new tensor with memory of its own, contents undefined. */
export function create(device: Device, shape: Shape, dtype: DType): Tensor {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i];
  return new Tensor(device, shape, dtype, device.allocate(size, dtype));
}

/** The one device that all inputs live on. */
export function deviceOf(name: string, xs: readonly Tensor[]): Device {
  for (let i = 0; i < xs.length; i++) {
    if (!isTensor(name, xs[i])) {
      throw new TypeError(`${name}: input ${i + 1} is no tensor: ${brief(xs[i])}. Use tensor(x).`);
    }
    xs[i].live(name);
    if (xs[i].device !== xs[0].device) throw twoDevices(name, xs[0].device, xs[i].device);
  }
  return xs[0].device;
}

export function twoDevices(name: string, one: Device, other: Device): DeviceError {
  return new DeviceError(
    `${name}: inputs live on two devices: ${one.name} and ${other.name}. Upload one again: ` +
      "tensor(await t.data(), t.shape).",
  );
}

/** Kernel calls that go to the device at once. */
class Eager implements Calls {
  private held: Storage[] | null = null;
  constructor(private readonly device: Device) {}

  run(
    kernel: KernelName,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    params: readonly number[],
  ): void {
    this.device.run(kernel, inputs, outputs, params);
  }

  solid(x: Operand): Storage {
    if (x.repeat === null) return x.storage!;
    const copy = this.temporary(x.size, x.dtype);
    const { inner, mid } = x.repeat;
    this.device.run("map1", [x.storage!], [copy], [functions.copy.code, x.size, inner, mid]);
    return copy;
  }

  temporary(size: number, dtype: DType): Storage {
    const storage = this.device.allocate(size, dtype);
    this.held ??= [];
    this.held.push(storage);
    return storage;
  }

  end(): void {
    if (this.held !== null) for (const storage of this.held) this.device.release(storage);
  }
}
