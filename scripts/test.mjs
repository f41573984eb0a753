// Runs all tests once, then prints how many passed on each device, which devices are absent and
// how to get them, and, as the last line, the counts. The exit code is not 0 when a test failed.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const report = `${root}build/tests.json`;
const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json";

function environment() {
  const env = { ...process.env };
  env.XDG_RUNTIME_DIR ??= tmpdir();
  // Dawn, in Node, takes Chromium's software driver where no other is named.
  if (env.VK_DRIVER_FILES === undefined && existsSync(swiftshader)) {
    env.VK_DRIVER_FILES = swiftshader;
  }
  return env;
}

function run() {
  const args = ["vitest", "run", "--reporter=default", "--reporter=json"];
  args.push(`--outputFile.json=${report}`, ...process.argv.slice(2));
  return new Promise((resolve) => {
    const child = spawn("npx", args, { cwd: root, env: environment(), stdio: "inherit" });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

const DEVICES = ["reference", "wasm relaxed", "wasm", "webgpu in node", "webgpu in deno"];
DEVICES.push("webgpu in chromium", "webgpu");

/** The device that a test's full name begins with or mentions. */
function deviceOf(name) {
  return DEVICES.find((device) => new RegExp(`(^|[\\s>(:])${device}([\\s:,)(]|$)`).test(name));
}

function tally(results) {
  const rows = new Map(
    [...DEVICES, "no device"].map((d) => [d, { passed: 0, failed: 0, skipped: 0 }]),
  );
  const absent = new Set();
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const file of results.testResults) {
    if (file.assertionResults.length === 0 && file.status === "failed") total.failed++;
    for (const { fullName, status } of file.assertionResults) {
      const kind = status === "passed" || status === "failed" ? status : "skipped";
      total[kind]++;
      rows.get(deviceOf(fullName) ?? "no device")[kind]++;
      const found = /(\S[^:]*: absent: .*|\(absent: .*\))/.exec(fullName);
      if (kind === "skipped" && found) absent.add(found[1]);
    }
  }
  return { rows, absent, total };
}

mkdirSync(`${root}build`, { recursive: true });
rmSync(report, { force: true });
const code = await run();
if (!existsSync(report)) {
  console.log("test: vitest wrote no report.");
  console.log("0 passed, 1 failed");
  process.exit(1);
}
const { rows, absent, total } = tally(JSON.parse(readFileSync(report, "utf8")));
console.log("\ndevice               passed  failed  skipped");
for (const [device, { passed, failed, skipped }] of rows) {
  if (passed + failed + skipped === 0) continue;
  const cells = [passed, failed, skipped].map((n) => String(n).padStart(7));
  console.log(`${device.padEnd(20)}${cells.join(" ")}`);
}
for (const line of absent) console.log(`absent: ${line}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = code;
