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

/** A binary as the runtime takes it. */
export async function binaryOf(simd: "plain" | "relaxed"): Promise<Uint8Array<ArrayBuffer>> {
  if (simd === "plain") return inflate(plain);
  const bytes = await inflate(relaxed);
  return isModule(bytes) ? bytes : patch(await inflate(plain), bytes);
}
