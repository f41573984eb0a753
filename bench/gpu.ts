// WebGPU in Node: one instance of the `webgpu` package, where browsers and Deno have theirs, so
// that the library and the roofs share it.

/** Gives Node a `navigator.gpu`; does nothing where there is one, or where the package is not. */
export async function provideGpu(): Promise<void> {
  if (globalThis.navigator?.gpu) return;
  try {
    const dawn = await import("webgpu");
    Object.assign(globalThis, dawn.globals);
    const gpu = dawn.create([]);
    if (globalThis.navigator === undefined) Object.assign(globalThis, { navigator: { gpu } });
    else Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });
  } catch {
    // Not installed, or not for this machine: init() says so where it matters.
  }
}
