// How the build embeds what is not TypeScript: WGSL without comments and blank space, WASM
// deflated (as base64 it would not compress again), the relaxed binary as its difference.

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { delta } from "./delta.mjs";

/** A shader with its lines, which errors show, and nothing else that only people read. */
export function shortened(wgsl) {
  return wgsl
    .replace(/\/\/.*$/gm, "")
    .replace(/[ \t]+/g, " ")
    .replace(/ ?([,;:(){}[\]]) ?/g, "$1") // around operators "- -" and ">> =" need it
    .replace(/^ | $/gm, "")
    .replace(/\n+/g, "\n")
    .replace(/([,({;])\n/g, "$1")
    .trim();
}

async function packed(path) {
  const bytes = await readFile(path);
  if (!path.endsWith("relaxed.wasm")) return deflateRawSync(bytes, { level: 9 });
  const plain = await readFile(join(dirname(path), "plain.wasm"));
  return deflateRawSync(delta(plain, bytes), { level: 9 });
}

/** For esbuild. */
export const assets = {
  name: "assets",
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: await packed(path),
      loader: "binary",
    }));
    build.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
      contents: shortened(await readFile(path, "utf8")),
      loader: "text",
    }));
  },
};

/** For esbuild: what is loaded when asked for, is in the single file from the start. */
export const together = {
  name: "together",
  setup(build) {
    build.onLoad({ filter: /src\/device\/lazy\.ts$/ }, async ({ path }) => {
      const imports = [];
      const text = await readFile(path, "utf8");
      const body = text.replace(/import\((".*?")\)/g, (_, name) => {
        const module = `module${imports.length}`;
        imports.push(`import * as ${module} from ${name};`);
        return `Promise.resolve(${module})`;
      });
      return { contents: [...imports, body].join("\n"), loader: "ts" };
    });
  },
};
