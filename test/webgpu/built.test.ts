// The shaders as they are published, without comments and blank space: the single file's own
// self-test, which runs every kernel in every way, in Deno.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { absence, runInDeno } from "./runners";

const file = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
const absent = absence("deno");
const folder = mkdtempSync(join(tmpdir(), "hypergrad-built-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const name = "webgpu in deno: the published shaders pass the self-test";
test.skipIf(absent !== null || !existsSync(file))(name, { timeout: 300_000 }, async () => {
  const suite = join(folder, "suite.mjs");
  const url = JSON.stringify(pathToFileURL(file).href);
  writeFileSync(
    suite,
    `import { init } from ${url};
    export default async () => {
      const { name, info } = await init({ device: "webgpu", selfTest: true });
      return { name, reason: info.reason };
    };`,
  );
  const found = (await runInDeno(suite)) as { name: string; reason: string };
  expect(found.name).toBe("webgpu");
  expect(found.reason).toMatch(/^webgpu: /);
});
