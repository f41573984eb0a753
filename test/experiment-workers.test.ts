// Jobs of an experiment in threads: the numbers that they have in one, and what a thread that
// fails comes to.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Result } from "./experiment-workers.entry";
import { bundle } from "./webgpu/bundle";

const entry = fileURLToPath(new URL("experiment-workers.entry.ts", import.meta.url));

test("a job has the same numbers in any thread, and a thread that ends is an error", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [await bundle(entry)]);
  const { here, there, told, errors } = JSON.parse(stdout) as Result;
  const trials = here.map(({ curves }) => curves!.best.length);
  expect(Math.min(...trials)).toBeGreaterThan(3);
  expect(new Set(here.map(({ metrics }) => metrics.valid)).size).toBe(3);
  expect(there).toEqual(here);
  expect(told).toBeGreaterThanOrEqual(trials.reduce((a, b) => a + b));
  expect(errors).toHaveLength(3);
  expect(errors[0]).toMatch(/undefined/);
  expect(errors[1]).toBe("a thread of --workers ended with code 1");
  expect(errors[2]).toMatch(/^--only no such row: no row has that; tables are characters, MLP; /);
}, 60_000);
