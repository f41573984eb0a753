// Bundles a suite into one file that Node, Deno and a page run alike. A suite is a module whose
// default export is `() => Promise<T>` for some T that JSON can carry.

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

/** The path of the bundle of an entry file; assets are embedded as the library's build does. */
export async function bundle(entry: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hypergrad-"));
  const outfile = join(folder, "suite.mjs");
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
    target: "es2022",
    loader: { ".wgsl": "text", ".wasm": "binary" },
    logLevel: "error",
  });
  return outfile;
}
