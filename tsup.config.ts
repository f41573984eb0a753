import { defineConfig } from "tsup";

// One ES module for browsers, workers, Deno and Node: WGSL and WASM are embedded.
export default defineConfig({
  entry: { index: "src/index.ts" },
  format: "esm",
  platform: "neutral",
  target: "es2022",
  dts: true,
  sourcemap: true,
  clean: true,
  loader: { ".wgsl": "text", ".wasm": "binary" },
});
