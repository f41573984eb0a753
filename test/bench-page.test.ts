// The bench page in headless Chromium: it offers the devices that are there, runs rows and shows
// bars, a roofline and the figures as JSON.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Served, withPage } from "../bench/chromium";
import { servePage } from "../bench/page/serve";
import { browserAbsence } from "./browsers";

const built = existsSync(fileURLToPath(new URL("../dist/index.js", import.meta.url)));
const chromium = browserAbsence("chromium") === null;

describe.runIf(built && chromium)("the bench page", () => {
  let served: Served;
  beforeAll(async () => {
    served = await servePage();
  });
  afterAll(() => served.close());

  it("runs rows and shows bars, a roofline and JSON", { timeout: 120_000 }, async () => {
    await withPage(served.address, async (page) => {
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      await page.waitForSelector("#device option", { state: "attached" });
      const devices = await page.locator("#device option").allTextContents();
      expect(devices[0]).toBe("WebAssembly"); // the adapter here computes on the CPU
      expect(devices.some((name) => name.startsWith("WebAssembly, "))).toBe(true);
      await page.fill("#only", "^matmul 64x64x64|^relu$");
      await page.click("#run");
      await page.waitForFunction(
        "document.getElementById('status').textContent.includes('rows right')",
      );
      expect(await page.textContent("#status")).toContain(" 0 with a problem");
      const names = await page.locator("#rows tr:not(.group) td:first-child").allTextContents();
      expect(names).toContain("matmul 64x64x64 NN");
      expect(names).toContain("relu");
      expect(await page.locator("#rows .bar span").count()).toBeGreaterThanOrEqual(5);
      expect(await page.locator("#roofline circle").count()).toBe(4);
      await page.evaluate(
        "navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }",
      );
      await page.click("#copy");
      const [run] = JSON.parse((await page.evaluate("globalThis.copied")) as string);
      expect(run.rows.map((r: { name: string }) => r.name)).toEqual(names);
      expect(run.kind).toBe("bench");
      expect(errors).toEqual([]);
    });
  });

  it("says when no row is chosen, and goes on", { timeout: 60_000 }, async () => {
    await withPage(served.address, async (page) => {
      await page.waitForSelector("#device option", { state: "attached" });
      await page.fill("#only", "no such row");
      await page.click("#run");
      expect(await page.textContent("#status")).toBe("No row has such a name.");
      expect(await page.isEnabled("#run")).toBe(true);
    });
  });
});
