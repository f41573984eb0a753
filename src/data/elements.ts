// The element types of safetensors files: which array holds each, and how one is read. What an
// array cannot hold exactly is an error, never another number.

import { ValueError } from "../core/errors";
import { halfToFloat } from "./half";

type Values = Float32Array | Float64Array | Int32Array | Uint8Array;

interface Kind {
  readonly bytes: number;
  readonly make: (size: number) => Values;
  /** Whether the array has the very bytes of the file on a little-endian machine. */
  readonly same?: true;
  readonly read: (view: DataView, at: number) => number;
}

const floats = (size: number) => new Float32Array(size);
const whole = (size: number) => new Int32Array(size);
const bytes = (size: number) => new Uint8Array(size);

/** A 64-bit whole number, exact or NaN. */
const wide = (x: bigint) => (x === BigInt.asIntN(32, x) ? Number(x) : Number.NaN);

export const kinds = {
  F64: {
    bytes: 8,
    make: (n) => new Float64Array(n),
    same: true,
    read: (v, at) => v.getFloat64(at, true),
  },
  F32: { bytes: 4, make: floats, same: true, read: (v, at) => v.getFloat32(at, true) },
  F16: { bytes: 2, make: floats, read: (v, at) => halfToFloat(v.getUint16(at, true)) },
  BF16: { bytes: 2, make: floats, read: brainFloat },
  I64: { bytes: 8, make: whole, read: (v, at) => wide(v.getBigInt64(at, true)) },
  U64: { bytes: 8, make: whole, read: (v, at) => wide(v.getBigUint64(at, true)) },
  I32: { bytes: 4, make: whole, same: true, read: (v, at) => v.getInt32(at, true) },
  U32: { bytes: 4, make: whole, read: (v, at) => v.getUint32(at, true) },
  I16: { bytes: 2, make: whole, read: (v, at) => v.getInt16(at, true) },
  U16: { bytes: 2, make: whole, read: (v, at) => v.getUint16(at, true) },
  I8: { bytes: 1, make: whole, read: (v, at) => v.getInt8(at) },
  U8: { bytes: 1, make: bytes, same: true, read: (v, at) => v.getUint8(at) },
  BOOL: { bytes: 1, make: bytes, same: true, read: (v, at) => v.getUint8(at) },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof kinds;

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function brainFloat(view: DataView, at: number): number {
  scratch.setUint32(0, view.getUint16(at, true) << 16);
  return scratch.getFloat32(0);
}

const little = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * `size` elements from byte `start` of a file: floats of 16 bits as float32, whole numbers as int32
 * (bytes as bytes). Throws a ValueError that names array and element for a whole number beyond
 * int32.
 */
export function readElements(
  file: Uint8Array,
  { kind, start, size, name }: { kind: KindName; start: number; size: number; name: string },
): Values {
  const { bytes, make, read, ...more }: Kind = kinds[kind];
  const data = make(size);
  if (more.same && little) {
    new Uint8Array(data.buffer).set(file.subarray(start, start + size * bytes));
    return data;
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const exact = data instanceof Int32Array;
  for (let i = 0; i < size; i++) {
    const x = read(view, start + i * bytes);
    data[i] = x;
    if (exact && data[i] !== x) {
      throw new ValueError(
        `safetensors: ${name} holds a whole number beyond int32: element ${i}, ${kind}. Store it ` +
          "as F64.",
      );
    }
  }
  return data;
}

/** Puts values into a file from byte `start`. */
export function writeElements(
  file: Uint8Array,
  kind: "F64" | "F32" | "I32" | "U8" | "BOOL",
  start: number,
  data: ArrayLike<number>,
): void {
  const raw = ArrayBuffer.isView(data) ? data : null;
  if (kind !== "BOOL" && little && raw !== null) {
    file.set(new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength), start);
    return;
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let i = 0, at = start; i < data.length; i++, at += kinds[kind].bytes) {
    if (kind === "F64") view.setFloat64(at, data[i], true);
    else if (kind === "F32") view.setFloat32(at, data[i], true);
    else if (kind === "I32") view.setInt32(at, data[i], true);
    else file[at] = kind === "BOOL" ? Number(data[i] !== 0) : data[i];
  }
}
