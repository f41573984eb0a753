// Writes a file whole or not at all: whoever opens the path finds the earlier contents or the new
// ones, also when the process is killed meanwhile.

import { ValueError } from "../core/errors";
import { inNode, load } from "../core/node";

let written = 0;

/**
 * Puts bytes at a path (Node, Deno): beside it first, flushed to the disk, then renamed. Makes the
 * folders above. Throws a ValueError that names the path where there are no files or it cannot be
 * written; what was there before is whole then.
 */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  if (!inNode()) {
    throw new ValueError(
      `data: ${path} cannot be written: there are no files here. Keep the bytes another way.`,
    );
  }
  const files = await load<typeof import("node:fs/promises")>("node:fs/promises");
  const beside = `${path}.${process.pid}-${written++}.tmp`;
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
