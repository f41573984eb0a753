// Waiting for the GPU in browsers: theirs is in another process, which looks for finished work when
// commands come, else every 2 ms. What is sent here makes it look, and does nothing else.

/** Ms after which it is asked first: what ends sooner is seen with the commands themselves. */
const FIRST = 1;
/** Times it is asked, each when the last answer has come: for 2 ms, as longer work loses little. */
const TIMES = 8;

/** Whether WebGPU is in another process. */
const REMOTE = globalThis.process?.versions?.node === undefined && !("Deno" in globalThis);

/** What `done` resolves with, as early as it can be had. */
export async function hasten<T>(device: GPUDevice, done: Promise<T>): Promise<T> {
  if (!REMOTE) return done;
  let left = TIMES;
  const ask = () => {
    if (left-- <= 0) return;
    device.pushErrorScope("validation");
    device.popErrorScope().then(ask, () => {}); // a loss is told elsewhere
  };
  const timer = setTimeout(ask, FIRST);
  try {
    return await done;
  } finally {
    left = 0;
    clearTimeout(timer);
  }
}
