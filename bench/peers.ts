// npm run bench:peers: this library and its peers side by side, in one process, on the same
// numbers, checked against each other. Bundles bench/against with the peers and starts it where
// asked.

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { serve, withPage } from "./chromium";
import type { Result } from "./results";
import { keepRun, machine, version } from "./store";

const HELP = `npm run bench:peers -- [options]
  --runtime NAME     node24 (default), node (this one), deno or chromium
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

const REQUIRE =
  'import { createRequire as makeRequire } from "node:module";' +
  'const require = makeRequire(import.meta.url); const __dirname = ".";';

/** One file with the peers in it. */
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
    external: [
      "node:*",
      "webgpu",
      "fs",
      "path",
      "os",
      "util",
      "crypto",
      "worker_threads",
      "perf_hooks",
    ],
    loader: { ".wasm": "binary" },
    // TensorFlow.js asks for Node's modules by require.
    banner: { js: entry === "page.ts" ? "" : REQUIRE },
    logLevel: "error",
  });
  return outfile;
}

function command(runtime: string): string[] {
  if (runtime === "node") return [process.execPath];
  if (runtime === "node24") return [join(peers, "node_modules", "node", "bin", "node")];
  if (runtime !== "deno")
    throw new Error(`--runtime ${runtime}: use node24, node, deno or chromium`);
  const bin = join(dirname(require.resolve("deno/package.json")), "bin.cjs");
  return [process.execPath, bin, "run", "-A", "--unstable-webgpu"];
}

/** Takes `--name value` out of the arguments. */
function take(args: string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}

/** Runs the contests in a page; its runtime's name is the browser's. */
async function inChromium(args: string[], json: string | undefined): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      sides: { type: "string" },
      quick: { type: "boolean" },
      slow: { type: "boolean" },
      deterministic: { type: "boolean" },
      device: { type: "string" },
    },
  });
  const file = await bundle("page.ts");
  const page = `<!doctype html><title>peers</title>`;
  const served = await serve(async (path) =>
    path === "/page.mjs" ? readFile(file) : path === "/index.html" ? page : null,
  );
  try {
    const [{ rows, reason }, agent] = await withPage(served.address, async (tab) => {
      tab.on("console", (line) => console.log(line.text()));
      const call = `import("/page.mjs").then((m) => m.default(${JSON.stringify(values)}))`;
      const found = (await tab.evaluate(call)) as { rows: Result[]; reason: string };
      return [found, (await tab.evaluate("navigator.userAgent")) as string] as const;
    });
    const runtime = `chromium ${/Chrome\/([\d.]+)/.exec(agent)?.[1] ?? ""}`;
    if (json !== undefined) {
      await keepRun(json, {
        kind: "peers",
        date: new Date().toISOString().slice(0, 10),
        version: version(),
        machine: machine(),
        runtime,
        devices: [reason],
        quick: values.quick === true,
        rows,
      });
    }
    return 0;
  } finally {
    served.close();
    await rm(dirname(file), { recursive: true, force: true });
  }
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
  if (runtime === "chromium") return inChromium(args, json);
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
