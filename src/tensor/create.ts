// Tensors from host data. Data is checked whole before memory is taken.

import { type DType, needDType, type TypedArray } from "../core/dtype";
import { brief, ShapeError, ValueError } from "../core/errors";
import { checkShape, type Shape, show, sizeOf } from "../core/shape";
import { device } from "../device/current";
import type { Device } from "../device/device";
import { create } from "./op";
import { isTensor, type Nested, Tensor } from "./tensor";

/** A tensor, or a number that takes the type of the tensor beside it. */
export type Like = Tensor | number;

/**
 * A tensor from a number, nested arrays, or a typed array with a shape, on the current device.
 * Without `dtype`: int32 for an Int32Array, bool for booleans, else float32.
 * @throws ShapeError when nested arrays are ragged or the length is not the shape's
 * @throws ValueError for a NaN, fraction or large value where an int32 is asked for
 */
export function tensor(data: Nested | ArrayLike<number>, shape?: Shape, dtype?: DType): Tensor {
  if (isTensor("tensor", data)) {
    throw new TypeError("tensor: the data is a tensor already. Use it as it is.");
  }
  if (dtype !== undefined) needDType("tensor", dtype);
  const flat = ArrayBuffer.isView(data)
    ? {
        values: data as unknown as ArrayLike<number>,
        shape: [data.byteLength === 0 ? 0 : lengthOf(data)],
      }
    : flatten(data as Nested);
  const type = dtype ?? guess(data);
  const form = shape ?? flat.shape;
  checkShape("tensor", form);
  if (sizeOf(form) !== flat.values.length) {
    throw new ShapeError(
      `tensor: data and shape differ: ${flat.values.length} values for shape ${show(form)}, ` +
        `which holds ${sizeOf(form)}. Give a shape of that size.`,
    );
  }
  return upload(device(), flat.values, form, type);
}

function lengthOf(view: ArrayBufferView): number {
  return (view as unknown as ArrayLike<number>).length;
}

function guess(data: unknown): DType {
  if (data instanceof Int32Array) return "int32";
  let first = data;
  while (Array.isArray(first) && first.length > 0) first = first[0];
  return typeof first === "boolean" ? "bool" : "float32";
}

function flatten(data: Nested): { values: number[]; shape: number[] } {
  const shape: number[] = [];
  for (let d: unknown = data; Array.isArray(d); d = d[0]) shape.push(d.length);
  const values: number[] = [];
  const walk = (d: unknown, axis: number) => {
    if (Array.isArray(d) && d.length === shape[axis]) {
      for (const child of d) walk(child, axis + 1);
    } else if (!Array.isArray(d) && axis === shape.length) {
      if (typeof d !== "number" && typeof d !== "boolean") {
        throw new TypeError(`tensor: a value is no number: ${brief(d)}. Give numbers.`);
      }
      values.push(Number(d));
    } else {
      throw new ShapeError(
        `tensor: ragged data: axis ${axis} has size ${shape[axis] ?? "1"} at first and ` +
          `${Array.isArray(d) ? d.length : "a number"} later. Make all rows alike.`,
      );
    }
  };
  walk(data, 0);
  return { values, shape };
}

/** @internal A tensor of checked size on a given device. */
export function upload(on: Device, values: ArrayLike<number>, shape: Shape, dtype: DType): Tensor {
  if (dtype !== "float32" && !(values instanceof Int32Array))
    checkIntegers("tensor", values, dtype);
  const data = dtype === "bool" ? Int32Array.from(values, (v) => (v === 0 ? 0 : 1)) : values;
  const t = create(on, Object.freeze([...shape]), dtype);
  if (t.size > 0) on.write(t.storage!, data as TypedArray);
  return t;
}

/** @internal Throws ValueError for what is no number of an integer type. */
export function checkIntegers(name: string, values: ArrayLike<number>, dtype: DType): void {
  for (let i = 0; i < values.length; i++) {
    if (dtype === "bool" ? values[i] !== values[i] : values[i] !== (values[i] | 0)) {
      throw new ValueError(
        `${name}: no ${dtype}: value ${i} is ${values[i]}. Give whole numbers of 32 bits, or use ` +
          "float32.",
      );
    }
  }
}

type Constants = Record<DType, Map<number, Tensor>>;
const constants = new WeakMap<Device, Constants>();
const MOST_CONSTANTS = 1024;

/**
 * @internal A scalar that many ops share, like the 2 of mul(x, 2): made once a device, never
 * freed, known to `compile` by its value. The first 1,024 values of a type are kept.
 */
export function constant(on: Device, value: number, dtype: DType): Tensor {
  let known = constants.get(on);
  if (known === undefined) {
    known = { float32: new Map(), int32: new Map(), bool: new Map() };
    constants.set(on, known);
  }
  const kept = known[dtype];
  const found = kept.get(value);
  if (found !== undefined && !Object.is(value, -0)) return found;
  if (kept.size >= MOST_CONSTANTS || Object.is(value, -0)) return upload(on, [value], [], dtype);
  if (dtype !== "float32") checkIntegers("tensor", [value], dtype);
  const storage = on.allocate(1, dtype, false);
  on.write(storage, [value]);
  const made = new Tensor(on, [], dtype, storage, null, { constant: value });
  kept.set(value, made);
  return made;
}
