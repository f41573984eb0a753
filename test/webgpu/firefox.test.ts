// Every suite of the webgpu device on headless Firefox.

import { onRuntime } from "./on-runtime";

onRuntime("firefox");
