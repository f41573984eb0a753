// Builds dist/modules: the library file by file, for bundlers, which then take what is imported
// from it and nothing else; and the files of its namespaces. Run after tsup, which empties dist.

import { posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { assets } from "./assets.mjs";
import { writeNamespaces } from "./namespaces.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const slashes = (path) => path.replaceAll("\\", "/");

/** Every import stays an import, of the file that is built from the one it names. */
const apart = {
  name: "apart",
  setup(setup) {
    setup.onResolve({ filter: /^\./ }, ({ path, kind, importer, resolveDir }) => {
      if (kind === "entry-point") return undefined;
      const from = posix.dirname(slashes(relative(root, importer)));
      const to = posix.join(slashes(relative(root, resolveDir)), path);
      const built = posix.relative(from, to.replace(/\.(wasm|wgsl)$/, ""));
      return { path: `${built.startsWith(".") ? "" : "./"}${built}.js`, external: true };
    });
  },
};

const common = { absWorkingDir: root, platform: "neutral", format: "esm", target: "es2022" };

/** Every file that the index needs, assets too. */
async function inputs() {
  const { metafile } = await build({
    ...common,
    entryPoints: ["src/index.ts"],
    outfile: "index.js",
    ...{ bundle: true, write: false, metafile: true, plugins: [assets], logLevel: "error" },
  });
  return Object.keys(metafile.inputs);
}

const entryPoints = await inputs();
await build({
  ...common,
  entryPoints,
  ...{ bundle: true, outdir: "dist/modules", outbase: ".", sourcemap: true, logLevel: "error" },
  plugins: [apart, assets],
});
await writeNamespaces();
console.log(`build-modules: dist/modules ${entryPoints.length} files`);
