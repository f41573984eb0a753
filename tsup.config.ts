// The single file: one ES module for browsers, workers, Deno and Node, with all WGSL and WASM
// inside. What bundlers take is made by scripts/build-modules.mjs.

import { defineConfig } from "tsup";
// @ts-expect-error: a script of the build, without types
import { assets, together } from "./scripts/assets.mjs";

export default defineConfig({
  entry: { index: "src/index.ts" },
  format: "esm",
  platform: "neutral",
  target: "es2022",
  // What is marked @internal, such as a tensor's storage, is no part of the types.
  dts: { compilerOptions: { stripInternal: true } },
  sourcemap: true,
  minify: true,
  // Node shows the line of an error that nobody caught: let that be a line, not the whole file.
  esbuildOptions: (options) => {
    options.lineLimit = 800;
  },
  splitting: false,
  clean: true,
  // Where Deno and JSR find the types.
  banner: { js: '/* @ts-self-types="./index.d.ts" */' },
  esbuildPlugins: [assets, together],
});
