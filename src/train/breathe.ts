// Lets the event loop run during a long computation: steps on the WebAssembly device never wait, so
// that without it no page would draw and no signal arrive.

const MOST_MS = 50;

/** A function to await between steps: a turn of the event loop where the last was 50 ms ago. */
export function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < MOST_MS) return;
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
}
