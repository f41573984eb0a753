// Runs a bundled module in Node (Dawn), in Deno (wgpu, lavapipe) and in headless Chromium (Dawn,
// SwiftShader). The module's default export is called in a process or page of its own and speaks
// to this one over a local server; a process that ends or falls silent is never waited for.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
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

/** Environment of Deno: SwiftShader is named for Dawn, which refuses Debian's lavapipe; wgpu takes
 * that, where shaders compile a hundred times as fast. */
export function denoEnvironment(): Record<string, string | undefined> {
  const { VK_DRIVER_FILES: named, XDG_RUNTIME_DIR = tmpdir() } = process.env;
  return { VK_DRIVER_FILES: named === SWIFTSHADER ? undefined : named, XDG_RUNTIME_DIR };
}

/** What a module's default export is called with. */
export interface Home {
  /** Where the server is, and the listener's files, as `${base}fixtures/name.json`. */
  readonly base: string;
}

export interface Listener {
  /** What the module posted to `${base}told`, as JSON, in order. */
  told(message: unknown): void;
  /** The content of a file, by its path on the server; null where there is none. */
  file?(path: string): Promise<string | null>;
}

/** A running process or page. */
interface Started {
  /** Resolves with the last of its output once it has ended. */
  readonly ended: Promise<string>;
  stop(): void | Promise<void>;
}

/** Longest time without a word, in ms: a shader on a busy machine may take long to compile. */
const SILENCE = 480_000;

/** Calls the default export with where home is, and posts its result; the same everywhere. */
const script = (suite: string, base: string) => `
  const { default: run } = await import(${JSON.stringify(suite)});
  const result = (await run({ base: ${JSON.stringify(base)} })) ?? null;
  await fetch(${JSON.stringify(`${base}end`)}, { method: "POST", body: JSON.stringify(result) });`;

function startProcess(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Started {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  const ended = new Promise<string>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, signal) => done(`exit code ${code ?? signal}: ${output}`));
  });
  return { ended, stop: () => void child.kill("SIGKILL") };
}

export interface RunOptions {
  /** Whether the runtime is to have WebGPU. Default true. */
  readonly gpu?: boolean;
}

/** Node of its own, which finds `navigator.gpu`: bundles outside the project cannot find the
 * `webgpu` package. `compilingGPU` has the same compiler, and runs nothing. */
function startNode(path: string, base: string, gpu: boolean): Started {
  const dawn = `
    const dawn = await import(${JSON.stringify(pathToFileURL(resolve("webgpu")).href)});
    Object.assign(globalThis, dawn.globals);
    globalThis.navigator ??= {};
    Object.defineProperty(globalThis.navigator, "gpu", { value: dawn.create([]) });
    globalThis.compilingGPU = dawn.create(["backend=null"]);`;
  const code = (gpu ? dawn : "") + script(pathToFileURL(path).href, base);
  const args = ["--input-type=module", "-e", `${code}\nprocess.exit(0);`];
  return startProcess(args, dawnEnvironment());
}

function startDeno(path: string, base: string, gpu: boolean): Started {
  const code = `${script(pathToFileURL(path).href, base)}\nDeno.exit(0);`;
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const none = { DENO_WEBGPU_BACKEND: process.platform === "darwin" ? "dx12" : "metal" };
  const env = { ...denoEnvironment(), ...(gpu ? {} : none) };
  return startProcess([denoCommand()!, "run", "-A", "--unstable-webgpu", url], env);
}

async function startChromium(_path: string, base: string, gpu: boolean): Promise<Started> {
  const { chromium } = await import("playwright-core");
  const flags = gpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : [];
  const quiet = ["--disable-quic", "--disable-background-networking"];
  quiet.push("--disable-component-update", "--disable-sync");
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", ...flags, ...quiet],
  });
  const page = await browser.newPage();
  let output = "";
  const ended = new Promise<string>((done) => {
    page.on("console", (message) => {
      output = `${output}${message.text()}\n`.slice(-4000);
    });
    page.on("pageerror", (error) => done(`${error.message}\n${error.stack}`));
    page.on("crash", () => done(`the page crashed: ${output}`));
    browser.on("disconnected", () => done(`the browser ended: ${output}`));
  });
  await page.goto(base);
  return { ended, stop: () => browser.close() };
}

const starters = { node: startNode, deno: startDeno, chromium: startChromium };

/** A page that is cross-origin isolated, so that threads work in it too. */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/**
 * Runs a bundle's default export and resolves with what it resolved to. Rejects when the process or
 * page ends before that, or says nothing for eight minutes.
 */
export async function run(
  runtime: Runtime,
  path: string,
  listener: Listener = { told: () => {} },
  { gpu = true }: RunOptions = {},
): Promise<unknown> {
  let finish = (_result: unknown) => {};
  let fail = (_error: Error) => {};
  const result = new Promise((done, failed) => {
    finish = done;
    fail = failed;
  });
  const silent = () => fail(new Error(`${runtime} said nothing for ${SILENCE / 1000} s`));
  let timer = setTimeout(silent, SILENCE);
  let base = "";
  const server = createServer(async (request, response) => {
    const url = request.url!;
    clearTimeout(timer);
    timer = setTimeout(silent, SILENCE);
    const answer = (type: string, text: string | Buffer, status = 200) => {
      response.writeHead(status, { ...HEADERS, "Content-Type": type, Connection: "close" });
      response.end(text);
    };
    if (request.method === "POST") {
      const body = JSON.parse(await bodyOf(request));
      answer("text/plain", "");
      if (url === "/told") listener.told(body);
      else finish(body);
    } else if (url === "/suite.mjs") answer("text/javascript", await readFile(path));
    else if (url === "/") {
      const code = script("/suite.mjs", base);
      answer("text/html", `<!doctype html><script type="module">${code}</script>`);
    } else {
      const text = (await listener.file?.(url)) ?? null;
      answer("application/json", text ?? "", text === null ? 404 : 200);
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  let started: Started | null = null;
  try {
    started = await starters[runtime](path, base, gpu);
    started.ended.then((output) => fail(new Error(`${runtime} ended early: ${output}`)));
    return await result;
  } finally {
    clearTimeout(timer);
    await started?.stop();
    server.close();
    server.closeAllConnections();
  }
}

export const runIn: Record<Runtime, (path: string) => Promise<unknown>> = {
  node: (path) => run("node", path),
  deno: (path) => run("deno", path),
  chromium: (path) => run("chromium", path),
};
