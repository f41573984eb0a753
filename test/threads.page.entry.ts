// Suite for a page whose policy allows workers from files alone: threads come from this file, which
// exports what the library does; then there are none, as the policy forbids all.

import type { DeviceInfo } from "../src/device/device";
import { wasmDevice } from "../src/device/wasm/device";

export * from "../src/core/errors";

async function info(): Promise<DeviceInfo> {
  const device = await wasmDevice({ threads: 2, cores: 2 });
  device.dispose();
  return device.info;
}

/** From now on the page's policy for workers is this one, too. */
function allow(sources: string): void {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = `worker-src ${sources}`;
  document.head.append(policy);
}

export default async function run(): Promise<DeviceInfo[]> {
  allow("'self'");
  const own = await info();
  allow("'none'");
  return [own, await info()];
}
