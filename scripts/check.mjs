// The checks that are no tests, a line each: types, lint and formatting, and the size of what is
// published. The layer rule is a test (test/layers.test.ts) and runs here too.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sizes } from "./size.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
let failed = 0;

function tell(name, ok, text) {
  console.log(`${ok ? "ok  " : "FAIL"} ${name}: ${text}`);
  if (!ok) failed++;
}

function command(name, ...args) {
  const { status, stdout, stderr } = spawnSync("npx", args, { cwd: root, encoding: "utf8" });
  tell(name, status === 0, status === 0 ? args.join(" ") : `\n${stdout}${stderr}`);
}

command("types", "tsc", "--noEmit");
command("lint and formatting", "biome", "check");
command("layers", "vitest", "run", "test/layers.test.ts");

for (const { ok, text } of await sizes()) tell("size", ok, text);

const { dependencies = {} } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const names = Object.keys(dependencies);
tell(
  "dependencies",
  names.length === 0,
  names.length === 0 ? "none at run time" : names.join(", "),
);

process.exitCode = failed === 0 ? 0 : 1;
