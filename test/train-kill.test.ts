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
const DONE = { code: 0, signal: null };
let entry: string;
let folder: string;
let whole: Buffer;
/** Milliseconds of an undisturbed run, its start included. */
let duration: number;

beforeAll(async () => {
  entry = await bundle(fileURLToPath(new URL("train-kill.entry.ts", import.meta.url)));
  folder = await mkdtemp(join(tmpdir(), "hypergrad-"));
  const begun = performance.now();
  expect(await start("whole").ended).toEqual(DONE);
  duration = performance.now() - begun;
  whole = await readFile(join(folder, "whole.final"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts the training, and how it will have ended. */
function start(name: string) {
  const [state, final] = ["state", "final"].map((end) => join(folder, `${name}.${end}`));
  const child = spawn(process.execPath, [entry, state, final], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.setEncoding("utf8").resume();
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  return { child, ended };
}

/** Runs the training; `strike` is told each line that it prints, and when it says yes, the process
 * is killed after `delay` ms. */
function run(name: string, strike: (line: string) => boolean, delay = 0) {
  const { child, ended } = start(name);
  let left = "";
  child.stdout.on("data", (text: string) => {
    const lines = (left + text).split("\n");
    left = lines.pop() as string;
    if (lines.filter(strike).length === 0) return;
    if (delay === 0) child.kill("SIGKILL");
    else setTimeout(() => child.kill("SIGKILL"), delay);
  });
  return ended;
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
  // Moments by a fixed rule, so that each is known to be met.
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
    expect(await start(name).ended).toEqual(DONE);
    const final = await readFile(join(folder, `${name}.final`));
    expect(Buffer.compare(final, whole)).toBe(0);
    expect(await stepsOf(name)).toBe(STEPS);
  });

  // Other moments in every run, of which nothing but the law is known: any time up to the end, the
  // start of the process and the reading of the state included.
  test("at random moments has the bits of an undisturbed one", async () => {
    const moments = Array.from({ length: 4 }, () => Math.random() * duration);
    const message = `killed after ${moments.map((ms) => ms.toFixed(2)).join(", ")} ms`;
    let done = 0;
    for (const moment of moments) {
      const { child, ended } = start("random");
      const timer = setTimeout(() => child.kill("SIGKILL"), moment);
      const { code, signal } = await ended;
      clearTimeout(timer);
      expect(signal ?? code, message).toBe(signal === null ? 0 : "SIGKILL");
      const steps = await stepsOf("random");
      expect(steps, message).toBeGreaterThanOrEqual(done);
      done = steps;
    }
    expect(await start("random").ended, message).toEqual(DONE);
    const final = await readFile(join(folder, "random.final"));
    expect(Buffer.compare(final, whole), message).toBe(0);
  });

  test("leaves at most files that no one reads beside the state", async () => {
    const left = (await readdir(folder)).filter((name) => !/\.(state|final)$/.test(name));
    for (const name of left) expect(name).toMatch(/\.state\.\d+-\d+\.tmp$/);
  });
});
