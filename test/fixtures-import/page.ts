// The page of the fixtures: runs the program here, or in a worker, as the test asks.

import { run } from "./app";

/** Resolves to what the worker answers. */
function runInWorker(options: object): Promise<unknown> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(options);
  });
}

Object.assign(globalThis, { run, runInWorker });
