// Unpacks gzip with the platform's DecompressionStream (browser, Deno, Node): a file that is cut
// short or damaged always throws an error that names it and its bytes.

import { ValueError } from "../core/errors";

/** True when `bytes` begin as a gzip member does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The unpacked bytes of a gzip file. `name` is the file's name for errors; with `expected`, the
 * number of unpacked bytes is checked too. Throws a ValueError that names the file, the bytes it
 * has and the bytes it should have. */
export async function gunzip(
  bytes: Uint8Array,
  name: string,
  expected?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!isGzip(bytes)) {
    const start = hex(bytes.subarray(0, 2)) || "nothing";
    throw new ValueError(
      `gunzip: ${name} is not gzip: expected the first bytes 1f 8b, found ${start} ` +
        `(${count(bytes.length)} in all). Download the file again.`,
    );
  }
  const chunks: Uint8Array[] = [];
  let found = 0;
  let trouble: unknown;
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      found += value.length;
      if (expected !== undefined && found > expected) break;
    }
  } catch (error) {
    trouble = error;
  }
  // Stops unpacking a file that is longer than it may be; after an error there is nothing to stop.
  await reader.cancel().catch(() => {});
  const wanted = expected === undefined ? "" : `expected ${count(expected)} unpacked, `;
  if (trouble !== undefined) {
    const cause = trouble instanceof Error ? trouble.message : String(trouble);
    throw new ValueError(
      `gunzip: ${name} is cut short or damaged: ${wanted}found ${count(found)} in the ` +
        `${count(bytes.length)} of the file (${cause}). Download the file again.`,
      { cause: trouble },
    );
  }
  if (expected !== undefined && found !== expected) {
    const more = found > expected ? "more than " : "";
    const amount = found > expected ? count(expected) : count(found);
    throw new ValueError(
      `gunzip: ${name} has the wrong length: ${wanted}found ${more}${amount}. ` +
        "Download the file again.",
    );
  }
  const out = new Uint8Array(found);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/** `1f 8b`, as error texts print it. */
export function hex(bytes: Iterable<number>): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(" ");
}

/** `1,234 bytes`, as error texts print it. */
export function count(bytes: number): string {
  return `${bytes.toLocaleString("en-US")} ${bytes === 1 ? "byte" : "bytes"}`;
}
