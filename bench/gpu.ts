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

/** Whether WebGPU here has an adapter that is a graphics card, not a program on the CPU. */
export async function hasCard(): Promise<boolean> {
  const gpu = globalThis.navigator?.gpu as GPU | undefined;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return false;
  const { isFallbackAdapter, vendor, device, description } = adapter.info;
  const names = `${vendor} ${device} ${description}`;
  return isFallbackAdapter !== true && !/swiftshader|llvmpipe|lavapipe|basic render/i.test(names);
}
