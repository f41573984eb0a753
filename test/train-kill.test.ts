// A training killed at any moment, also while it saves, and begun again: the same final bits as one
// that nothing disturbed, and at every moment a whole state on the disk.

import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeSafetensors } from "../src/data/safetensors";
import { bundle } from "./webgpu/bundle";

const STEPS = 32;
let entry: string;
let folder: string;
let whole: Buffer;

beforeAll(async () => {
  entry = await bundle(fileURLToPath(new URL("train-kill.entry.ts", import.meta.url)));
  folder = await mkdtemp(join(tmpdir(), "hypergrad-"));
  const ended = await run("whole", () => false);
  expect(ended).toEqual({ code: 0, signal: null });
  whole = await readFile(join(folder, "whole.final"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the training; `strike` is told each line that it prints, and when it says yes, the process
 * is killed after `delay` ms. */
function run(name: string, strike: (line: string) => boolean, delay = 0) {
  const [state, final] = ["state", "final"].map((end) => join(folder, `${name}.${end}`));
  const child = spawn(process.execPath, [entry, state, final], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let left = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (left + text).split("\n");
    left = lines.pop() as string;
    if (lines.filter(strike).length === 0) return;
    if (delay === 0) child.kill("SIGKILL");
    else setTimeout(() => child.kill("SIGKILL"), delay);
  });
  return new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
}

/** Steps that the saved state has done. The state is whole, or this throws. */
async function stepsOf(name: string): Promise<number> {
  const path = join(folder, `${name}.state`);
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) return 0;
  const { metadata } = decodeSafetensors(bytes, path);
  return JSON.parse(metadata.cursor).total;
}

describe("a training that is killed", () => {
  // Moments by a fixed rule, spread over the training; the machine's own pace makes them random.
  test.each([
    ["between steps", "saved", [3, 1, 9]],
    ["while it saves", "saving", [2, 1, 5, 8]],
  ])("%s has the bits of an undisturbed one", async (name, moment, counts) => {
    let done = 0;
    for (const [i, count] of counts.entries()) {
      let seen = 0;
      let saved = done;
      const strike = (line: string) => {
        const [what, total] = line.split(" ");
        if (what === "saved") saved = Number(total);
        return what === moment && ++seen === count;
      };
      const ended = await run(name, strike, i);
      expect(ended.signal).toBe("SIGKILL");
      const steps = await stepsOf(name);
      // What it said it saved is there; what it was about to save may be.
      expect(steps).toBeGreaterThanOrEqual(saved);
      done = steps;
    }
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(STEPS);
    expect(await run(name, () => false)).toEqual({ code: 0, signal: null });
    const final = await readFile(join(folder, `${name}.final`));
    expect(Buffer.compare(final, whole)).toBe(0);
    expect(await stepsOf(name)).toBe(STEPS);
  });

  test("leaves at most files that no one reads beside the state", async () => {
    const left = (await readdir(folder)).filter((name) => !/\.(state|final)$/.test(name));
    for (const name of left) expect(name).toMatch(/\.state\.\d+-\d+\.tmp$/);
  });
});
