import { readFile } from "node:fs/promises";
import { defineConfig } from "vitest/config";

// Loads the two asset kinds as the build does: WGSL as text, WASM as bytes.
const assets = {
  name: "assets",
  enforce: "pre" as const,
  async load(id: string) {
    if (id.endsWith(".wgsl")) {
      return `export default ${JSON.stringify(await readFile(id, "utf8"))}`;
    }
    if (id.endsWith(".wasm")) {
      const base64 = (await readFile(id)).toString("base64");
      return `export default Uint8Array.from(atob("${base64}"), (c) => c.charCodeAt(0))`;
    }
  },
};

export default defineConfig({
  plugins: [assets],
  resolve: { alias: { hypergrad: new URL("src/index.ts", import.meta.url).pathname } },
  test: {
    include: ["test/**/*.test.ts"],
    ...{ testTimeout: 60_000, hookTimeout: 120_000, pool: "forks" }, // hooks start browsers
  },
});
