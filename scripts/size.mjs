// What importing the library costs, in kilobytes after minification and gzip, as a bundler ships
// it: what a page loads at once, with the WebAssembly that it runs, and beside it the parts that
// load when a device asks for them.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { namespaces } from "./namespaces.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Most kilobytes of what is loaded at once, by what is imported, and of the single file, so that
 * it does not grow unseen. `aim`: what it should come down to. */
const IMPORTS = [
  { code: 'export { add } from "hypergrad"', most: 9 },
  { code: 'export { init, matmul, grad } from "hypergrad"', most: 35 },
  {
    code:
      'export { init, grad, crossEntropy } from "hypergrad"; ' +
      'export { linear } from "hypergrad/nn"; export { adam } from "hypergrad/optim"',
    most: 37,
  },
  { code: 'export { compile, grad, init, meta, nn, optim } from "hypergrad"', most: 95 },
  { code: 'export * from "hypergrad"', most: 138, aim: 90 },
];
const SINGLE_FILE = 183;

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

/** As package.json's "module" condition has them. */
const modules = namespaces.map((name) => [
  `hypergrad/${name}`,
  `${root}dist/modules/src/${name}/index.js`,
]);

async function measure({ code, most, aim = most }) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root },
    alias: { ...Object.fromEntries(modules), hypergrad: `${root}dist/modules/src/index.js` },
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
  const what = code.replaceAll("export", "import");
  const budget = `at most ${most}${aim < most ? `, aim ${aim}` : ""}`;
  const text = `${what}: ${kilobytes.toFixed(1)} KB at once, ${budget}; ${rest}`;
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
