// How the build embeds what is not TypeScript: WGSL without comments and blank space, WASM as text
// that gzip makes as much of as of its bytes (base64 hides from it where bytes begin).

import { readFile } from "node:fs/promises";

/** A shader with its lines, which errors show, and nothing else that only people read. */
export function shortened(wgsl) {
  return wgsl
    .replace(/\/\/.*$/gm, "")
    .replace(/[ \t]+/g, " ")
    .replace(/ ?([,;:(){}[\]]) ?/g, "$1")
    .replace(/(?<=[\w.]) (?![\w.])|(?<![\w.]) (?=[\w.])/g, "") // not "- -", "> ="
    .replace(/^ | $/gm, "")
    .replace(/\n+/g, "\n")
    .replace(/([,({;])\n/g, "$1")
    .trim();
}

/** Bytes as text of common and rare ones: see src/device/wasm/unpack.ts. */
export function packed(bytes) {
  const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
  const alphabet = ascii.filter((c) => !"\"'`\\$<".includes(c));
  const size = alphabet.length - 2;
  const counts = new Array(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const all = [...counts.keys()];
  const most = new Set(all.toSorted((a, b) => counts[b] - counts[a]).slice(0, size));
  const symbols = new Map();
  for (const byte of all.filter((b) => most.has(b))) symbols.set(byte, alphabet[symbols.size]);
  for (const [i, byte] of all.filter((b) => !most.has(b)).entries()) {
    symbols.set(byte, alphabet[size + Math.floor(i / size)] + alphabet[i % size]);
  }
  const digit = (i) => [0, 1, 2, 3].reduce((n, j) => n | (most.has(4 * i + j) << j), 0);
  const digits = Array.from({ length: 64 }, (_, i) => digit(i).toString(16));
  return [...digits, ...Array.from(bytes, (byte) => symbols.get(byte))].join("");
}

/** For esbuild. */
export const assets = {
  name: "assets",
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: packed(await readFile(path)),
      loader: "text",
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
