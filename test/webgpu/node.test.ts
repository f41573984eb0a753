// Every suite of the webgpu device on Dawn in Node.

import { onRuntime } from "./on-runtime";

onRuntime("node");
