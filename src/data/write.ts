// Writes a file whole or not at all: whoever opens the path finds the earlier contents or the new
// ones, also when the process is killed meanwhile.

import { ValueError } from "../core/errors";

interface Handle {
  writeFile(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

interface FileSystem {
  open(path: string, flags: string): Promise<Handle>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: boolean }): Promise<void>;
  mkdir(path: string, options: { recursive: boolean }): Promise<unknown>;
}

let written = 0;

/**
 * Puts bytes at a path (Node, Deno): beside it first, flushed to the disk, then renamed. Makes the
 * folders above. Throws a ValueError that names the path where there are no files or it cannot be
 * written; what was there before is whole then.
 */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  const runtime = (globalThis as { process?: { versions?: { node?: string }; pid?: number } })
    .process;
  if (runtime?.versions?.node === undefined) {
    throw new ValueError(
      `data: ${path} cannot be written: there are no files here. Keep the bytes another way.`,
    );
  }
  const module = "node:fs/promises"; // in a variable: bundlers for browsers leave it alone
  const files = (await import(/* @vite-ignore */ module)) as FileSystem;
  const beside = `${path}.${runtime.pid}-${written++}.tmp`;
  try {
    const folder = path.replace(/[/\\][^/\\]*$/, "");
    if (folder !== path && folder !== "") await files.mkdir(folder, { recursive: true });
    const file = await files.open(beside, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(beside, path);
  } catch (error) {
    await files.rm(beside, { force: true }).catch(() => {});
    const cause = error instanceof Error ? error.message : String(error);
    throw new ValueError(`data: ${path} cannot be written: ${cause}.`, { cause: error });
  }
}
