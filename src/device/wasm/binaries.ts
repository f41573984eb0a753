// The WebAssembly code of asm/ in its two parts: the base, which is always there, and the rest,
// which is there when something that calls its kernels is. The build embeds them as text; tests
// load them as they are.

import base from "../../../build/base.wasm";
import type { Exports } from "./exports";
import type { WasmProgram } from "./program";
import { relax } from "./relax";
import { unpack } from "./unpack";

/** What the build embeds: see scripts/assets.mjs. */
type Embedded = typeof base;

/** Which SIMD instructions a binary has. */
export type Simd = "plain" | "relaxed";

/** What instances import, beside the exports of the base. */
export interface Environment extends WebAssembly.ModuleImports {
  readonly memory: WebAssembly.Memory;
  readonly outOfMemory: (bytes: number) => never;
}

/** Kernels beyond the base, and the programs that WebAssembly runs. */
interface Rest {
  readonly binary: Embedded;
  readonly Program: typeof WasmProgram;
}

let rest: Rest | null = null;

/** Adds the rest to what devices run, from now on. */
export function addRest(part: Rest): void {
  rest = part;
}

/** The rest, where something needs it. */
export function restHere(): Rest | null {
  return rest;
}

function bytesOf(part: Embedded, simd: Simd): Uint8Array<ArrayBuffer> {
  const plain = typeof part === "string" ? unpack(part) : part;
  return simd === "plain" ? plain : relax(plain);
}

/** i8x16.splat of 0. */
const VECTOR = [0x41, 0, 0xfd, 0x0f];
/** Instructions that leave a vector. */
const PROBES: { readonly [simd in Simd]: readonly number[] } = {
  plain: VECTOR,
  relaxed: [...VECTOR, ...VECTOR, ...VECTOR, 0xfd, 0x85, 2], // f32x4.relaxed_madd
};

/** Whether this runtime has these instructions: by a module of one function without parameters. */
export function runsHere(simd: Simd): boolean {
  const body = [0, ...PROBES[simd], 0x0b];
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const types = [1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0];
  const code = [10, body.length + 2, 1, body.length, ...body];
  return WebAssembly.validate(Uint8Array.from([...header, ...types, ...code]));
}

/** The parts that are here, the base first, for the memory of one thread or of several. */
export function modules(simd: Simd, shared: boolean): Promise<WebAssembly.Module[]> {
  const parts = rest === null ? [base] : [base, rest.binary];
  return Promise.all(
    parts.map((part) => {
      const bytes = bytesOf(part, simd);
      return WebAssembly.compile(shared ? forSharedMemory(bytes) : bytes);
    }),
  );
}

/** The module as it imports memory that threads share: in the build its limits have a maximum (1),
 * here they are also shared (3). */
function forSharedMemory(binary: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(binary);
  const name = [..."\x03env\x06memory\x02\x01"].map((c) => c.charCodeAt(0));
  const at = bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte));
  bytes[at + name.length - 1] = 3;
  return bytes;
}

/** The exports of all parts, each of which imports those before it. */
export async function link(parts: WebAssembly.Module[], env: Environment): Promise<Exports> {
  let base: WebAssembly.ModuleImports = {};
  for (const part of parts) {
    const { exports } = await WebAssembly.instantiate(part, { env, base });
    base = { ...base, ...(exports as WebAssembly.ModuleImports) };
  }
  return base as Exports;
}

/** The same, for a rest that was not here when the device was made. */
export function withRest(exports: Exports, simd: Simd, env: Environment): Exports {
  if (rest === null) throw new Error("wasm: the rest of the kernels is needed. This is a bug.");
  const part = new WebAssembly.Module(bytesOf(rest.binary, simd));
  const more = new WebAssembly.Instance(part, { env, base: exports as WebAssembly.ModuleImports });
  return { ...exports, ...(more.exports as unknown as Exports) };
}
