// Keeps the page's files, so that it works without a network once it was opened. A new build has
// another VERSION, and replaces all of them together.

/** Put in by scripts/live.mjs: a hash of all files, and their names. */
declare const VERSION: string;
declare const FILES: readonly string[];

interface Extendable extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Fetch extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
const scope = globalThis as unknown as {
  addEventListener(type: "install" | "activate", on: (event: Extendable) => void): void;
  addEventListener(type: "fetch", on: (event: Fetch) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
};

async function keep(): Promise<void> {
  const cache = await caches.open(VERSION);
  await cache.addAll(["./", ...FILES]);
  await scope.skipWaiting();
}

async function takeOver(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== VERSION).map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(VERSION);
  const kept = await cache.match(request, { ignoreSearch: true });
  return kept ?? fetch(request);
}

scope.addEventListener("install", (event) => event.waitUntil(keep()));
scope.addEventListener("activate", (event) => event.waitUntil(takeOver()));
scope.addEventListener("fetch", (event) => {
  if (event.request.method === "GET") event.respondWith(answer(event.request));
});
