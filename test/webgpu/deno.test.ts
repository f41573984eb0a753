// Every suite of the webgpu device on wgpu in Deno.

import { onRuntime } from "./on-runtime";

onRuntime("deno");
