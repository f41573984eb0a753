// Pages for tests: a folder served to headless Chromium, with the headers that a page sets to have
// threads and to forbid evaluation of text.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Browser, LaunchOptions } from "playwright-core";

const CHROMIUM = process.env.HYPERGRAD_CHROMIUM ?? "/usr/bin/chromium";

/** Why there is no Chromium and how to get it, or null. */
export const chromiumAbsent = existsSync(CHROMIUM)
  ? null
  : `no ${CHROMIUM}: apt-get install chromium`;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** Cross-origin isolation: what a page needs for threads. */
export const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** All of a page's code from files; WebAssembly may compile, text may not be evaluated. */
export const STRICT = {
  "Content-Security-Policy":
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
};

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a folder on a free port; `/` is its index.html. */
export async function serve(folder: string, headers: Record<string, string>): Promise<Served> {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url!, "http://x").pathname));
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    try {
      const body = await readFile(file);
      response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(file)] ?? "" });
      response.end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

/** Headless Chromium; its WebGPU is SwiftShader's, or none with `gpu: false`. */
export async function launch({
  gpu = true,
  ...options
}: LaunchOptions & { gpu?: boolean } = {}): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  const quiet = ["quic", "background-networking", "component-update", "sync"];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      ...quiet.map((name) => `--disable-${name}`),
      "--enable-blink-features=ForceEagerMeasureMemory", // asked for memory, it collects at once
      ...(gpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : []),
    ],
    ...options,
  });
}
