// The table on both WASM binaries: values against truth, values and gradients against the
// reference, fused against decomposed, compiled against eager.

import { onDevices } from "./on-devices";

await onDevices(["wasm", "wasm relaxed"]);
