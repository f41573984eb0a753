// Reads bytes from where a caller keeps them: memory, a Blob or File, a URL or a path. Every
// failure is an error that names the source.

import { ValueError } from "../core/errors";
import { inNode, load } from "../core/node";
import { count, gunzip, isGzip } from "./gzip";

/** Bytes, a File or Blob, a URL, or a string: a URL, or a path (in a browser, a path relative to
 * the page). */
export type Source = Uint8Array | ArrayBuffer | Blob | URL | string;

/** A folder: its path or URL, or a table from file name to source. */
export type Folder = string | URL | Readonly<Record<string, Source>>;

/** The name that errors give a source. */
export function nameOf(source: Source): string {
  if (typeof source === "string") return source;
  if (source instanceof URL) return source.href;
  if (source instanceof Blob) return (source as { name?: string }).name ?? "a Blob";
  return "an array of bytes";
}

/** All bytes of a source. Throws a ValueError that names it when it cannot be read. */
export async function readBytes(source: Source, name = nameOf(source)): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  try {
    if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
    const where = typeof source === "string" && hasScheme(source) ? new URL(source) : source;
    const onDisk = typeof where === "string" || where.protocol === "file:";
    if (!onDisk || !inNode()) return await download(where);
    const files = await load<typeof import("node:fs/promises")>("node:fs/promises");
    return await files.readFile(where);
  } catch (error) {
    const missing = (error as { code?: string }).code === "ENOENT";
    const cause = error instanceof Error ? error.message : String(error);
    throw new ValueError(
      missing
        ? `data: ${name} is missing: no such file. Check the path.`
        : `data: ${name} cannot be read: ${cause}.`,
      { cause: error },
    );
  }
}

/** The bytes of a source, unpacked when they are gzip. With `expected`, a length other than that
 * is a ValueError naming the file, the bytes expected and found. */
export async function readUnpacked(
  source: Source,
  name = nameOf(source),
  expected?: number,
): Promise<Uint8Array> {
  const bytes = await readBytes(source, name);
  if (isGzip(bytes) || name.endsWith(".gz")) return gunzip(bytes, name, expected);
  if (expected !== undefined && bytes.length !== expected) {
    throw new ValueError(
      `data: ${name} has the wrong length: expected ${count(expected)}, found ` +
        `${count(bytes.length)}. Download the file again.`,
    );
  }
  return bytes;
}

/** The source of one file of a folder, with the name that errors give it. */
export function fileOf(folder: Folder, file: string): { source: Source; name: string } {
  if (typeof folder === "string") {
    const name = `${folder.replace(/\/+$/, "")}/${file}`;
    return { source: name, name };
  }
  if (folder instanceof URL) {
    const base = folder.href.endsWith("/") ? folder : new URL(`${folder.href}/`);
    const source = new URL(file, base);
    return { source, name: source.href };
  }
  if (!(file in folder)) {
    const have = Object.keys(folder).join(", ") || "nothing";
    throw new ValueError(`data: ${file} is missing: the table of files has ${have}. Add it.`);
  }
  return { source: folder[file], name: file };
}

function hasScheme(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(text); // one letter is a drive, as in C:\data
}

async function download(url: string | URL): Promise<Uint8Array> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the server answered ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
}
