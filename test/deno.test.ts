// Deno: its smoke test and its example run without any permission, and the package is ready for
// JSR, with types.

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = existsSync(`${root}dist/index.js`) && existsSync(`${root}dist/index.d.ts`);
const deno = (() => {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("deno/package.json")), "bin.cjs");
  } catch {
    return null;
  }
})();

async function run(...args: string[]): Promise<string> {
  const options = { cwd: root, env: { ...process.env, NO_COLOR: "1" } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [deno!, ...args], options);
  return stdout + stderr;
}

const absent = deno === null ? " (absent: Deno is not installed: npm install deno)" : "";

describe.skipIf(deno === null || !built)(`Deno${absent}`, () => {
  test("deno test passes, its types checked, without any permission", async () => {
    expect(await run("test", "--no-prompt", "test/deno/")).toMatch(/3 passed \| 0 failed/);
  });

  test("the example learns, without any permission", async () => {
    const said = await run("run", "--no-prompt", "--check", "examples/deno/sines.ts");
    const losses = [...said.matchAll(/loss (\d+\.\d+)/g)].map(([, loss]) => Number(loss));
    expect(losses.length).toBe(3);
    expect(losses[2]).toBeLessThan(losses[0] / 1.5);
  });

  test("deno.json names the version and the files of package.json", () => {
    const read = (name: string) => JSON.parse(readFileSync(root + name, "utf8"));
    const [own, config] = [read("package.json"), read("deno.json")];
    expect(config.version).toBe(own.version);
    const { "./package.json": _, ...entries } = own.exports;
    expect(Object.keys(config.exports)).toEqual(Object.keys(entries));
    for (const [path, { default: file, types }] of Object.entries<Record<string, string>>(
      entries,
    )) {
      expect(config.exports[path]).toBe(file);
      expect(config.imports[path.replace(".", "hypergrad")]).toBe(file);
      const head = readFileSync(root + file, "utf8").slice(0, 60);
      expect(head).toContain(`@ts-self-types="${types.replace("/dist", "")}"`);
      expect(existsSync(root + types)).toBe(true);
    }
  });
});
