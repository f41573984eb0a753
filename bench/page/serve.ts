// npm run bench:page: bundles the bench page and serves it, cross-origin isolated, so that threads
// work in it. Option: --port N.

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { type Files, type Served, serve } from "../chromium";
import { version } from "../store";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");

/** The page's files, with the built library inside. */
async function pageFiles(): Promise<Files> {
  const { outputFiles } = await build({
    entryPoints: [join(here, "page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    alias: { hypergrad: join(root, "dist", "index.js") },
    external: ["webgpu", "node:*"],
    define: { VERSION: JSON.stringify(version) },
    logLevel: "error",
  });
  const script = outputFiles[0].contents;
  return async (path) => {
    if (path === "/page.mjs") return script;
    if (path === "/index.html" || path === "/page.css") return readFile(join(here, path), "utf8");
    return null;
  };
}

export async function servePage(port = 0): Promise<Served> {
  return serve(await pageFiles(), port);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: "string", default: "8080" } } });
  const { address } = await servePage(Number(values.port));
  console.log(`the bench page is at ${address} (Ctrl-C ends it)`);
}
