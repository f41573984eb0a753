// Runs a bundled suite in Deno (wgpu, lavapipe) and in headless Chromium (Dawn, SwiftShader), and
// hands back what its default export resolves to.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

export type Runtime = "node" | "deno" | "chromium";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const CHROMIUM = process.env.HYPERGRAD_CHROMIUM ?? "/usr/bin/chromium";

const resolve = createRequire(import.meta.url).resolve;

/** The command of the `deno` package, or null. */
function denoCommand(): string | null {
  try {
    return join(dirname(resolve("deno/package.json")), "bin.cjs");
  } catch {
    return null;
  }
}

/** Why a runtime is absent here and how to get it, or null when it is there. */
export function absence(runtime: Runtime): string | null {
  if (runtime === "deno") {
    return denoCommand() === null ? "Deno is not installed: npm install deno" : null;
  }
  if (runtime === "chromium") {
    return existsSync(CHROMIUM) ? null : `no ${CHROMIUM}: apt-get install chromium`;
  }
  if (process.env.VK_DRIVER_FILES === undefined && !existsSync(SWIFTSHADER)) {
    return "no Vulkan driver for Dawn: apt-get install chromium, whose SwiftShader it takes";
  }
  return null;
}

/** Environment in which Dawn finds SwiftShader where nothing else is asked for. */
export function dawnEnvironment(): Record<string, string> {
  const { VK_DRIVER_FILES = SWIFTSHADER, XDG_RUNTIME_DIR = tmpdir() } = process.env;
  return { VK_DRIVER_FILES, XDG_RUNTIME_DIR };
}

/** Runs a process that writes its result, as JSON, to a file: pipes are cut when it exits. */
async function collect(
  command: string,
  args: (code: string) => string[],
  write: (result: string) => string,
  env: Record<string, string>,
): Promise<unknown> {
  const result = join(await mkdtemp(join(tmpdir(), "hypergrad-")), "result.json");
  const child = spawn(command, args(write(result)), { env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  const code = await new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", done);
  });
  if (!existsSync(result)) throw new Error(`no result, exit code ${code}: ${output}`);
  return JSON.parse(await readFile(result, "utf8"));
}

/** Runs the default export and writes its result; the same in Node and Deno. */
const script = (path: string, result: string, leave: string) => `
  const { writeFileSync } = await import("node:fs");
  const suite = await import(${JSON.stringify(pathToFileURL(path).href)});
  const result = (await suite.default()) ?? null;
  writeFileSync(${JSON.stringify(result)}, JSON.stringify(result));
  ${leave}`;

export function runInDeno(path: string): Promise<unknown> {
  const args = (code: string) => {
    const url = `data:text/javascript,${encodeURIComponent(code)}`;
    return [denoCommand()!, "run", "-A", "--unstable-webgpu", url];
  };
  const write = (result: string) => script(path, result, "Deno.exit(0);");
  return collect(process.execPath, args, write, { XDG_RUNTIME_DIR: tmpdir() });
}

/** Runs in a Node of its own, which finds `navigator.gpu`: bundles outside the project cannot
 * find the `webgpu` package. */
export function runInNode(path: string): Promise<unknown> {
  const dawn = `
    const dawn = await import(${JSON.stringify(pathToFileURL(resolve("webgpu")).href)});
    Object.assign(globalThis, dawn.globals);
    globalThis.navigator ??= {};
    Object.defineProperty(globalThis.navigator, "gpu", { value: dawn.create([]) });`;
  const args = (code: string) => ["--input-type=module", "-e", dawn + code];
  const write = (result: string) => script(path, result, "process.exit(0);");
  return collect(process.execPath, args, write, dawnEnvironment());
}

/** A page that is cross-origin isolated, so that threads work in it too. */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export async function runInChromium(path: string): Promise<unknown> {
  const { chromium } = await import("playwright-core");
  const server = createServer(async (request, response) => {
    const script = request.url === "/suite.mjs";
    response.writeHead(200, {
      ...HEADERS,
      "Content-Type": script ? "text/javascript" : "text/html",
    });
    response.end(script ? await readFile(path) : "<!doctype html><title>suite</title>");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    // As text: the test runner rewrites the imports of functions.
    return await page.evaluate(`import("/suite.mjs")
      .then((suite) => suite.default())
      .then((result) => JSON.parse(JSON.stringify(result ?? null)))`);
  } finally {
    await browser.close();
    server.close();
  }
}

export const runIn: Record<Runtime, (path: string) => Promise<unknown>> = {
  node: runInNode,
  deno: runInDeno,
  chromium: runInChromium,
};
