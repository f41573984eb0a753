// Waiting for work on the GPU, in browsers. Theirs is another process, which looks for finished
// work when commands come, else every 2 ms; what is sent here only makes it look, and does nothing
// else.

import { inNode } from "../../core/node";

/** Milliseconds after which that process looks by itself. */
const OFTEN = 2;
/** The shortest pause before a look, in milliseconds: each takes time of both processes, which work
 * on a CPU loses. */
const PAUSE = 0.25;
/** Looks where no pause is that short: each when the last one is answered, for some 2 ms. */
const TIMES = 16;

/** Whether WebGPU is in another process. */
const REMOTE = !inNode() && !("Deno" in globalThis);

type WaitAsync = (cell: Int32Array, at: number, value: number, ms: number) => { value: unknown };

/** Null where memory cannot be shared, as in pages that are not isolated from others. */
function pauses(): ((ms: number) => unknown) | null {
  const { waitAsync } = Atomics as { waitAsync?: WaitAsync };
  if (waitAsync === undefined || !("SharedArrayBuffer" in globalThis)) return null;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return (ms) => waitAsync(cell, 0, 0, ms).value;
}

/** A pause finer than a page's timers: a wait for a number that nobody changes. */
const pause = REMOTE ? pauses() : null;

/** What `done` resolves with, as early as it can be had: within an eighth of the time that it
 * takes. */
export async function hasten<T>(device: GPUDevice, done: Promise<T>): Promise<T> {
  if (!REMOTE) return done;
  let waiting = true;
  const look = () => {
    device.pushErrorScope("validation");
    return device.popErrorScope().catch(() => {}); // a loss is told elsewhere
  };
  const keepLooking = async () => {
    if (pause === null) {
      for (let left = TIMES; waiting && left > 0; left--) await look();
      return;
    }
    const start = performance.now();
    for (let ms = PAUSE; ms < OFTEN; ms = Math.max(PAUSE, gone(start) / 8)) {
      await pause(ms);
      if (!waiting) return;
      look();
    }
  };
  keepLooking();
  try {
    return await done;
  } finally {
    waiting = false;
  }
}

const gone = (start: number) => performance.now() - start;
