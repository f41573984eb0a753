// A search with workers that is killed at any moment, also while it saves, and begun again: the
// study that nothing disturbed, and no state left that no trial needs.

import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "./webgpu/bundle";

let entry: string;
const folders: string[] = [];

beforeAll(async () => {
  entry = await bundle(fileURLToPath(new URL("search-kill.entry.ts", import.meta.url)));
});
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function empty(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hypergrad-"));
  folders.push(folder);
  return folder;
}

/** Runs the search in a folder, killed at the `count`-th line of this text; what ended it. */
function run(folder: string, text = "", count = Infinity): Promise<string | number | null> {
  const child = spawn(process.execPath, [entry, folder], { stdio: ["ignore", "pipe", "inherit"] });
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (lines: string) => {
    seen += lines.split("\n").filter((line) => line === text).length;
    if (seen >= count) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? code));
  });
}

const finalOf = (folder: string) => readFile(join(folder, "final.json"), "utf8");

test("a search that is killed ends as one that is not", async () => {
  const [whole, killed] = [await empty(), await empty()];
  expect(await run(whole)).toBe(0);
  for (const [text, count] of [
    ["saved", 1],
    ["saving", 4],
    ["saved", 9],
    ["saving", 2],
  ] as const) {
    expect(await run(killed, text, count)).toBe("SIGKILL");
  }
  expect(await run(killed)).toBe(0);
  expect(await finalOf(killed)).toBe(await finalOf(whole));

  const { trials } = JSON.parse(await finalOf(whole));
  const resumed = trials.filter(({ reports }: { reports: unknown[] }) => reports.length > 1);
  expect(resumed.length).toBeGreaterThan(5);
  const states = (await readdir(whole)).filter((name) => name.startsWith("state-"));
  expect(states.length).toBe(trials.length);
}, 60_000);
