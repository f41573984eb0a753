// Finding WebGPU: an adapter in browsers, workers, Deno and Node, and what kind of adapter it is.

import { DeviceError } from "../../core/errors";
import { inNode, load } from "../../core/node";

/** Names of adapters that compute on the CPU. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render/i;

/** Whether an adapter computes on the CPU: it says so, or its name is known. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  const names = [info.vendor, info.architecture, info.device, info.description].join(" ");
  return info.isFallbackAdapter === true || SOFTWARE.test(names);
}

/** What an adapter calls itself, as short as it goes. */
export function adapterName(info: GPUAdapterInfo): string {
  const name = info.description || info.device || info.architecture || "unnamed adapter";
  return info.vendor !== "" && !/^\d+$/.test(info.vendor) ? `${info.vendor} ${name}` : name;
}

/** The WebGPU of this runtime: the one given, the browser's or Deno's own, or in Node the
 * `webgpu` package if it is installed. Null when there is none. */
async function findGPU(given?: GPU): Promise<GPU | null> {
  if (given !== undefined) {
    outliving.add(given);
    return given;
  }
  const own = globalThis.navigator?.gpu;
  if (own) return own;
  if (!inNode()) return null;
  dawn ??= openDawn();
  return dawn;
}

/** One instance for the process: its devices must not outlive it. */
let dawn: Promise<GPU | null> | null = null;

/** What callers gave, for the same reason: often nobody else keeps it, and Dawn's instance goes
 * when its object is collected, which leaves its devices hanging or ends the process. */
const outliving = new Set<GPU>();

async function openDawn(): Promise<GPU | null> {
  try {
    return (await load<{ create(flags: string[]): GPU }>("webgpu")).create([]);
  } catch {
    return null; // the package is not installed, or not for this machine
  }
}

/** Where Linux shows graphics cards: the kernel's own drivers, NVIDIA's, WSL's, Arm's. */
const CARDS = ["dri", "nvidiactl", "dxg", "mali0", "kgsl-3d0", "nvhost-ctrl"];

/** Whether Node on Linux sees no graphics card. Dawn would look for drivers all the same, and they
 * complain on the terminal; false where it cannot be known. */
function noCard(): boolean {
  const node = "Deno" in globalThis ? undefined : globalThis.process; // Deno asks leave for env
  if (node?.platform !== "linux" || node.env.VK_DRIVER_FILES || node.env.VK_ICD_FILENAMES) {
    return false;
  }
  const fs = node.getBuiltinModule?.("node:fs");
  return fs !== undefined && !CARDS.some((name) => fs.existsSync(`/dev/${name}`));
}

/** The adapter of choice, or null: not looked for where no graphics card can be. */
export async function findCard(given?: GPU): Promise<GPUAdapter | null> {
  if (given === undefined && !globalThis.navigator?.gpu && noCard()) return null;
  return findAdapter(given);
}

/** The adapter of choice, or null. */
export async function findAdapter(given?: GPU): Promise<GPUAdapter | null> {
  const gpu = await findGPU(given);
  if (gpu === null) return null;
  try {
    return await gpu.requestAdapter({ powerPreference: "high-performance" });
  } catch {
    return null;
  }
}

/** Limits of which the adapter's own values are asked for; the kernels need only the default. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
  "minUniformBufferOffsetAlignment",
] as const;

/** Features that are used when present and never needed. */
const FEATURES = ["timestamp-query", "subgroups", "shader-f16"] as const;

/** A device with the adapter's real limits. Throws a DeviceError when it is refused. */
export async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const name of LIMITS) {
    const limit = adapter.limits[name];
    if (limit !== undefined) requiredLimits[name] = limit;
  }
  const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name));
  try {
    return await adapter.requestDevice({ label: "hypergrad", requiredLimits, requiredFeatures });
  } catch (error) {
    throw new DeviceError(
      `init: the WebGPU adapter gave no device: ${adapterName(adapter.info)}: ` +
        `${(error as Error).message}. Use init({ device: "wasm" }).`,
    );
  }
}
