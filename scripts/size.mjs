// What importing the library costs, in kilobytes after minification and gzip, as a bundler ships
// it: what a page loads at once, with the WebAssembly that it runs, and beside it the parts that
// load when a device asks for them.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Most kilobytes of what is loaded at once, by import, and of the single file. */
const IMPORTS = [
  { names: "add", most: 10 },
  { names: "init, matmul, grad", most: 35 },
  { names: "compile, grad, init, meta, nn, optim", most: 92 },
  { names: "*", most: 134 },
];
const SINGLE_FILE = 176;

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length / 1024;

/** The chunks that an entry imports before it runs, itself the first. */
function atOnce(outputs, entry, found = new Set()) {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const { path, kind } of outputs[entry].imports) {
    if (kind === "import-statement") atOnce(outputs, path, found);
  }
  return found;
}

async function measure({ names, most }) {
  const what = names === "*" ? "*" : `{ ${names} }`;
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export ${what} from "hypergrad";`, resolveDir: root },
    alias: { hypergrad: `${root}dist/modules/src/index.js` },
    absWorkingDir: root,
    outdir: "size",
    ...{ bundle: true, format: "esm", splitting: true, minify: true, target: "es2022" },
    ...{ write: false, metafile: true, logLevel: "error", tsconfigRaw: "{}" },
  });
  const chunks = Object.keys(metafile.outputs);
  const sizes = new Map(chunks.map((path, i) => [path, gzipped(outputFiles[i].contents)]));
  const total = (paths) => [...paths].reduce((sum, path) => sum + sizes.get(path), 0);
  const first = atOnce(
    metafile.outputs,
    chunks.find((path) => metafile.outputs[path].entryPoint === "<stdin>"),
  );
  const later = chunks.filter((path) => !first.has(path));
  const kilobytes = total(first);
  const rest = `${total(later).toFixed(1)} KB when asked for`;
  const text = `import ${what}: ${kilobytes.toFixed(1)} KB at once, at most ${most}; ${rest}`;
  return { ok: kilobytes <= most, text };
}

/** A line for each budget, and whether it is kept. */
export async function sizes() {
  const lines = [];
  for (const row of IMPORTS) lines.push(await measure(row));
  const single = gzipped(readFileSync(`${root}dist/index.js`));
  const text = `the single file dist/index.js: ${single.toFixed(1)} KB, at most ${SINGLE_FILE}`;
  return [...lines, { ok: single <= SINGLE_FILE, text }];
}
