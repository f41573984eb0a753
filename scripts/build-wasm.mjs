// Builds asm/ into build/plain.wasm and build/relaxed.wasm: the same kernels, the second with
// relaxed SIMD. Skips when both are newer than their sources. Option: --force.

import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import binaryen from "binaryen";

const root = fileURLToPath(new URL("..", import.meta.url));
const targets = {
  plain: ["--enable", "simd"],
  relaxed: ["--enable", "simd", "--enable", "relaxed-simd"],
};
const options = [
  ...["--runtime", "stub", "--noAssert", "--importMemory", "--initialMemory", "2"],
  ...["--maximumMemory", "65536", "--use", "abort=", "--enable", "threads"],
  // Not -O3: its flattening makes the module a fifth larger, and sums in V8 six times slower.
  ...["-O2", "--converge"],
];

async function modified(path) {
  return (await stat(path)).mtimeMs;
}

async function upToDate() {
  const sources = (await readdir(`${root}asm`)).map((name) => `${root}asm/${name}`);
  sources.push(fileURLToPath(import.meta.url));
  sources.push(createRequire(import.meta.url).resolve("assemblyscript/package.json"));
  const newest = Math.max(...(await Promise.all(sources.map(modified))));
  const outputs = Object.keys(targets).map((name) => `${root}build/${name}.wasm`);
  try {
    return Math.min(...(await Promise.all(outputs.map(modified)))) >= newest;
  } catch {
    return false; // not built yet
  }
}

async function compile(name) {
  const out = `build/${name}.wasm`;
  const { error, stdout, stderr } = await asc.main(
    ["asm/index.ts", "--baseDir", root, "-o", out, ...options, ...targets[name]],
    {},
  );
  if (error) throw new Error(`build-wasm: ${out}: ${error.message}\n${stdout}${stderr}`);
  await renumber(root + out);
  return out;
}

/** Numbers each function's locals by how often they are used: the same code, from which deflate
 * makes a tenth less. */
async function renumber(path) {
  const module = binaryen.readBinary(await readFile(path));
  module.setFeatures(binaryen.Features.All);
  module.runPasses(["coalesce-locals", "reorder-locals", "vacuum"]);
  await writeFile(path, module.emitBinary());
  module.dispose();
}

await mkdir(`${root}build`, { recursive: true });
if (!process.argv.includes("--force") && (await upToDate())) {
  console.log("build-wasm: up to date");
} else {
  for (const name of Object.keys(targets)) {
    const out = await compile(name);
    const { size } = await stat(root + out);
    console.log(`build-wasm: ${out} ${(size / 1024).toFixed(1)} KiB`);
  }
}
