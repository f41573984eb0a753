// fit in Node, in Deno and in a page: one loop for all, with the same bits.

import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { testWith } from "./devices";
import type { Result } from "./fit-runtimes.entry";
import { bundle } from "./webgpu/bundle";
import { absence, type Runtime, run } from "./webgpu/runners";

const entry = fileURLToPath(new URL("fit-runtimes.entry.ts", import.meta.url));
const found = new Map<Runtime, string>();

describe.each<Runtime>(["node", "deno", "chromium", "firefox", "webkit"])(
  "fit in %s",
  (runtime) => {
    const absent = runtime === "node" ? null : absence(runtime);
    testWith(
      absent,
      "learns from packed Blobs, stops at a signal and goes on with the same bits",
      async () => {
        const result = (await run(runtime, await bundle(entry))) as Result;
        expect(result.bits).toBe(result.whole);
        expect(result.bits.split(" ")).toHaveLength(16 * 8 + 8 + 8 * 2 + 2);
        expect(result.accuracy).toBeGreaterThan(0.8);
        expect(result.steps.slice(0, 36)).toEqual(Array.from({ length: 36 }, (_, i) => i + 1));
        expect(result.ended).toBe("signal");
        expect(result.steps.at(-1)).toBe(36);
        found.set(runtime, result.bits);
        expect(new Set(found.values()).size).toBe(1);
      },
      300_000,
    );
  },
);
