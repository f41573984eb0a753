// The two binaries of asm/: the build embeds them deflated, tests load them as they are.

import plain from "../../../build/plain.wasm";
import relaxed from "../../../build/relaxed.wasm";

const embedded = { plain, relaxed };

/** "\0asm", how every WebAssembly module begins. */
const MAGIC = [0, 0x61, 0x73, 0x6d];

/** A binary, inflated if the build deflated it. */
export async function binaryOf(simd: "plain" | "relaxed"): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = embedded[simd];
  if (MAGIC.every((byte, i) => bytes[i] === byte)) return bytes;
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}
