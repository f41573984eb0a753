// The roofs of a GPU: products and sums from registers, and a copy of storage, on a WebGPU device
// of the bench's own, on the adapter that the library would choose.

import type { Roof } from "./roof";
import type { Candidate } from "./sampling";

const LANES = 64;
const GROUPS = 1024;
const ROUNDS = 64;
const CHAINS = 8;

/** Each invocation runs CHAINS chains of vec4 multiply-adds, 4 a round. */
const PEAK = `
@group(0) @binding(0) var<storage, read_write> out: array<vec4f>;
@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = f32(id.x) * 1e-9;
  let a = vec4f(0.999 + x);
  let b = vec4f(0.001 + x);
  ${each((i) => `var c${i} = vec4f(${i}.0 + x);`)}
  for (var r = 0u; r < ${ROUNDS}u; r++) {
    ${each((i) => `c${i} = fma(c${i}, a, b);`).repeat(4)}
  }
  out[id.x] = ${each((i) => `c${i}`, " + ")};
}`;

const COPY = `
@group(0) @binding(0) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n: vec3u) {
  let i = id.y * n.x * ${LANES}u + id.x;
  if (i < arrayLength(&x)) { out[i] = x[i]; }
}`;

function each(text: (i: number) => string, between = "\n  "): string {
  return Array.from({ length: CHAINS }, (_, i) => text(i)).join(between);
}

let opened: Promise<GPUDevice> | null = null;

async function open(): Promise<GPUDevice> {
  const gpu = globalThis.navigator?.gpu as GPU | undefined;
  const adapter = (await gpu?.requestAdapter({ powerPreference: "high-performance" })) ?? null;
  if (adapter === null) throw new Error("roof: no WebGPU adapter here");
  return adapter.requestDevice();
}

/** Dispatches in one pass and waits for them; `waiting` is what a wait for nothing takes. */
async function dispatches(
  device: GPUDevice,
  code: string,
  buffers: readonly GPUBuffer[],
  grid: readonly [number, number],
): Promise<Candidate> {
  const pipeline = await device.createComputePipelineAsync({
    label: "roof",
    layout: "auto",
    compute: { module: device.createShaderModule({ label: "roof", code }) },
  });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const run = async (count: number) => {
    const start = performance.now();
    if (count > 0) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      for (let i = 0; i < count; i++) pass.dispatchWorkgroups(...grid);
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / 1000;
  };
  let waiting = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 9; i++) waiting = Math.min(waiting, await run(0));
  return { sample: async (count) => Math.max((await run(count)) - waiting, 0) };
}

function storage(device: GPUDevice, size: number): GPUBuffer {
  return device.createBuffer({ label: "roof", size, usage: GPUBufferUsage.STORAGE });
}

export async function gpuPeak(): Promise<Roof> {
  opened ??= open();
  const device = await opened;
  const out = storage(device, GROUPS * LANES * 16);
  const candidate = await dispatches(device, PEAK, [out], [GROUPS, 1]);
  return { candidate, work: GROUPS * LANES * ROUNDS * 4 * CHAINS * 8 };
}

/** `bytes` read and written, at least 16 KiB and at most 128 MiB. */
export async function gpuCopy(bytes: number): Promise<Roof> {
  opened ??= open();
  const device = await opened;
  const half = Math.min(Math.max(Math.ceil(bytes / 32) * 16, 8192), 1 << 26);
  const buffers = [storage(device, half), storage(device, half)];
  const groups = Math.ceil(half / 16 / LANES);
  const rows = Math.ceil(groups / 65535);
  const grid = [Math.ceil(groups / rows), rows] as const;
  const candidate = await dispatches(device, COPY, buffers, grid);
  return { candidate, work: 2 * half };
}
