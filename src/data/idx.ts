// The idx file form of MNIST: a header with type and sizes, then the values, most significant byte
// first; what is returned has exactly the sizes that the header says.

import { ValueError } from "../core/errors";
import { count, hex } from "./gzip";
import type { HostArray } from "./safetensors";
import { nameOf, readUnpacked, type Source } from "./source";

/** By the byte that names it: what an element is, what holds it here, and how it is read. */
const TYPES = {
  8: { name: "unsigned byte", bytes: 1, of: Uint8Array, read: "getUint8" },
  9: { name: "signed byte", bytes: 1, of: Int32Array, read: "getInt8" },
  11: { name: "short", bytes: 2, of: Int32Array, read: "getInt16" },
  12: { name: "int", bytes: 4, of: Int32Array, read: "getInt32" },
  13: { name: "float", bytes: 4, of: Float32Array, read: "getFloat32" },
  14: { name: "double", bytes: 8, of: Float64Array, read: "getFloat64" },
} as const;

/** The array of an idx file, packed by gzip or not. Throws a ValueError that names the file and
 * what is wrong: magic number, element type, or number of bytes. */
export async function idx(source: Source, name = nameOf(source)): Promise<HostArray> {
  return decodeIdx(await readUnpacked(source, name), name);
}

/** The array of the unpacked bytes of an idx file. */
export function decodeIdx(bytes: Uint8Array, name = "an array of bytes"): HostArray {
  const wrong = (what: string) =>
    new ValueError(`idx: ${name} is no idx file or is damaged: ${what}. Download the file again.`);
  const found = hex(bytes.subarray(0, 4));
  const type = TYPES[bytes[2] as keyof typeof TYPES];
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    throw wrong(`its magic number is ${found || "missing"}, not 00 00, a type and a rank`);
  }
  if (type === undefined) {
    const known = hex(Object.keys(TYPES).map(Number));
    throw wrong(`its magic number ${found} names no element type: byte 2 is none of ${known}`);
  }
  const rank = bytes[3];
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw wrong(`expected ${count(start)} of header, found ${count(bytes.length)}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((n, d) => n * d, 1);
  const expected = start + size * type.bytes;
  if (bytes.length !== expected) {
    const sizes = `${shape.join(" x ")} of ${type.name}`;
    throw wrong(`${sizes} take ${count(expected)}, found ${count(bytes.length)}`);
  }
  if (type.of === Uint8Array) return { data: bytes.slice(start), shape };
  const data = new type.of(size);
  for (let i = 0; i < size; i++) data[i] = view[type.read](start + i * type.bytes);
  return { data, shape };
}
