// Runtimes without WebGPU: webgpu asked for by name is a clear error, and auto takes wasm.

import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { bundle } from "./bundle";
import type { Missing } from "./missing.entry";
import { absence, type Runtime, run } from "./runners";

describe.each<Runtime>(["node", "deno", "chromium"])("webgpu in %s: missing", (runtime) => {
  const absent = runtime === "node" ? null : absence(runtime);

  test.skipIf(absent !== null)(
    `asked for by name${absent === null ? "" : ` (absent: ${absent})`}`,
    async () => {
      const path = await bundle(fileURLToPath(new URL("missing.entry.ts", import.meta.url)));
      const { error, auto, reason } = (await run(runtime, path, undefined, {
        gpu: false,
      })) as Missing;
      expect(error).toBe(
        "DeviceError: init: no WebGPU adapter here (requestAdapter() gave null). " +
          'Use init({ device: "wasm" }).',
      );
      expect(auto).toBe("wasm");
      expect(reason).toContain("no WebGPU adapter is here");
    },
    60_000,
  );
});
