// The shaders as they are published, without comments and blank space: the single file's own
// self-test, which runs every kernel in every way, in Deno.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { absence, denoEnvironment } from "./runners";

const file = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
const absent = absence("deno");
const folder = mkdtempSync(join(tmpdir(), "hypergrad-built-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const name = "webgpu in deno: the published shaders pass the self-test";
test.skipIf(absent !== null || !existsSync(file))(name, { timeout: 300_000 }, async () => {
  const [script, result] = [join(folder, "self-test.mjs"), join(folder, "result.json")];
  writeFileSync(
    script,
    `import { writeFileSync } from "node:fs";
    import { init } from ${JSON.stringify(pathToFileURL(file).href)};
    const { name, info } = await init({ device: "webgpu", selfTest: true });
    writeFileSync(${JSON.stringify(result)}, JSON.stringify({ name, reason: info.reason }));
    Deno.exit(0);`,
  );
  const deno = join(
    dirname(createRequire(import.meta.url).resolve("deno/package.json")),
    "bin.cjs",
  );
  const args = [deno, "run", "-A", "--unstable-webgpu", script];
  const env = { ...process.env, ...denoEnvironment() };
  await promisify(execFile)(process.execPath, args, { env });
  const found = JSON.parse(readFileSync(result, "utf8"));
  expect(found.name).toBe("webgpu");
  expect(found.reason).toMatch(/^webgpu: /);
});
