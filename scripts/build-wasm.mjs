// Builds asm/ into build/base.wasm and build/rest.wasm: the kernels that most ops call, and those
// that only some do, which use the functions and the memory of the first. Skips when both are newer
// than their sources. Option: --force.

import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import binaryen from "binaryen";
import { plainOf, withoutStart } from "./wasm-code.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What the base exports: the kernels that small nets are made of (elementwise functions,
 * reductions, moves, gathers, products, softmax, random bits), and what the device asks of them. */
const BASE = new Set([
  ...["heapBase", "setTile", "map1", "map2", "map3", "fill", "fillInt", "move", "matmul"],
  ...["sum", "prod", "max", "min", "argmax", "argmin", "intSum", "intProd", "intMax", "intMin"],
  ...["gather", "scatterAdd", "gatherAlong", "scatterAlong"],
  ...["softmax", "logSoftmax", "randomBits", "splitKey"],
]);

const options = [
  ...["--runtime", "stub", "--noAssert", "--importMemory", "--initialMemory", "2"],
  ...["--maximumMemory", "65536", "--use", "abort=", "--enable", "threads"],
  ...["--enable", "simd", "--enable", "relaxed-simd"],
  // Not -O3: its flattening makes the module a fifth larger, and sums in V8 six times slower.
  ...["-O2", "--converge"],
  "--debug", // for the functions' names
];

async function modified(path) {
  return (await stat(path)).mtimeMs;
}

async function upToDate() {
  const sources = (await readdir(`${root}asm`)).map((name) => `${root}asm/${name}`);
  sources.push(...["build-wasm", "wasm-code"].map((name) => `${root}scripts/${name}.mjs`));
  sources.push(createRequire(import.meta.url).resolve("assemblyscript/package.json"));
  const newest = Math.max(...(await Promise.all(sources.map(modified))));
  const outputs = ["base", "rest"].map((name) => `${root}build/${name}.wasm`);
  try {
    return Math.min(...(await Promise.all(outputs.map(modified)))) >= newest;
  } catch {
    return false; // not built yet
  }
}

/** All of asm/ as one binary. */
async function compile() {
  let binary;
  const { error, stdout, stderr } = await asc.main(
    ["asm/index.ts", "--baseDir", root, "-o", "all.wasm", ...options],
    {
      writeFile(name, contents) {
        if (name === "all.wasm") binary = contents;
      },
    },
  );
  if (error) throw new Error(`build-wasm: ${error.message}\n${stdout}${stderr}`);
  return binary;
}

function read(bytes) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.All);
  return module;
}

const all = (count, at) => Array.from({ length: count }, (_, i) => at(i));
const functionsOf = (m) =>
  all(m.getNumFunctions(), (i) => binaryen.getFunctionInfo(m.getFunctionByIndex(i)));
const globalsOf = (m) =>
  all(m.getNumGlobals(), (i) => binaryen.getGlobalInfo(m.getGlobalByIndex(i)));

/** Keeps the exports that are wanted, and what they need. */
function keep(module, wanted) {
  const names = all(
    module.getNumExports(),
    (i) => binaryen.getExportInfo(module.getExportByIndex(i)).name,
  );
  for (const name of names) if (!wanted(name)) module.removeExport(name);
  module.runPasses(["remove-unused-module-elements"]);
}

/** The binary in two: the second imports from the first, as "base", what both need. */
function split(binary) {
  const base = read(binary);
  keep(base, (name) => BASE.has(name));
  const rest = read(withoutStart(binary));
  for (const [i, { name, module, params, results }] of functionsOf(base).entries()) {
    if (module !== "") continue; // an import of both
    rest.removeFunction(name);
    rest.addFunctionImport(name, "base", `f${i}`, params, results);
  }
  for (const [i, { name, type, mutable }] of globalsOf(base).entries()) {
    rest.removeGlobal(name);
    rest.addGlobalImport(name, "base", `g${i}`, type, mutable);
  }
  keep(rest, (name) => !BASE.has(name));
  const shared = (list) => list.filter(({ module }) => module === "base");
  for (const f of shared(functionsOf(rest))) base.addFunctionExport(f.name, f.base);
  for (const g of shared(globalsOf(rest))) base.addGlobalExport(g.name, g.base);
  return { base, rest };
}

/** Numbers each function's locals by how often they are used: the same code, from which gzip makes
 * a tenth less. */
function emit(module) {
  module.runPasses(["coalesce-locals", "reorder-locals", "vacuum"]);
  binaryen.setDebugInfo(false);
  const binary = plainOf(module.emitBinary());
  module.dispose();
  return binary;
}

await mkdir(`${root}build`, { recursive: true });
if (!process.argv.includes("--force") && (await upToDate())) {
  console.log("build-wasm: up to date");
} else {
  for (const [name, module] of Object.entries(split(await compile()))) {
    const plain = emit(module);
    if (!WebAssembly.validate(plain))
      throw new Error(`build-wasm: build/${name}.wasm is not valid`);
    await writeFile(`${root}build/${name}.wasm`, plain);
    console.log(`build-wasm: build/${name}.wasm ${(plain.length / 1024).toFixed(1)} KiB`);
  }
}
