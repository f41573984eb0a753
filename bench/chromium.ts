// Serves files to a headless Chromium, cross-origin isolated, so that threads and fine clocks work.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";

const EXECUTABLE = process.env.HYPERGRAD_CHROMIUM ?? "/usr/bin/chromium";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css",
  mjs: "text/javascript",
  js: "text/javascript",
  json: "application/json",
};

/** What a path holds; null where there is nothing. */
export type Files = (path: string) => Promise<string | Uint8Array | null>;

export interface Served {
  readonly address: string;
  readonly close: () => void;
}

/** Serves on a free port of this machine, or on the one given. */
export async function serve(files: Files, port = 0): Promise<Served> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const body = await files(path === "/" ? "/index.html" : path);
    const type = TYPES[path === "/" ? "html" : (path.split(".").at(-1) ?? "")] ?? "text/plain";
    response.writeHead(body === null ? 404 : 200, {
      "Content-Type": type,
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    response.end(body ?? "not here");
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  const address = `http://localhost:${(server.address() as AddressInfo).port}/`;
  return { address, close: () => server.close() };
}

/** Opens an address in a browser of its own, lets `use` do with the page, and closes it. */
export async function withPage<T>(address: string, use: (page: Page) => Promise<T>): Promise<T> {
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
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
    page.setDefaultTimeout(0);
    await page.goto(address);
    return await use(page);
  } finally {
    await browser.close();
  }
}

/** What a promise in the page comes to. It is started and left alone: a page that works for long is
 * not given up, as one evaluation of minutes would be. Rejects when the page ends before it. */
export function resultIn<T>(page: Page, promise: string): Promise<T> {
  return new Promise((resolve, reject) => {
    page.on("crash", () => reject(new Error("the page crashed")));
    page.on("close", () => reject(new Error("the page was closed")));
    const start = async () => {
      await page.exposeFunction("tellResult", resolve);
      await page.exposeFunction("tellProblem", (text: string) => reject(new Error(text)));
      await page.evaluate(`void ${promise}.then(tellResult, (e) => tellProblem(String(e)))`);
    };
    start().catch(reject);
  });
}
