import { readFile } from "node:fs/promises";
import { deflateRawSync } from "node:zlib";
import { defineConfig } from "tsup";

// One ES module for browsers, workers, Deno and Node. WGSL and WASM are inside, WASM deflated: as
// base64 it would not compress again.
const deflated = {
  name: "deflated",
  setup(build: import("esbuild").PluginBuild) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: deflateRawSync(await readFile(path), { level: 9 }),
      loader: "binary",
    }));
  },
};

export default defineConfig({
  entry: { index: "src/index.ts" },
  format: "esm",
  platform: "neutral",
  target: "es2022",
  dts: true,
  sourcemap: true,
  minify: true,
  clean: true,
  loader: { ".wgsl": "text" },
  esbuildPlugins: [deflated],
});
