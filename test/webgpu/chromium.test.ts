// Every suite of the webgpu device on headless Chromium.

import { onRuntime } from "./on-runtime";

onRuntime("chromium");
