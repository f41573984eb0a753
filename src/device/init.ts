// Choosing a device: what was asked for by name, or the best that is there, and never another in
// silence.

import { DeviceError } from "../core/errors";
import { needWhole, optionsOf } from "../core/options";
import { setDevice } from "./current";
import type { Device, DeviceName } from "./device";
import { loadReference, loadSelfTest, loadWebGPU } from "./lazy";
import { checkTiles, type Tiles } from "./tiles";
import { wasmDevice } from "./wasm/device";
import { adapterName, findCard, isSoftware } from "./webgpu/adapter";
import type { WebGPUDevice } from "./webgpu/device";

/** A WebGPU implementation, as `navigator.gpu` is one. */
export interface GPUSource {
  requestAdapter(options?: object): Promise<object | null>;
}

export interface InitOptions {
  /** "auto" takes webgpu when the adapter is a real GPU, else wasm. Default "auto". */
  readonly device?: "auto" | DeviceName;
  /** Threads of the wasm device, the caller's own counted. Default 1. */
  readonly threads?: number;
  /** Take the plain SIMD binary, whose bits do not depend on the processor. Default false. */
  readonly deterministic?: boolean;
  /** The WebGPU implementation, where it is not `navigator.gpu`. */
  readonly gpu?: GPUSource;
  /** Run every kernel variant of the webgpu device against the reference first, and throw an error
   * that names one that is wrong on this adapter. Default false. */
  readonly selfTest?: boolean;
  /** What `tune()` found on this device. Tiles of another one are left out, and `info.reason` says
   * so. Default: the device's own choice. */
  readonly tiles?: Tiles;
}

const NAMES = ["auto", "webgpu", "wasm", "reference"];
const OPTIONS = ["device", "threads", "deterministic", "gpu", "selfTest", "tiles"] as const;

/**
 * Makes a device and puts new tensors on it. Tensors of an earlier device stay usable there.
 * @returns the device; `device().info.reason` says which it is and why
 * @throws DeviceError when a device asked for by name is not there
 * @throws TypeError for an option that there is not
 */
export async function init(options: InitOptions = {}): Promise<Device> {
  const { device = "auto", threads = 1 } = optionsOf("init", options, OPTIONS);
  if (!NAMES.includes(device)) {
    throw new DeviceError(
      `init: unknown device: "${device}". Use ${NAMES.map((n) => `"${n}"`).join(", ")}.`,
    );
  }
  needWhole("init", { threads }, 1);
  if (options.tiles !== undefined) checkTiles(options.tiles);
  const made = await make(device, options);
  setDevice(made);
  return made;
}

async function make(name: "auto" | DeviceName, options: InitOptions): Promise<Device> {
  if (name === "reference") return (await loadReference()).referenceDevice();
  const gpu = options.gpu as GPU | undefined;
  if (name === "webgpu") return webgpu({ gpu }, options);
  if (name === "wasm") return wasmDevice(options);
  const adapter = await findCard(gpu);
  if (adapter === null) return wasmDevice({ ...options, because: "no WebGPU adapter is here" });
  if (!isSoftware(adapter.info)) return webgpu({ adapter }, options);
  const because = `the WebGPU adapter (${adapterName(adapter.info)}) computes on the CPU`;
  return wasmDevice({ ...options, because });
}

async function webgpu(
  from: { gpu?: GPU; adapter?: GPUAdapter },
  options: InitOptions,
): Promise<Device> {
  const { tiles } = options;
  const device: WebGPUDevice = await (await loadWebGPU()).webgpuDevice({ ...from, tiles });
  const wrong = options.selfTest ? await (await loadSelfTest()).selfTest(device) : null;
  if (wrong !== null) {
    device.dispose();
    throw new DeviceError(`init: ${wrong}. Use init({ device: "wasm" }).`);
  }
  return device;
}
