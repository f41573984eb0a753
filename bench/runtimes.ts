// Runtimes other than the one that was started: Node 24 and Deno, and bundles that run in them.

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the bench's sources. */
export const here = dirname(fileURLToPath(import.meta.url));
const peers = join(here, "peers");
const require = createRequire(import.meta.url);

/** Installs the peers on first use: they, and Node 24, are no part of the main install. */
export function installPeers(): void {
  if (existsSync(join(peers, "node_modules", "@jax-js", "jax"))) return;
  console.log("installing the peers into bench/peers ...");
  const { status } = spawnSync("npm", ["ci", "--no-fund", "--no-audit"], {
    cwd: peers,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("bench: npm ci in bench/peers failed");
}

const REQUIRE =
  'import { createRequire as makeRequire } from "node:module";' +
  'const require = makeRequire(import.meta.url); const __dirname = ".";';

/** One file in a folder of its own, with the built library and the peers inside. */
export async function bundle(entry: string, kind: "script" | "page"): Promise<string> {
  const { build } = await import("esbuild"); // not needed inside a bundle
  const folder = await mkdtemp(join(tmpdir(), "hypergrad-bench-"));
  const outfile = join(folder, "main.mjs");
  await build({
    entryPoints: [join(here, entry)],
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
      "esbuild",
      "playwright-core",
      "webgpu",
      "fs",
      "path",
      "os",
      "util",
      "crypto",
      "worker_threads",
    ],
    loader: { ".wasm": "binary" },
    // Some packages ask for Node's modules by require.
    banner: { js: kind === "page" ? "" : REQUIRE },
    logLevel: "error",
  });
  return outfile;
}

export const RUNTIMES = ["node", "node24", "deno"] as const;
export type Runtime = (typeof RUNTIMES)[number];

function command(runtime: Runtime): string[] {
  if (runtime === "node") return [process.execPath];
  if (runtime === "node24") return [join(peers, "node_modules", "node", "bin", "node")];
  const deno = join(dirname(require.resolve("deno/package.json")), "bin.cjs");
  return [process.execPath, deno, "run", "-A", "--unstable-webgpu"];
}

/** Runs a script there and gives its exit code. Ctrl-C is the child's to answer. */
export function runThere(runtime: Runtime, args: readonly string[]): Promise<number> {
  const [program, ...first] = command(runtime);
  // Vulkan drivers complain where there is no folder for their sockets.
  const env: NodeJS.ProcessEnv = { XDG_RUNTIME_DIR: tmpdir(), ...process.env };
  // Chromium's driver is for Dawn (scripts/driver.mjs): Deno finds its own.
  if (runtime === "deno" && /swiftshader/.test(env.VK_DRIVER_FILES ?? "")) {
    delete env.VK_DRIVER_FILES;
  }
  const child = spawn(program, [...first, ...args], { stdio: "inherit", env });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((done) => child.on("exit", (code) => done(code ?? 1)));
}
