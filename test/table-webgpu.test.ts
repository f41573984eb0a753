// The table on WebGPU: values against truth, values and gradients against the reference, fused
// against decomposed, compiled against eager.

import { onDevices } from "./on-devices";

await onDevices(["webgpu"]);
