// Measures which tiles are fastest on the current device. Its result is plain JSON, so that one
// measurement serves every later start on the same machine.

import { device } from "./current";
import type { Tiles } from "./tiles";

/**
 * Times the tiles of the current device's products, which takes some tenths of a second (on a
 * WebGPU adapter that computes on the CPU, seconds). The device stays as it is: keep the result
 * and give it to `init({ tiles })`. Without it the wasm device looks for some milliseconds at its
 * start, and webgpu chooses by size.
 * @throws DeviceError on the reference device, which has no tiles
 */
export function tune(): Promise<Tiles> {
  return device().tune();
}
