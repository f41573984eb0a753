// The webgpu device on three implementations: Dawn in Node and in Chromium, wgpu in Deno. What is
// absent here is skipped by name; with HYPERGRAD_REQUIRE_DEVICES=1 its absence fails.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Told } from "./behaviour.entry";
import { bundle } from "./bundle";
import type { Result } from "./kernels.entry";
import { absence, type Runtime, runIn } from "./runners";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const required = process.env.HYPERGRAD_REQUIRE_DEVICES === "1";
const MINUTES = 60_000;

describe.each<Runtime>(["node", "deno", "chromium"])("webgpu in %s", (runtime) => {
  const absent = absence(runtime);
  const there = absent === null || required;
  const title = absent === null ? "" : ` (absent: ${absent})`;

  test.skipIf(!there)(
    `every kernel is the reference's, in every way it may be chosen${title}`,
    async () => {
      expect(absent).toBeNull();
      const result = (await runIn[runtime](await bundle(here("kernels.entry.ts")))) as Result;
      expect(result.failures.map(({ kernel, name, text }) => `${kernel} ${name}: ${text}`)).toEqual(
        [],
      );
      expect(result.ran).toBeGreaterThan(8000);
      expect(result.tensors).toBe(0);
    },
    20 * MINUTES,
  );

  test.skipIf(!there)(
    `the device keeps its promises${title}`,
    async () => {
      expect(absent).toBeNull();
      const told = (await runIn[runtime](await bundle(here("behaviour.entry.ts")))) as Told[];
      expect(told.filter(({ text }) => text !== "")).toEqual([]);
      expect(told.length).toBeGreaterThan(15);
    },
    10 * MINUTES,
  );
});

describe("kernels/", () => {
  const folder = here("../../kernels/");
  const files = readdirSync(folder).filter((name) => name.endsWith(".wgsl"));
  const sources = readdirSync(here("../../src/device/webgpu/"), { encoding: "utf8" })
    .map((name) => readFileSync(here(`../../src/device/webgpu/${name}`), "utf8"))
    .join("\n");

  test.each(files)("%s is used, has a head, and keeps within 100 columns", (name) => {
    const text = readFileSync(folder + name, "utf8");
    expect(sources).toContain(`kernels/${name}"`);
    expect(text.startsWith("// ")).toBe(true);
    expect(text.split("\n").filter((line) => line.length > 100)).toEqual([]);
    if (text.includes("@compute")) expect(text).toContain("// Grid: ");
  });
});
