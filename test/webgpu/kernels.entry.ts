// Suite: every kernel case on the webgpu device of this runtime, as it chooses kernels here; then
// the cases whose kernels it would choose otherwise on a GPU, and every gemm kernel for all shapes.

import { type WebGPUDevice, webgpuDevice } from "../../src/device/webgpu/device";
import { VARIANTS } from "../../src/device/webgpu/gemm";
import { kernelCases } from "../kernels.cases";
import { type Failure, kernelSuite, type Report } from "../kernels.suite";

const PRODUCTS = ["matmul", "conv2d", "conv2dInput", "conv2dKernel"] as const;

const SHARES = 3;

export interface Result {
  readonly adapter: string;
  readonly ran: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
  readonly tensors: number;
}

/** Cases by the kernels that would be chosen elsewhere. Only where shaders compile fast: in the
 * others the self-test has every kernel compiled and run. */
async function otherwise(device: WebGPUDevice): Promise<Report[]> {
  const { software } = device.choosing;
  device.choosing.software = !software;
  const reports = [await kernelSuite(device, [...PRODUCTS, "move"])];
  // Each variant takes its share of the cases, chosen so that all four layouts are among them.
  for (const [at, variant] of VARIANTS.entries()) {
    device.choosing.variant = variant;
    const share = kernelCases.filter((_, i) => i % SHARES === at % SHARES);
    const { failures, ...rest } = await kernelSuite(device, PRODUCTS, share);
    const named = failures.map((f) => ({ ...f, name: `${f.name}, by ${variant}` }));
    reports.push({ failures: named, ...rest });
  }
  Object.assign(device.choosing, { software, variant: null });
  return reports;
}

export default async function run(): Promise<Result> {
  const device = await webgpuDevice();
  const reports = [await kernelSuite(device)];
  device.choosing.stepwise = true;
  reports.push(await kernelSuite(device, ["lstmForward", "lstmBackward"]));
  device.choosing.stepwise = false;
  if ("Deno" in globalThis) reports.push(...(await otherwise(device)));
  const { tensors } = device.memory();
  device.dispose();
  return {
    adapter: device.info.adapter!,
    tensors,
    ran: reports.reduce((sum, { ran }) => sum + ran, 0),
    skipped: reports.reduce((sum, { skipped }) => sum + skipped, 0),
    failures: reports.flatMap(({ failures }) => failures),
  };
}
