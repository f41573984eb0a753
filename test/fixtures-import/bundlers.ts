// How each bundler builds the fixture into out/: with its defaults, as a new user has them.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import type { Configuration, Stats } from "webpack";

export interface Bundler {
  readonly name: string;
  /** Why it cannot run here, or null. */
  readonly absent: string | null;
  readonly bundle: (folder: string) => Promise<unknown>;
}

const require = createRequire(import.meta.url);

function absence(name: string): string | null {
  try {
    require.resolve(`${name}/package.json`);
    return null;
  } catch {
    return `${name} is not installed: npm ci`;
  }
}

/** TypeScript to JavaScript, file by file: for bundlers that take no TypeScript. */
async function withoutTypes(folder: string): Promise<void> {
  const { transform } = await import("esbuild");
  for (const name of ["app", "page", "worker"]) {
    const text = readFileSync(`${folder}/${name}.ts`, "utf8").replaceAll('.ts"', '.js"');
    const { code } = await transform(text, { loader: "ts" });
    writeFileSync(`${folder}/${name}.js`, code.replaceAll('"./app"', '"./app.js"'));
  }
}

const PAGE = '<!doctype html><title>fixture</title><script type="module" src="NAME"></script>';

async function esbuild(folder: string): Promise<void> {
  const { build } = await import("esbuild");
  await withoutTypes(folder);
  await build({
    absWorkingDir: folder,
    entryPoints: ["page.js", "worker.js"],
    ...{ bundle: true, splitting: true, format: "esm", minify: true, outdir: "out" },
  });
  writeFileSync(`${folder}/out/index.html`, PAGE.replace("NAME", "page.js"));
}

async function rollup(folder: string): Promise<void> {
  await withoutTypes(folder);
  const { rollup } = await import("rollup");
  // What the node-resolve plugin does: the package's "module" condition, and its "sideEffects".
  const home = `${folder}/node_modules/hypergrad/`;
  const { exports, sideEffects } = JSON.parse(readFileSync(`${home}package.json`, "utf8"));
  const moduleSideEffects = (id: string) => sideEffects || !id.startsWith(home);
  const resolved = {
    name: "resolved",
    resolveId: (id: string) => (id === "hypergrad" ? home + exports["."].module : null),
  };
  const input = [`${folder}/page.js`, `${folder}/worker.js`];
  const build = await rollup({ input, plugins: [resolved], treeshake: { moduleSideEffects } });
  await build.write({ dir: `${folder}/out`, format: "es" });
  writeFileSync(`${folder}/out/index.html`, PAGE.replace("NAME", "page.js"));
}

async function vite(folder: string): Promise<void> {
  const { build } = await import("vite");
  await build({
    ...{ root: folder, configFile: false, logLevel: "error" },
    worker: { format: "es" },
    build: { outDir: "out" },
  });
}

async function webpack(folder: string): Promise<void> {
  await withoutTypes(folder);
  const { default: pack } = await import("webpack");
  const run = promisify<Configuration, Stats | undefined>(pack as never);
  const stats = await run({
    ...{ context: folder, mode: "production", entry: "./page.js" },
    output: { path: `${folder}/out`, filename: "main.js" },
  });
  const found = stats?.toString({ all: false, errors: true, warnings: true }) ?? "";
  if (found !== "") throw new Error(found);
  writeFileSync(`${folder}/out/index.html`, PAGE.replace("NAME", "main.js"));
}

/** Not bundled: types are removed, and the library is the single file beside the page. */
export async function unbundled(folder: string): Promise<void> {
  await withoutTypes(folder);
  const path = `${folder}/app.js`;
  writeFileSync(path, readFileSync(path, "utf8").replace('"hypergrad"', '"./hypergrad.js"'));
}

export const bundlers: readonly Bundler[] = [
  { name: "esbuild", absent: absence("esbuild"), bundle: esbuild },
  { name: "Rollup", absent: absence("rollup"), bundle: rollup },
  { name: "Vite", absent: absence("vite"), bundle: vite },
  { name: "Webpack", absent: absence("webpack"), bundle: webpack },
];
