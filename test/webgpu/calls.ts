// Kernel calls on blocks of the webgpu device, below ops, for checks of the device itself.

import type { Storage } from "../../src/device/device";
import { functions } from "../../src/device/functions";
import type { WebGPUDevice } from "../../src/device/webgpu/device";

export function upload(device: WebGPUDevice, data: readonly number[] | Float32Array): Storage {
  const storage = device.allocate(data.length, "float32");
  device.write(storage, data);
  return storage;
}

/** A new block with twice each element. */
export function doubled(device: WebGPUDevice, x: Storage): Storage {
  const out = device.allocate(x.size, "float32");
  device.run("map2", [x, x], [out], [functions.add.code, x.size, 1, x.size, 1, x.size]);
  return out;
}

export const numbers = async (device: WebGPUDevice, x: Storage) => Array.from(await device.read(x));
