// Runs a bundled suite in Deno (wgpu, lavapipe) and in headless Chromium (Dawn, SwiftShader), and
// hands back what its default export resolves to.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

export type Runtime = "node" | "deno" | "chromium";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const CHROMIUM = process.env.HYPERGRAD_CHROMIUM ?? "/usr/bin/chromium";
const MARK = "hypergrad-suite-result:";

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

/** The result of a process that prints it behind MARK on a line of its own. */
function collect(command: string, args: string[], env: Record<string, string>): Promise<unknown> {
  const child = spawn(command, args, { env: { ...process.env, ...env } });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      const line = output.split("\n").find((text) => text.startsWith(MARK));
      if (line !== undefined) done(JSON.parse(line.slice(MARK.length)));
      else
        fail(
          new Error(`no result, exit code ${code}: ${errors.slice(-4000)}${output.slice(-2000)}`),
        );
    });
  });
}

/** Runs the default export and prints its result; the same in Node and Deno. */
const script = (path: string, leave: string) => `
  const suite = await import(${JSON.stringify(pathToFileURL(path).href)});
  const result = await suite.default();
  console.log(${JSON.stringify(MARK)} + JSON.stringify(result));
  ${leave}`;

export function runInDeno(path: string): Promise<unknown> {
  const code = encodeURIComponent(script(path, "Deno.exit(0);"));
  const args = [denoCommand()!, "run", "-A", "--unstable-webgpu", `data:text/javascript,${code}`];
  return collect(process.execPath, args, { XDG_RUNTIME_DIR: tmpdir() });
}

/** Runs in a Node of its own. `dawn` hands the suite `navigator.gpu`, as bundles outside the
 * project cannot find the package. */
export function runInNode(path: string): Promise<unknown> {
  const dawn = `
    const { create, globals } = await import(${JSON.stringify(pathToFileURL(resolve("webgpu")).href)});
    Object.assign(globalThis, globals);
    globalThis.navigator ??= {};
    Object.defineProperty(globalThis.navigator, "gpu", { value: create([]) });`;
  const code = dawn + script(path, "process.exit(0);");
  return collect(process.execPath, ["--input-type=module", "-e", code], dawnEnvironment());
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
    return await page.evaluate(async () => {
      const module = "/suite.mjs";
      const suite = await import(/* @vite-ignore */ module);
      return JSON.parse(JSON.stringify((await suite.default()) ?? null));
    });
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
