// What a thread of the wasm device runs, in a worker: `serve` uses nothing outside of itself, as
// workers also get it as text.

/** What a worker needs to become a thread. */
export interface Start {
  /** Each imports the exports of those before it, as "base". */
  readonly parts: readonly WebAssembly.Module[];
  readonly memory: WebAssembly.Memory;
  /** Address of what threads have in common; see asm/threads.ts. */
  readonly common: number;
  /** Threads in all, and this one's place among them. */
  readonly threads: number;
  readonly index: number;
  /** The register tile that the main thread found to be the fastest. */
  readonly tile: readonly [rows: number, byFours: number];
}

/** Takes part in calls until the device is disposed; says first that it is ready. */
export function serve(start: Start, ready: () => void): void {
  let wanted = 0;
  const env = {
    memory: start.memory,
    outOfMemory(bytes: number) {
      wanted = bytes;
      throw new Error("out of memory");
    },
  };
  const thread: Record<string, (...numbers: number[]) => void> = {};
  for (const part of start.parts) {
    Object.assign(thread, new WebAssembly.Instance(part, { env, base: thread }).exports);
  }
  thread.setTile(...start.tile);
  thread.join(start.common, start.threads, 1);
  ready();
  for (;;) {
    try {
      wanted = 1; // no kernel asks for so little: it stands for any other error
      thread.work(start.index);
      return;
    } catch {
      thread.fail(wanted);
    }
  }
}

export type Serve = typeof serve;

/** The file that this is in: to be loaded with all that imports it, as a worker knows no more. */
export const HOME: string | undefined = import.meta.url;

/** The end of the URL under which this file, once built, is a worker's main module. */
export const MARK = "#hypergrad-thread";

interface WorkerScope {
  onmessage: ((event: { data: Start }) => void) | null;
  postMessage(message: string): void;
  close(): void;
}

if (HOME?.endsWith(MARK)) {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }) => {
    serve(data, () => scope.postMessage("ready"));
    scope.close();
  };
}
