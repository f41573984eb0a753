// The table on the wasm device in Chromium, Firefox and WebKit: values against truth, values and
// gradients against the reference, fused against decomposed, compiled against eager.

import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import type { BrowserName } from "./browsers";
import { testWith } from "./devices";
import { table } from "./table";
import type { Result } from "./table-browsers.entry";
import { bundle } from "./webgpu/bundle";
import { absence, run } from "./webgpu/runners";

const entry = fileURLToPath(new URL("table-browsers.entry.ts", import.meta.url));

describe.each<BrowserName>(["chromium", "firefox", "webkit"])(
  "wasm in %s: the table",
  (browser) => {
    const absent = absence(browser);
    const suites = ["forward", "parity", "decomposition", "compiled"];

    testWith(
      absent,
      "is right in value and gradient",
      async () => {
        const result = (await run(browser, await bundle(entry))) as Result;
        console.log(`wasm in ${browser}: ${result.reason}`);
        expect(Object.keys(result.suites)).toEqual(suites);
        for (const { passed, failures } of Object.values(result.suites)) {
          expect(failures).toEqual([]);
          expect(passed).toBeGreaterThan(0.25 * table.length);
        }
      },
      300_000,
    );
  },
);
