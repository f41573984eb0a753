// The house rules that a machine can check: imports run down the layer table, files and lines stay
// short, every file begins with a sentence, and nothing is needed at run time.

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What the files of a folder of src may import, beside their own folder. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  device: ["core"],
  tensor: ["core", "device"],
  ops: ["core", "device", "tensor"],
  grad: ["core", "device", "tensor", "ops"],
  program: ["core", "device", "tensor", "ops"],
  fused: ["core", "device", "tensor", "ops", "grad"],
  nn: ["core", "device", "tensor", "ops", "grad", "fused"],
  optim: ["core", "device", "tensor", "ops", "grad", "fused"],
  data: ["core", "device", "tensor", "ops", "grad", "fused"],
  train: ["core", "device", "tensor", "ops", "grad", "program", "fused", "optim", "data"],
  meta: ["core", "device", "tensor", "ops", "grad", "fused", "nn", "optim", "data"],
  search: ["core", "device", "tensor", "ops", "grad", "fused", "nn", "optim", "data", "meta"],
};

/** Files outside of the layers: the index may import all of them. */
const ASSETS = /^(build\/\w+\.wasm|kernels\/\w+\.wgsl)$/;

const MOST_LINES = 400;
const MOST_COLUMNS = 100;

/** Paths from the project's root, with /. */
function filesOf(folder: string, pattern: RegExp): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      return ["node_modules", "results"].includes(entry.name) ? [] : filesOf(path, pattern);
    }
    return pattern.test(entry.name) ? [path] : [];
  });
}

const read = (path: string) => readFileSync(join(root, path), "utf8");

/** The folder of src that a file belongs to; "" for src/index.ts and files beside it. */
const layerOf = (path: string) => {
  const parts = path.split("/");
  return parts[0] === "src" && parts.length > 2 ? parts[1] : "";
};

/** What a file may not import. */
function breaches(path: string, text: string): string[] {
  const layer = layerOf(path);
  const found: string[] = [];
  for (const [, call, target] of text.matchAll(/\b(?:from|import)\s*(\(?)\s*"([^"]+)"/g)) {
    const to = posix.join(posix.dirname(path), target);
    if (call === "(" && target.startsWith("node:")) continue; // asked for where there is Node
    if (!target.startsWith(".")) {
      found.push(`${path} imports ${target}, which is no file of the library`);
    } else if (!to.startsWith("src/")) {
      if (!ASSETS.test(to)) found.push(`${path} imports ${to}, outside of src`);
    } else if (layer !== "" && layerOf(to) !== layer && !LAYERS[layer]?.includes(layerOf(to))) {
      found.push(`${path} (${layer}) imports ${to} (${layerOf(to) || "index"})`);
    }
  }
  return found;
}

/** Lines that are too many or too long. */
function excess(path: string, text: string): string[] {
  const lines = text.split("\n");
  const found = lines.flatMap((line, i) =>
    [...line].length > MOST_COLUMNS ? [`${path}:${i + 1} has ${[...line].length} columns`] : [],
  );
  if (lines.length - 1 > MOST_LINES) found.push(`${path} has ${lines.length - 1} lines`);
  return found;
}

const sources = filesOf("src", /\.ts$/);
const all = [
  ...sources,
  ...filesOf("asm", /\.ts$/),
  ...filesOf("kernels", /\.wgsl$/),
  ...["test", "examples", "bench"].flatMap((folder) => filesOf(folder, /\.ts$/)),
  ...filesOf("scripts", /\.mjs$/),
];

test("imports run down the layer table", () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.flatMap((path) => breaches(path, read(path)))).toEqual([]);
});

test("every folder of src has its place in the table", () => {
  const folders = new Set(sources.map(layerOf).filter((name) => name !== ""));
  expect([...folders].filter((name) => !(name in LAYERS))).toEqual([]);
});

test("the table itself runs one way", () => {
  const names = Object.keys(LAYERS);
  for (const [i, name] of names.entries()) {
    for (const below of LAYERS[name]) expect(names.indexOf(below)).toBeLessThan(i);
  }
});

test(`files stay under ${MOST_LINES} lines and ${MOST_COLUMNS} columns`, () => {
  expect(all.flatMap((path) => excess(path, read(path)))).toEqual([]);
});

test("every file begins with a comment that is a sentence", () => {
  const silent = all.filter((path) => !/^\/\/ \S[\s\S]*?[.:]\s/.test(read(path)));
  expect(silent).toEqual([]);
});

test("nothing is needed at run time", () => {
  const config = JSON.parse(read("package.json"));
  expect(config.dependencies ?? {}).toEqual({});
  expect(config.peerDependencies ?? {}).toEqual({});
  expect(config.optionalDependencies ?? {}).toEqual({});
  expect(config.sideEffects).toBe(false);
  expect(config.type).toBe("module");
});

test("a planted breach is found, whatever its form", () => {
  const at = "src/ops/planted.ts";
  expect(breaches(at, 'import { grad } from "../grad/index";')).toEqual([
    "src/ops/planted.ts (ops) imports src/grad/index (grad)",
  ]);
  expect(breaches(at, 'export * from "../program/compile";').length).toBe(1);
  expect(breaches(at, 'const x = await import("../nn/index");').length).toBe(1);
  expect(breaches(at, 'import type { T } from "../index";').length).toBe(1);
  expect(breaches(at, 'import fs from "node:fs";').length).toBe(1);
  expect(breaches(at, 'import x from "../../test/table";').length).toBe(1);
  expect(breaches("src/optim/a.ts", 'import "../nn/index";').length).toBe(1);
  expect(breaches("src/grad/a.ts", 'import { compile } from "../program/compile";').length).toBe(1);
  const good = 'import { a } from "./sum";\nimport type { T } from "../tensor/tensor";';
  expect(breaches(at, good)).toEqual([]);
  expect(breaches("src/device/webgpu/a.ts", 'import k from "../../../kernels/sum.wgsl";')).toEqual(
    [],
  );
  expect(excess("a.ts", `${"x".repeat(100)}\n`)).toEqual([]);
  expect(excess("a.ts", `${"x".repeat(101)}\n`)).toEqual(["a.ts:1 has 101 columns"]);
  expect(excess("a.ts", "x\n".repeat(400))).toEqual([]);
  expect(excess("a.ts", "x\n".repeat(401))).toEqual(["a.ts has 401 lines"]);
});
