// The two binaries of asm/: the build embeds them deflated, the relaxed one as what it has beyond
// the plain one; tests load both as they are.

import plain from "../../../build/plain.wasm";
import relaxed from "../../../build/relaxed.wasm";
import { patch } from "./patch";

/** "\0asm", how every WebAssembly module begins. */
const MAGIC = [0, 0x61, 0x73, 0x6d];

const isModule = (bytes: Uint8Array) => MAGIC.every((byte, i) => bytes[i] === byte);

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (isModule(bytes)) return bytes;
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

/** The binary that runs wherever there is SIMD. */
export function plainBinary(): Promise<Uint8Array<ArrayBuffer>> {
  return inflate(plain);
}

/** The one of relaxed SIMD, which the build keeps as a change of the plain one. */
export async function relaxedBinary(from: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await inflate(relaxed);
  return isModule(bytes) ? bytes : patch(from, bytes);
}
