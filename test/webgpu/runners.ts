// Runs a bundled module in Node (Dawn), in Deno (wgpu, lavapipe), and in pages of Chromium (Dawn,
// SwiftShader), Firefox (wgpu, lavapipe) and WebKit (no WebGPU). The module's default export is
// called in a process or page of its own and speaks to this one over a local server; a process
// that ends or falls silent is never waited for.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BrowserName, browserAbsence, openIn } from "../browsers";
import { bodyOf, ISOLATED, typeOf } from "../pages";
import { type Started, startProcess } from "../process";

export type Runtime = "node" | "deno" | BrowserName;

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

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
  if (runtime !== "node") return browserAbsence(runtime);
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
  file?(path: string): Promise<string | Buffer | null>;
}

/** Longest time without a word, in ms: a shader on a busy machine may take long to compile. */
const SILENCE = 480_000;

/** Calls the default export with where home is, and posts its result; the same everywhere. */
const script = (suite: string, base: string) => `
  const { default: run } = await import(${JSON.stringify(suite)});
  const result = (await run({ base: ${JSON.stringify(base)} })) ?? null;
  await fetch(${JSON.stringify(`${base}end`)}, { method: "POST", body: JSON.stringify(result) });`;

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
  return startProcess(process.execPath, args, dawnEnvironment());
}

function startDeno(path: string, base: string, gpu: boolean): Started {
  const code = `${script(pathToFileURL(path).href, base)}\nDeno.exit(0);`;
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const none = { DENO_WEBGPU_BACKEND: process.platform === "darwin" ? "dx12" : "metal" };
  const env = { ...denoEnvironment(), ...(gpu ? {} : none) };
  const args = [denoCommand()!, "run", "-A", "--unstable-webgpu", url];
  return startProcess(process.execPath, args, env);
}

function start(runtime: Runtime, path: string, base: string, gpu: boolean) {
  if (runtime === "node") return startNode(path, base, gpu);
  if (runtime === "deno") return startDeno(path, base, gpu);
  return openIn[runtime](base, gpu);
}

/** The script in a page, which tells of an error itself: of some browsers nobody else would. */
const page = (base: string) => `<!doctype html><script type="module">
  try {${script("/suite.mjs", base)}
  } catch (error) {
    const body = JSON.stringify([String(error), error.stack].join("\\n"));
    await fetch(${JSON.stringify(`${base}failed`)}, { method: "POST", body });
  }
</script>`;

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
      response.writeHead(status, { ...ISOLATED, "Content-Type": type, Connection: "close" });
      response.end(text);
    };
    if (request.method === "POST") {
      const body = JSON.parse(await bodyOf(request));
      answer("text/plain", "");
      if (url === "/told") listener.told(body);
      else if (url === "/failed") fail(new Error(body));
      else finish(body);
    } else if (url === "/suite.mjs") answer("text/javascript", await readFile(path));
    else if (url === "/") answer("text/html", page(base));
    else {
      const body = (await listener.file?.(new URL(url, base).pathname)) ?? null;
      answer(typeOf(url), body ?? "", body === null ? 404 : 200);
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  let started: Started | null = null;
  try {
    started = await start(runtime, path, base, gpu);
    started.ended.then((output) => fail(new Error(`${runtime} ended early: ${output}`)));
    return await result;
  } finally {
    clearTimeout(timer);
    await started?.stop();
    server.close();
    server.closeAllConnections();
  }
}
