// Finds a Vulkan driver for Dawn, which is WebGPU in Node: where no graphics card is, Chromium's
// software driver, unless another is asked for. Import it before anything asks for an adapter.

import { existsSync } from "node:fs";
import { tmpdir } from "node:os";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const card = existsSync("/dev/nvidiactl") || existsSync("/dev/dri/renderD128");

if (process.env.VK_DRIVER_FILES === undefined && !card && existsSync(SWIFTSHADER)) {
  process.env.VK_DRIVER_FILES = SWIFTSHADER;
}
// Drivers complain where there is no folder for their sockets.
process.env.XDG_RUNTIME_DIR ??= tmpdir();
