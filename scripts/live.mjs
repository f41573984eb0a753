// Builds examples/live into build/live, static files that any server can serve, and serves them.
// Options: --build (no server), --port N.

import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const from = `${root}examples/live`;
const out = `${root}build/live`;

const { values } = parseArgs({
  options: { build: { type: "boolean" }, port: { type: "string", default: "8080" } },
});

const common = {
  absWorkingDir: root,
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  tsconfigRaw: "{}",
  logLevel: "error",
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  ...common,
  entryPoints: [`${from}/main.ts`, `${from}/worker.ts`, `${from}/main.css`],
  splitting: true,
  alias: { hypergrad: `${root}dist/modules/src/index.js` },
});
await cp(`${from}/index.html`, `${out}/index.html`);

const files = (await readdir(out)).sort();
const hash = createHash("sha256");
for (const file of files) hash.update(await readFile(join(out, file)));
await build({
  ...common,
  entryPoints: [`${from}/sw.ts`],
  define: {
    VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)),
    FILES: JSON.stringify(files),
  },
});
console.log(`live: build/live ${files.length + 1} files`);

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };

async function respond(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  const path = normalize(decodeURIComponent(pathname));
  const file = join(out, path.endsWith("/") ? `${path}index.html` : path);
  try {
    const body = await readFile(file);
    response.writeHead(200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      // With these a page has threads, too.
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

if (!values.build) {
  createServer(respond).listen(Number(values.port), "127.0.0.1", () => {
    console.log(`live: http://localhost:${values.port}/`);
  });
}
