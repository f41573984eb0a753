// Runs all tests once, then prints a table of counts by suite and device, which devices are absent
// and how to get them, and, as the last line, the counts. Exits with 1 when anything failed.
// Further arguments go to vitest: node scripts/test.mjs test/table.test.ts. With --webgpu the
// suites of the webgpu device run alone.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const report = `${root}build/tests.json`;
const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json";

function environment() {
  const env = { ...process.env };
  env.XDG_RUNTIME_DIR ??= tmpdir();
  // Dawn, in Node, takes Chromium's software driver where no other is named and no card is there.
  const card = existsSync("/dev/nvidiactl");
  if (env.VK_DRIVER_FILES === undefined && existsSync(swiftshader) && !card) {
    env.VK_DRIVER_FILES = swiftshader;
  }
  return env;
}

/** Flags of the processes that tests run in: memory tests call the collector; Node 20 has relaxed
 * SIMD behind a flag, later ones have it without. */
function nodeFlags() {
  const relaxed = process.version.startsWith("v20.") ? ["--experimental-wasm-relaxed-simd"] : [];
  return ["--expose-gc", ...relaxed].map((flag) => `--execArgv=${flag}`);
}

const webgpu = process.argv.includes("--webgpu");
const GPU_SUITES = "test/webgpu/";

function run() {
  const args = ["vitest", "run", "--reporter=default", "--reporter=json", ...nodeFlags()];
  args.push(`--outputFile.json=${report}`);
  args.push(...process.argv.slice(2).filter((argument) => argument !== "--webgpu"));
  if (webgpu) args.push(GPU_SUITES);
  // vitest's own choice leaves a core idle: of two, half the machine.
  args.push(`--maxWorkers=${availableParallelism()}`);
  return new Promise((resolve) => {
    const child = spawn("npx", args, { cwd: root, env: environment(), stdio: "inherit" });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

const DEVICES = ["reference", "wasm relaxed", "wasm", "webgpu in node", "webgpu in deno"];
DEVICES.push("webgpu in chromium", "webgpu in firefox");
const NONE = "no device";

/** The device that a name begins with, or else mentions. */
function deviceOf(name) {
  const first = DEVICES.find((device) => name.startsWith(`${device}: `));
  if (first !== undefined) return first;
  return DEVICES.find((device) => new RegExp(`(^|[\\s>(:])${device}([\\s:,)(]|$)`).test(name));
}

/** What a test belongs to: the first words of a suite that names its device, else its file. */
function suiteOf(file, { ancestorTitles }) {
  const [title = ""] = ancestorTitles;
  const device = DEVICES.find((name) => title.startsWith(`${name}: `));
  return device === undefined ? file : title.slice(device.length + 2);
}

const count = () => ({ passed: 0, failed: 0, skipped: 0 });

function tally(results) {
  const suites = new Map(); // suite -> device -> counts
  const absent = new Set();
  const total = count();
  for (const { name, status: outcome, assertionResults } of results.testResults) {
    const file = name.slice(name.lastIndexOf("/test/") + "/test/".length);
    const add = (suite, device, kind) => {
      if (!suites.has(suite)) suites.set(suite, new Map());
      const row = suites.get(suite);
      if (!row.has(device)) row.set(device, count());
      row.get(device)[kind]++;
      total[kind]++;
    };
    // A file that did not load has no tests, and is one failure.
    if (assertionResults.length === 0 && outcome === "failed") add(file, NONE, "failed");
    for (const result of assertionResults) {
      const { fullName, status } = result;
      const kind = status === "passed" || status === "failed" ? status : "skipped";
      add(suiteOf(file, result), deviceOf(fullName) ?? NONE, kind);
      const found = /(\S[^:]*: absent: .*|\(absent: .*\))/.exec(fullName);
      if (found) absent.add(found[1]);
    }
  }
  return { suites, absent, total };
}

/** 12, or 12 passed, 1 failed and 2 skipped as "12 -1 ~2". */
function cell({ passed, failed, skipped } = count()) {
  const parts = [passed > 0 ? `${passed}` : "", failed > 0 ? `-${failed}` : ""];
  parts.push(skipped > 0 ? `~${skipped}` : "");
  return parts.filter((part) => part !== "").join(" ");
}

function print(suites) {
  const columns = [...DEVICES, NONE].filter((d) => [...suites.values()].some((row) => row.has(d)));
  const rows = [...suites].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = [
    ["passed -failed ~skipped", ...columns],
    ...rows.map(([suite, row]) => [suite, ...columns.map((device) => cell(row.get(device)))]),
  ];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const [first, ...rest] of lines) {
    const cells = rest.map((text, i) => text.padStart(widths[i + 1]));
    console.log([first.padEnd(widths[0]), ...cells].join("  "));
  }
}

mkdirSync(`${root}build`, { recursive: true });
rmSync(report, { force: true });
const code = await run();
if (!existsSync(report)) {
  console.log("test: vitest wrote no report.");
  console.log("0 passed, 1 failed");
  process.exit(1);
}
const { suites, absent, total } = tally(JSON.parse(readFileSync(report, "utf8")));
if (code !== 0 && total.failed === 0) total.failed = 1; // an error outside of every test
console.log("");
print(suites);
for (const line of absent) console.log(`absent: ${line}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 && code === 0 ? 0 : 1;
