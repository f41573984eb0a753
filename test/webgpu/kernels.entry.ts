// Suite: every kernel case on the webgpu device of this runtime.

import { webgpuDevice } from "../../src/device/webgpu/device";
import { kernelSuite } from "../kernels.suite";

export default async function run() {
  const device = await webgpuDevice();
  const report = await kernelSuite(device);
  const { tensors } = device.memory();
  const stats = device.stats();
  device.dispose();
  return { adapter: device.info.adapter, tensors, stats, ...report };
}
