// Pages for tests: a folder served to browsers, with the headers that a page sets to have threads
// and to forbid evaluation of text.

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** What a path or URL is served as, by its ending. */
export const typeOf = (path: string) => TYPES[/\.\w+(?=\?|$)/.exec(path)?.[0] ?? ".html"] ?? "";

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

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a folder on a free port; `/` is its index.html. What a page posts, as JSON, is told. */
export async function serve(
  folder: string,
  headers: Record<string, string>,
  told: (message: unknown) => void = () => {},
): Promise<Served> {
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      told(JSON.parse(await bodyOf(request)));
      response.writeHead(204, headers).end();
      return;
    }
    const path = normalize(decodeURIComponent(new URL(request.url!, "http://x").pathname));
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    try {
      const body = await readFile(file);
      response.writeHead(200, { ...headers, "Content-Type": typeOf(file) });
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
