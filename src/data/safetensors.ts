// The safetensors file form: a length, a JSON header, the raw values. What is read back has the
// same bits as what was written, and a damaged file throws before any array is made.

import { DTypeError, ShapeError, ValueError } from "../core/errors";
import { show, sizeOf } from "../core/shape";
import { type KindName, kinds, readElements, writeElements } from "./elements";

/** A named array of a file. */
export interface HostArray {
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
  /** True for truth values, 0 and 1, one byte each in the file. */
  readonly bool?: boolean;
}

export interface SafetensorsFile {
  readonly arrays: Readonly<Record<string, HostArray>>;
  /** Free text by name, the file's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const METADATA = "__metadata__";

/** The type that an array is written as. */
function kindOf(array: HostArray) {
  if (array.bool) return "BOOL";
  if (array.data instanceof Float64Array) return "F64";
  if (array.data instanceof Float32Array) return "F32";
  return array.data instanceof Int32Array ? "I32" : "U8";
}

/** The bytes of a file: header length (8 bytes, little-endian), header (JSON, padded to a multiple
 * of 8), values (little-endian, row-major, arrays with wide elements first, so all are aligned).
 * Throws a ShapeError when values and shape differ, a ValueError for the name `__metadata__`. */
export function encodeSafetensors({ arrays, metadata }: SafetensorsFile): Uint8Array<ArrayBuffer> {
  const header: Record<string, Entry | Readonly<Record<string, string>>> = {};
  if (Object.keys(metadata).length > 0) header[METADATA] = metadata;
  const width = (name: string) => kinds[kindOf(arrays[name])].bytes;
  const names = Object.keys(arrays).sort((a, b) => width(b) - width(a) || (a < b ? -1 : 1));
  let end = 0;
  for (const name of names) {
    const { data, shape } = arrays[name];
    if (name === METADATA) {
      throw new ValueError(`safetensors: the name "${METADATA}" is taken. Use another.`);
    }
    if (sizeOf(shape) !== data.length) {
      throw new ShapeError(
        `safetensors: values and shape differ: "${name}" has ${data.length} values for shape ` +
          `${show(shape)}, which holds ${sizeOf(shape)}. Give a shape of that size.`,
      );
    }
    const start = end;
    end += data.length * width(name);
    header[name] = { dtype: kindOf(arrays[name]), shape: [...shape], data_offsets: [start, end] };
  }
  let json = JSON.stringify(header);
  let head = new TextEncoder().encode(json);
  json = json.padEnd(json.length + ((8 - (head.length % 8)) % 8));
  head = new TextEncoder().encode(json);
  const out = new Uint8Array(8 + head.length + end);
  new DataView(out.buffer).setBigUint64(0, BigInt(head.length), true);
  out.set(head, 8);
  for (const name of names) {
    const at = 8 + head.length + (header[name] as Entry).data_offsets[0];
    writeElements(out, kindOf(arrays[name]), at, arrays[name].data);
  }
  return out;
}

/** The arrays and metadata of a file; `name` is its name for errors. Floats of 16 bits become
 * float32, whole numbers of any width int32. Throws a ValueError when the
 * bytes are not such a file or are cut short, a DTypeError for an element type not read here. */
export function decodeSafetensors(bytes: Uint8Array, name = "the file"): SafetensorsFile {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(
      `safetensors: no bytes: ${String(bytes)}. Give a Uint8Array: await data.readBytes(path), ` +
        "or new Uint8Array(buffer).",
    );
  }
  const { header, start } = readHeader(bytes, name);
  const arrays: Record<string, HostArray> = {};
  let metadata: Record<string, string> = {};
  const entries: [string, Entry][] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key !== METADATA) entries.push([key, checkEntry(value, key, name)]);
    else if (isText(value)) metadata = value;
    else throw damaged(name, `its ${METADATA} holds other values than text`);
  }
  // Every byte after the header belongs to exactly one array.
  const [first, last] = [0, 1].map((k) => (e: [string, Entry]) => e[1].data_offsets[k]);
  entries.sort((a, b) => first(a) - first(b) || last(a) - last(b)); // empty ones before others
  let end = 0;
  for (const [key, entry] of entries) {
    if (entry.data_offsets[0] !== end) {
      throw damaged(name, `"${key}" begins at byte ${entry.data_offsets[0]}, not at ${end}`);
    }
    end = entry.data_offsets[1];
  }
  if (bytes.length !== start + end) {
    throw damaged(name, `expected ${start + end} bytes, found ${bytes.length}`);
  }
  for (const [key, { dtype, shape, data_offsets }] of entries) {
    const kind = dtype as KindName;
    const data = readElements(bytes, {
      ...{ kind, start: start + data_offsets[0], size: sizeOf(shape) },
      name: `"${key}" of ${name}`,
    });
    arrays[key] = kind === "BOOL" ? { data, shape, bool: true } : { data, shape };
  }
  return { arrays, metadata };
}

function damaged(name: string, what: string): ValueError {
  return new ValueError(
    `safetensors: ${name} is no safetensors file or is damaged: ${what}. Use another copy.`,
  );
}

function readHeader(bytes: Uint8Array, name: string) {
  if (bytes.length < 8) {
    throw damaged(name, `expected 8 bytes of header length, found ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) {
    throw damaged(name, `expected a header of ${length} bytes, found ${bytes.length - 8}`);
  }
  const start = 8 + length;
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (error) {
    throw damaged(name, `its header is no JSON (${(error as Error).message})`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw damaged(name, "its header is no object");
  }
  return { header, start };
}

function isText(value: unknown): value is Record<string, string> {
  const object = typeof value === "object" && value !== null && !Array.isArray(value);
  return object && Object.values(value).every((v) => typeof v === "string");
}

function checkEntry(value: unknown, key: string, name: string): Entry {
  const entry = value as Partial<Entry> | null;
  const whole = (x: unknown) => Number.isSafeInteger(x) && (x as number) >= 0;
  const offsets = entry?.data_offsets;
  if (
    !Array.isArray(entry?.shape) ||
    !entry.shape.every(whole) ||
    !Array.isArray(offsets) ||
    offsets.length !== 2 ||
    !offsets.every(whole)
  ) {
    throw damaged(name, `the entry "${key}" is ${JSON.stringify(value)}`);
  }
  if (!Object.hasOwn(kinds, entry.dtype ?? "")) {
    throw new DTypeError(
      `safetensors: element type not read here: "${key}" of ${name} is ${entry.dtype}. ` +
        `Convert it to one of ${Object.keys(kinds).join(", ")}.`,
    );
  }
  const expected = sizeOf(entry.shape) * kinds[entry.dtype as KindName].bytes;
  if (offsets[1] - offsets[0] !== expected) {
    const shape = show(entry.shape);
    const found = offsets[1] - offsets[0];
    throw damaged(name, `"${key}" ${shape} takes ${expected} bytes, its offsets give ${found}`);
  }
  return entry as Entry;
}
