// The folder of WGSL kernels: each is used, says what it does, and fits the page.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

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
