// npm run bench:peers: this library and its peers side by side, in one process, on the same
// numbers, checked against each other. Bundles bench/against with the peers and starts it where
// asked.

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { version } from "./store";

const HELP = `npm run bench:peers -- [options]
  --runtime NAME     node24 (default), node (this one) or deno
  --only REGEX       contests whose name it matches
  --sides REGEX      of plain, tfjs-cpu, tfjs, jax, ort, torch
  --device NAME      wasm (default) or webgpu
  --deterministic    our plain SIMD binary, also where relaxed SIMD is there
  --slow             also the rows in which some side takes minutes
  --quick            fewer samples
  --json FILE        keep the figures
  --correctness FILE run every op at orders 0 to 3 on every side, and write the table
`;

const here = dirname(fileURLToPath(import.meta.url));
const peers = join(here, "peers");
const require = createRequire(import.meta.url);

/** Installs the peers on first use: they are no part of the main install. */
function install(): void {
  if (existsSync(join(peers, "node_modules", "@jax-js", "jax"))) return;
  console.log("installing the peers into bench/peers ...");
  const { status } = spawnSync("npm", ["ci", "--no-fund", "--no-audit"], {
    cwd: peers,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("bench:peers: npm ci in bench/peers failed");
}

/** One file with the peers in it, for Node and Deno. */
async function bundle(entry: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bench-peers-"));
  const outfile = join(folder, "main.mjs");
  await build({
    entryPoints: [join(here, "against", entry)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "browser",
    mainFields: ["module", "browser", "main"],
    target: "es2022",
    nodePaths: [join(peers, "node_modules")],
    alias: { hypergrad: join(here, "..", "dist", "index.js") },
    external: ["node:*", "fs", "path", "os", "util", "crypto", "worker_threads", "perf_hooks"],
    loader: { ".wasm": "binary" },
    // TensorFlow.js asks for Node's modules by require.
    banner: {
      js:
        'import { createRequire as makeRequire } from "node:module";' +
        'const require = makeRequire(import.meta.url); const __dirname = ".";',
    },
    logLevel: "error",
  });
  return outfile;
}

function command(runtime: string): string[] {
  if (runtime === "node") return [process.execPath];
  if (runtime === "node24") return [join(peers, "node_modules", "node", "bin", "node")];
  if (runtime !== "deno") throw new Error(`--runtime ${runtime}: use node24, node or deno`);
  const bin = join(dirname(require.resolve("deno/package.json")), "bin.cjs");
  return [process.execPath, bin, "run", "-A", "--unstable-webgpu"];
}

/** Takes `--name value` out of the arguments. */
function take(args: string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  install();
  const runtime = take(args, "--runtime") ?? "node24";
  const table = take(args, "--correctness");
  const json = take(args, "--json");
  const file = await bundle(table === undefined ? "main.ts" : "correctness.ts");
  const more = [
    ...["--torch", join(here, "against", "pytorch.py"), "--version", version()],
    ...(json === undefined ? [] : ["--json", resolve(json)]),
    ...(table === undefined ? [] : ["--out", resolve(table)]),
  ];
  const [program, ...first] = command(runtime);
  const child = spawn(program, [...first, file, ...args, ...more], { stdio: "inherit" });
  process.on("SIGINT", () => {}); // the child ends itself and keeps what is done
  const code = await new Promise<number>((done) => child.on("exit", (c) => done(c ?? 1)));
  await rm(dirname(file), { recursive: true, force: true });
  return code;
}

process.exitCode = await main();
