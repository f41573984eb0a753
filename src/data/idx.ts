// The idx file form of MNIST: a header with type and sizes, then the values, most significant byte
// first; what is returned has exactly the sizes that the header says.

import { ValueError } from "../core/errors";
import { count } from "./gzip";
import type { HostArray } from "./safetensors";
import { nameOf, readUnpacked, type Source } from "./source";

const TYPES: Readonly<Record<number, { name: string; bytes: number }>> = {
  8: { name: "unsigned byte", bytes: 1 },
  9: { name: "signed byte", bytes: 1 },
  11: { name: "short", bytes: 2 },
  12: { name: "int", bytes: 4 },
  13: { name: "float", bytes: 4 },
  14: { name: "double", bytes: 8 },
};

/** The array of an idx file, packed by gzip or not. Throws a ValueError that names the file and
 * what is wrong: magic number, element type, or number of bytes. */
export async function idx(source: Source, name = nameOf(source)): Promise<HostArray> {
  return decodeIdx(await readUnpacked(source, name), name);
}

/** The array of the unpacked bytes of an idx file. */
export function decodeIdx(bytes: Uint8Array, name = "an array of bytes"): HostArray {
  const wrong = (what: string) =>
    new ValueError(`idx: ${name} is no idx file or is damaged: ${what}. Download the file again.`);
  const found = Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, "0")).join(" ");
  const type = TYPES[bytes[2]];
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    throw wrong(`its magic number is ${found || "missing"}, not 00 00, a type and a rank`);
  }
  if (type === undefined) {
    const known = Object.keys(TYPES).map((k) => Number(k).toString(16).padStart(2, "0"));
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
  if (bytes[2] === 8) return { data: bytes.slice(start), shape };
  const kind = bytes[2];
  const data =
    kind === 13
      ? new Float32Array(size)
      : kind === 14
        ? new Float64Array(size)
        : new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const at = start + i * type.bytes;
    if (kind === 9) data[i] = view.getInt8(at);
    else if (kind === 11) data[i] = view.getInt16(at);
    else if (kind === 12) data[i] = view.getInt32(at);
    else data[i] = kind === 13 ? view.getFloat32(at) : view.getFloat64(at);
  }
  return { data, shape };
}
