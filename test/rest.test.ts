// The rest of the WebAssembly code: whoever calls its kernels brings it along, so that a bundle has
// what it runs and no more, and a device takes it also when it comes late.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";
// @ts-expect-error: a script of the build, without types
import { assets } from "../scripts/assets.mjs";
import { kernelNames } from "../src/device/kernels";

const root = fileURLToPath(new URL("..", import.meta.url));
const exported = (name: string) => {
  const module = new WebAssembly.Module(readFileSync(`${root}build/${name}.wasm`));
  return new Set(WebAssembly.Module.exports(module).map((e) => e.name));
};
const [base, rest] = [exported("base"), exported("rest")];

test("every kernel but the programs' own is in one part", () => {
  for (const name of kernelNames) {
    if (name === "chain") continue; // programs call it
    expect([name, base.has(name), rest.has(name)]).toEqual([name, !rest.has(name), rest.has(name)]);
  }
});

const home = mkdtempSync(join(tmpdir(), "hypergrad-rest-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Bundles a module beside src/index.ts; gives its address and the files that went into it. */
async function bundle(name: string, contents: string) {
  const { metafile } = await build({
    stdin: { contents, resolveDir: `${root}src` },
    ...{ bundle: true, splitting: true, format: "esm", platform: "neutral", target: "es2022" },
    ...{ outdir: join(home, name), metafile: true, logLevel: "error", plugins: [assets] },
    absWorkingDir: root,
  });
  return {
    url: pathToFileURL(join(home, name, "stdin.js")).href,
    inputs: Object.keys(metafile.inputs),
  };
}

test("each file that names a kernel of the rest needs it", async () => {
  const { inputs } = await bundle("all", 'export * from "./index";');
  const files = inputs.filter((path) => /^src\/(tensor|ops|grad|fused)\//.test(path));
  const texts = files.map((path) => ({ path, text: readFileSync(root + path, "utf8") }));
  const naming = texts.filter(({ text }) => [...rest].some((name) => text.includes(`"${name}"`)));
  expect(naming.length).toBeGreaterThan(6);
  const silent = naming.filter(({ text }) => !text.includes("\nneedRest();\n"));
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test("a device takes the rest when it comes after init", async () => {
  const { url } = await bundle(
    "late",
    `export { init } from "./device/init";
    export { ones } from "./tensor/fill";
    export const later = () => import("./ops/conv");`,
  );
  const { init, ones, later } = await import(/* @vite-ignore */ url);
  const device = await init({ device: "wasm" });
  const [x, w] = [ones([1, 4, 4, 1]), ones([3, 3, 1, 1])];
  const out = device.allocate(4, "float32");
  const sizes = [1, 1, 4, 4, 1, 3, 3, 1, 2, 2, 1, 1, 0, 0, 1, 1, 1, 0, 0];
  const early = () => device.run("conv2d", [x.storage, w.storage], [out], sizes);
  expect(early).toThrow("wasm: the rest of the kernels is needed. This is a bug.");
  const { conv2d } = await later();
  expect(await conv2d(x, w).data()).toEqual(new Float32Array(4).fill(9));
  device.dispose();
});
