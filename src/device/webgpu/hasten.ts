// Waiting for work on the GPU, in browsers. Theirs is another process, which looks for finished
// work when commands come, else every 2 ms; what is sent here only makes it look, and does nothing
// else.

import { inNode } from "../../core/node";

/** Times it is asked, each when the last answer has come: for some 2 ms, as longer work loses
 * little by that wait. */
const TIMES = 16;

/** Whether WebGPU is in another process. */
const REMOTE = !inNode() && !("Deno" in globalThis);

/** What `done` resolves with, as early as it can be had. */
export async function hasten<T>(device: GPUDevice, done: Promise<T>): Promise<T> {
  if (!REMOTE) return done;
  let left = TIMES;
  const ask = () => {
    if (left-- <= 0) return;
    device.pushErrorScope("validation");
    device.popErrorScope().then(ask, () => {}); // a loss is told elsewhere
  };
  ask();
  try {
    return await done;
  } finally {
    left = 0;
  }
}
