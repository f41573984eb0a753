// Compiled steps on the three implementations of webgpu. What is absent here is skipped by name;
// with HYPERGRAD_REQUIRE_DEVICES=1 its absence fails.

import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Told } from "./behaviour.entry";
import { bundle } from "./bundle";
import { absence, type Runtime, runIn } from "./runners";

const entry = fileURLToPath(new URL("programs.entry.ts", import.meta.url));
const required = process.env.HYPERGRAD_REQUIRE_DEVICES === "1";
const MINUTES = 60_000;

describe.each<Runtime>(["node", "deno", "chromium"])("webgpu in %s", (runtime) => {
  const absent = absence(runtime);
  const there = absent === null || required;

  test.skipIf(!there)(
    `compiled steps${absent === null ? "" : ` (absent: ${absent})`}`,
    async () => {
      expect(absent).toBeNull();
      const told = (await runIn[runtime](await bundle(entry))) as Told[];
      expect(told.filter(({ text }) => text !== "")).toEqual([]);
      expect(told.length).toBeGreaterThan(8);
    },
    10 * MINUTES,
  );
});
