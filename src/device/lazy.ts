// What a page may never need, loaded when it is asked for: as chunks of their own from bundlers,
// and in the single file with the rest, which the build does by these very lines.

export const loadThreads = () => import("./wasm/threads");
export const loadReference = () => import("./reference/device");
export const loadWebGPU = () => import("./webgpu/device");
export const loadSelfTest = () => import("./webgpu/selfTest");
