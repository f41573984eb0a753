// Starts the other threads of a wasm device: workers that need no path, from this library's own
// file or from text, and that keep no process alive.

import { DeviceError } from "../../core/errors";
import { inNode, load } from "../../core/node";
import { needRest } from "../rest";
import { HOME, MARK, type Serve, type Start } from "./worker";

export { isLarge } from "./sharing";

needRest();

/** A bit each in one word of memory. */
const MOST_THREADS = 31;

async function cores(): Promise<number> {
  const here = globalThis.navigator?.hardwareConcurrency;
  if (here !== undefined) return here;
  return inNode() ? (await load<typeof import("node:os")>("node:os")).availableParallelism() : 1;
}

/** How many threads there can be of those asked for, and if fewer, why. */
export async function threadsHere(
  asked: number,
  given?: number,
): Promise<{ threads: number; why: string }> {
  if (globalThis.crossOriginIsolated === false && !inNode()) {
    return { threads: 1, why: "as this page is not cross-origin isolated" };
  }
  if (typeof SharedArrayBuffer === "undefined") {
    return { threads: 1, why: "as this runtime has no SharedArrayBuffer" };
  }
  const most = given ?? (await cores());
  const threads = Math.min(asked, most, MOST_THREADS);
  if (threads === asked) return { threads, why: "" };
  if (threads === MOST_THREADS) return { threads, why: "the most there can be" };
  return { threads, why: `as there ${most === 1 ? "is 1 core" : `are ${most} cores`} here` };
}

/** A worker that was asked to start, in the form that both kinds have in common. */
interface Handle {
  /** Resolves once it is ready; rejects when it cannot be. */
  readonly ready: Promise<void>;
  end(): void;
}

/**
 * Starts a worker for each place but the first, in which `serve` runs. All or none.
 * @throws DeviceError with the reason when they do not start here
 */
export async function startThreads(serve: Serve, start: Omit<Start, "index">): Promise<void> {
  const handles: Handle[] = [];
  try {
    const make = inNode() ? await nodeWorkers(serve) : await webWorkers(serve);
    for (let index = 1; index < start.threads; index++) handles.push(make({ ...start, index }));
    await Promise.all(handles.map(({ ready }) => ready));
  } catch (error) {
    for (const handle of handles) handle.end();
    throw new DeviceError(`workers do not start here: ${(error as Error).message}`);
  }
}

async function nodeWorkers(serve: Serve): Promise<(start: Start) => Handle> {
  const { Worker } = await load<typeof import("node:worker_threads")>("node:worker_threads");
  const source =
    'import("node:worker_threads").then(({ workerData, parentPort }) => ' +
    `(${serve})(workerData, () => parentPort.postMessage("ready")))`;
  return (start) => {
    const worker = new Worker(source, { eval: true, workerData: start, execArgv: [] });
    const ready = new Promise<void>((resolve, reject) => {
      worker.once("message", () => {
        worker.unref(); // until here it keeps the process alive, as init is not done
        resolve();
      });
      worker.once("error", reject);
    });
    return { ready, end: () => void worker.terminate() };
  };
}

/** From this file if it is the library and nothing else, so that a page may forbid workers from
 * text; else, in a bundle or from another origin, from text. */
async function webWorkers(serve: Serve): Promise<(start: Start) => Handle> {
  const own = await ownFile();
  if (own === null) return (start) => fromText(serve, start);
  return (start) => {
    let now = webWorker(own, start);
    const ready = now.ready.catch(() => {
      now.end();
      now = fromText(serve, start);
      return now.ready;
    });
    return { ready, end: () => now.end() };
  };
}

function fromText(serve: Serve, start: Start): Handle {
  const answer = '() => postMessage("ready")';
  const text = `onmessage = ({ data }) => { (${serve})(data, ${answer}); close(); }`;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = webWorker(url, start);
  return { ...worker, ready: worker.ready.finally(() => URL.revokeObjectURL(url)) };
}

function webWorker(url: string, start: Start): Handle {
  const worker = new Worker(url, { type: "module", name: "hypergrad" });
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message ?? "they are not allowed"));
    };
  });
  worker.postMessage(start);
  return { ready, end: () => worker.terminate() };
}

/** The URL of the file that workers begin with, if it is a module which exports this library. */
async function ownFile(): Promise<string | null> {
  const url = HOME;
  if (url === undefined || new URL(url).origin !== globalThis.location?.origin) return null;
  try {
    const module = await load<Record<string, unknown>>(url);
    return module.DeviceError === DeviceError ? url + MARK : null;
  } catch {
    return null;
  }
}
