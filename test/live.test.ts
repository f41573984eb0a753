// The live page in headless Chromium, driven as a person would: trained, drawn on, switched, saved
// and loaded, taken offline, its GPU taken away; without one error in the console.

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BrowserName, browserAbsence, launch } from "./browsers";
import { testWith } from "./devices";
import type { Result } from "./live.entry";
import { ISOLATED, type Served, serve } from "./pages";
import { bundle } from "./webgpu/bundle";
import { absence, run } from "./webgpu/runners";

const root = fileURLToPath(new URL("..", import.meta.url));
const chromiumAbsent = browserAbsence("chromium");
const built = existsSync(`${root}dist/modules/src/index.js`);
const here = chromiumAbsent === null && built;
const require = createRequire(import.meta.url);

const text = (page: Page, id: string) => page.locator(`#${id}`).textContent() as Promise<string>;
const stepOf = async (page: Page) => Number(await text(page, "n-step"));

/** Waits for the device, and for the first numbers. */
async function ready(page: Page): Promise<void> {
  await page.waitForFunction(`document.getElementById("n-device").textContent !== "–"`);
  await page.waitForFunction(`document.getElementById("n-memory").textContent !== "–"`);
}

const stepPast = (page: Page, step: number) =>
  page.waitForFunction(`Number(document.getElementById("n-step").textContent) > ${step}`);

async function steps(page: Page, count: number): Promise<string> {
  for (let i = 0; i < count; i++) {
    const before = await stepOf(page);
    await page.click("#step");
    await stepPast(page, before);
  }
  return text(page, "n-loss");
}

/** Strokes in the unit square of a pad, by the mouse. */
async function draw(page: Page, pad: number, strokes: readonly (readonly number[])[]) {
  const canvas = page.locator(".pads canvas").nth(pad);
  await canvas.scrollIntoViewIfNeeded();
  const box = (await canvas.boundingBox())!;
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.length; i += 2) {
      const [x, y] = [box.x + stroke[i] * box.width, box.y + stroke[i + 1] * box.height];
      await page.mouse.move(x, y, { steps: 4 });
      if (i === 0) await page.mouse.down();
    }
    await page.mouse.up();
  }
}

const CHARACTERS = [
  [[0.2, 0.2, 0.8, 0.2, 0.8, 0.8, 0.2, 0.8, 0.2, 0.2]],
  [
    [0.5, 0.1, 0.5, 0.9],
    [0.1, 0.5, 0.9, 0.5],
  ],
  [[0.2, 0.2, 0.8, 0.2, 0.2, 0.8, 0.8, 0.8]],
  [[0.2, 0.1, 0.2, 0.9, 0.8, 0.9]],
  [[0.15, 0.85, 0.35, 0.15, 0.5, 0.85, 0.65, 0.15, 0.85, 0.85]],
];

beforeAll(async () => {
  if (built) await promisify(execFile)("node", [`${root}scripts/live.mjs`, "--build"]);
}, 60_000);

describe.skipIf(!here)(
  `the live page${chromiumAbsent ? ` (absent: ${chromiumAbsent})` : ""}`,
  () => {
    const browsers = new Map<boolean, Browser>();
    let served: Served;
    beforeAll(async () => {
      served = await serve(`${root}build/live`, ISOLATED);
      for (const gpu of [false, true]) browsers.set(gpu, await launch({ gpu }));
    });
    afterAll(async () => {
      for (const browser of browsers.values()) await browser.close();
      await served.close();
    });

    /** Opens the page; every complaint of it fails the test. */
    async function visit(
      query: string,
      use: (page: Page) => Promise<void>,
      { gpu = false, width = 1200, height = 900 } = {},
    ): Promise<void> {
      const context = await browsers.get(gpu)!.newContext({ viewport: { width, height } });
      const page = await context.newPage();
      page.setDefaultTimeout(120_000); // a software GPU compiles for long where others compute too
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      try {
        await page.goto(served.url + query);
        await ready(page);
        await use(page);
        expect(complaints).toEqual([]);
      } finally {
        await context.close();
      }
    }

    test.each(["sines", "rates", "optimizer"])(
      "%s: trains on WASM, pauses, and shows what it learned",
      async (problem) => {
        await visit(`?problem=${problem}`, async (page) => {
          expect(await text(page, "n-device")).toBe("wasm");
          // By keyboard alone.
          await page.locator("#run").focus();
          await page.keyboard.press("Enter");
          await stepPast(page, 60);
          expect(await text(page, "run")).toBe("Pause");
          await page.keyboard.press("Enter");
          await page.waitForFunction(`document.getElementById("run").textContent === "Train"`);
          const labels = await page
            .locator(".chart")
            .evaluateAll((boxes) => boxes.map((box) => box.getAttribute("aria-label")));
          for (const label of labels) expect(label).toMatch(/: .*\d/);
          expect(await page.locator(".chart canvas").count()).toBe(3);
        });
      },
    );

    test("characters: tells drawn ones, and new ones far above chance", async () => {
      await visit("?problem=characters", async (page) => {
        await page.click("#run");
        for (const [i, strokes] of CHARACTERS.entries()) await draw(page, i, strokes);
        await draw(page, 5, [
          [0.52, 0.12, 0.48, 0.88],
          [0.14, 0.47, 0.88, 0.52],
        ]);
        await page.waitForFunction(`/after five steps/.test(document.body.innerText)`);
        const share = `Number(/, (\\d+) % after/.exec(document.body.innerText)?.[1])`;
        await page.waitForFunction(`${share} >= 45`, null, { timeout: 90_000 });
        await page.waitForFunction(`/is the second one/.test(document.body.innerText)`);
        // Cleared before the answer, which comes before the training pauses.
        await page.evaluate(
          `for (const id of ["examples", "clear", "run"]) document.getElementById(id).click()`,
        );
        await page.waitForFunction(`document.getElementById("run").textContent === "Train"`);
        expect(await text(page, "verdict")).toBe("");
      });
    }, 120_000);

    test("the same link gives the same training, and both orders train side by side", async () => {
      const link = "?problem=sines&order=both&seed=7";
      const losses: string[] = [];
      for (let visits = 0; visits < 2; visits++) {
        await visit(link, async (page) => {
          losses.push(await steps(page, 3));
          expect(await page.locator("#losses").getAttribute("aria-label")).toMatch(
            /order 2.*order 1/,
          );
        });
      }
      expect(losses[0]).toBe(losses[1]);
      await visit(link.replace("seed=7", "seed=8"), async (page) => {
        expect(await steps(page, 3)).not.toBe(losses[0]);
      });
    });

    test("a saved run goes on where it was", async () => {
      await visit("?problem=rates&seed=3", async (page) => {
        await steps(page, 2);
        const [file] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
        expect(file.suggestedFilename()).toBe("rates-2.safetensors");
        const path = await file.path();
        const buffer = readFileSync(path);
        const next = await steps(page, 1);
        await page.selectOption("#problem", "sines");
        await stepPast(page, -1);
        const load = (bytes: Buffer) =>
          page.setInputFiles("#file", { name: "a.safetensors", mimeType: "", buffer: bytes });
        await load(buffer);
        await page.waitForFunction(`document.getElementById("problem").value === "rates"`);
        expect(await stepOf(page)).toBe(2);
        expect(page.url()).toContain("seed=3");
        expect(await steps(page, 1)).toBe(next);
        // Any other file is refused, and nothing is lost.
        await load(Buffer.from("no checkpoint"));
        await page.waitForFunction(`document.getElementById("notice").className === "bad"`);
        expect(await stepOf(page)).toBe(3);
      });
    });

    /** Two steps on WASM, three on WebGPU, where the GPU may be lost before the last; the loss of
     * the last. */
    async function onBoth(lose: boolean): Promise<string> {
      let loss = "";
      const act = async (page: Page) => {
        await steps(page, 2);
        // The worker's own GPU device, to be taken away later.
        await page.workers()[0].evaluate(`{
        const request = GPUAdapter.prototype.requestDevice;
        GPUAdapter.prototype.requestDevice = async function (...options) {
          return (globalThis.gpuDevice = await request.apply(this, options));
        };
      }`);
        await page.selectOption("#device", "webgpu");
        await page.waitForFunction(`document.getElementById("n-device").textContent === "webgpu"`);
        expect(await stepOf(page)).toBe(2);
        await steps(page, 2);
        if (lose) {
          await page.workers()[0].evaluate("globalThis.gpuDevice.destroy()");
          await page.click("#step");
          await page.waitForFunction(`/was lost/.test(document.body.innerText)`);
          await stepPast(page, 4);
          loss = await text(page, "n-loss");
        } else loss = await steps(page, 1);
        expect(await stepOf(page)).toBe(5);
        await page.selectOption("#device", "wasm");
        await page.waitForFunction(`document.getElementById("n-device").textContent === "wasm"`);
        await steps(page, 1);
      };
      await visit("?problem=sines&device=wasm", act, { gpu: true });
      return loss;
    }

    test("switches to WebGPU and back; when the GPU is lost, nothing else is", async () => {
      expect(await onBoth(true)).toBe(await onBoth(false));
    }, 240_000);

    test("the graph of a step opens, and closes by Escape", async () => {
      await visit("?problem=sines", async (page) => {
        await page.click("#graph");
        await page.waitForSelector("dialog[open]");
        const heading = page.frameLocator("dialog iframe").locator("h1");
        expect(await heading.textContent()).toContain("sines");
        await page.keyboard.press("Escape");
        await page.waitForSelector("dialog[open]", { state: "detached" });
      });
    });

    test("opens again without a network", async () => {
      await visit("?problem=sines", async (page) => {
        await page.waitForFunction("navigator.serviceWorker.controller !== null");
        await page.context().setOffline(true);
        await page.reload();
        await ready(page);
        await steps(page, 1);
      });
    });

    test("goes on after it was frozen in the background", async () => {
      await visit("?problem=sines", async (page) => {
        await page.click("#run");
        await stepPast(page, 200);
        const session = await page.context().newCDPSession(page);
        await session.send("Page.setWebLifecycleState", { state: "frozen" });
        await session.send("Page.setWebLifecycleState", { state: "active" });
        await stepPast(page, (await stepOf(page)) + 300);
      });
    });

    const minutes = Number(process.env.HYPERGRAD_LIVE_MINUTES ?? 0.1);
    const limit = { timeout: 180_000 + minutes * 60_000 };
    test(`memory is flat over HYPERGRAD_LIVE_MINUTES, ${minutes}`, limit, async () => {
      await visit("?problem=sines", async (page) => {
        // The heaps and WebAssembly memories of the page and its worker, after a collection.
        const used = async () => {
          const measure = "performance.measureUserAgentSpecificMemory()";
          return ((await page.evaluate(measure)) as { bytes: number }).bytes / 2 ** 20;
        };
        await page.click("#run");
        await stepPast(page, 300); // charts hold as many points as they ever will
        const [memory, before] = [await text(page, "n-memory"), await used()];
        const begun = await stepOf(page);
        await page.waitForTimeout(minutes * 60_000);
        await stepPast(page, begun + 300);
        const after = await used();
        const counted = (await stepOf(page)) - begun;
        const all = `in all ${before.toFixed(2)} MiB before, ${after.toFixed(2)} after`;
        console.log(`${counted} steps: device ${memory}; ${all}`);
        expect(await text(page, "n-memory")).toBe(memory);
        expect(after - before).toBeLessThan(2);
      });
    });

    test.each([
      ["a phone", 390, 844],
      ["a desktop", 1280, 900],
    ])("fits %s, without a serious fault for axe", async (_, width, height) => {
      const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
      for (const problem of ["sines", "characters", "rates", "optimizer"]) {
        await visit(
          `?problem=${problem}`,
          async (page) => {
            const top = async () => (await page.locator("#losses").boundingBox())!.y;
            const before = await top();
            await steps(page, 1);
            expect(Math.abs((await top()) - before)).toBeLessThan(2); // nothing jumps
            const wide = await page.evaluate("document.documentElement.scrollWidth");
            expect(wide).toBeLessThanOrEqual(width);
            await page.evaluate(axe);
            const { violations } = (await page.evaluate("axe.run()")) as {
              violations: { id: string; impact: string; nodes: { html: string }[] }[];
            };
            const serious = violations.filter(({ impact }) => /serious|critical/.test(impact));
            expect(serious.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
          },
          { width, height },
        );
      }
    });

    test("frames come while it trains: their times, for the record", async () => {
      await visit("?problem=characters&device=wasm", async (page) => {
        await page.click("#run");
        await stepPast(page, 3);
        const times = (await page.evaluate(`new Promise((done) => {
        const times = [];
        let last = performance.now();
        const frame = (now) => {
          times.push(now - last);
          last = now;
          if (times.length < 150) requestAnimationFrame(frame);
          else done(times.slice(1).sort((a, b) => a - b));
        };
        requestAnimationFrame(frame);
      })`)) as number[];
        const share = (p: number) => times[Math.floor(p * times.length)].toFixed(1);
        console.log(`frame times: median ${share(0.5)} ms, 95th percentile ${share(0.95)} ms`);
        expect(times.length).toBe(149);
      });
    });
  },
);

const lossesFound = new Set<string>();

describe.skipIf(!built).each<BrowserName>(["chromium", "firefox", "webkit"])(
  "the live page in %s",
  (browser) => {
    const absent = absence(browser);
    testWith(
      absent,
      "trains on WASM, with the losses of the others",
      async () => {
        const path = await bundle(fileURLToPath(new URL("live.entry.ts", import.meta.url)));
        const file = async (path: string) => {
          const name = /^\/live\/(.*)$/.exec(path)?.[1];
          return name === undefined
            ? null
            : readFileSync(`${root}build/live/${name || "index.html"}`);
        };
        const result = (await run(browser, path, { told: () => {}, file })) as Result;
        expect(result.device).toBe("wasm");
        expect(result.trained).toBeLessThan(Number(result.losses[0]) / 2);
        lossesFound.add(result.losses.join(" "));
        expect(lossesFound.size).toBe(1);
      },
      180_000,
    );
  },
);
