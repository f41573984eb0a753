// Runs on disk: one file a machine, which holds the last run of each kind, runtime and set of
// devices.

import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { arch, cpus, release, totalmem, type } from "node:os";
import manifest from "../package.json";
import { identity, type Machine, type Result, type Run } from "./results";

export function machine(): Machine {
  const list = cpus();
  return {
    cpu: list[0]?.model.trim() ?? "unknown",
    cores: list.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    // The kernel's build says nothing about speed that its major version does not.
    system: `${type()} ${release().split(".")[0]} ${arch()}`,
  };
}

declare const Deno: { version: { deno: string; v8: string } } | undefined;

export function runtime(): string {
  if (typeof Deno !== "undefined") return `deno ${Deno.version.deno} (V8 ${Deno.version.v8})`;
  return `node ${process.versions.node} (V8 ${process.versions.v8})`;
}

export const { version } = manifest;

/** Throws an Error that names the file when it holds no runs. */
export async function readRuns(file: string): Promise<Run[]> {
  let runs: unknown;
  try {
    runs = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
  if (!Array.isArray(runs) || runs.some((run) => !Array.isArray(run?.rows))) {
    throw new Error(`${file}: no runs of this bench`);
  }
  return runs as Run[];
}

/**
 * Adds a run to a file. Rows of the same kind and runtime that it has again are replaced, others
 * stay, each in its place: a run of some rows neither loses nor moves the rest.
 */
export async function keepRun(file: string, run: Run): Promise<void> {
  const runs = existsSync(file) ? await readRuns(file) : [];
  const same = (other: Run) => other.kind === run.kind && other.runtime === run.runtime;
  const earlier = runs.find(same);
  const fresh = new Map(run.rows.map((r) => [identity(r), r]));
  const before = earlier?.rows ?? [];
  const had = new Set(before.map(identity));
  const devices = [...new Set([...(earlier?.devices ?? []), ...run.devices])];
  const added = run.rows.filter((r) => !had.has(identity(r)));
  const rows = [...before.map((r) => fresh.get(identity(r)) ?? r), ...added].map(rounded);
  const merged: Run = { ...run, devices, quick: run.quick && (earlier?.quick ?? true), rows };
  const list = earlier === undefined ? [...runs, merged] : runs.map((r) => (same(r) ? merged : r));
  await writeFile(`${file}.tmp`, `${JSON.stringify(list, null, 1)}\n`);
  await rename(`${file}.tmp`, file);
}

/** Five digits are more than a clock gives. */
function rounded(r: Result): Result {
  const short = (v: unknown) => (typeof v === "number" ? Number(v.toPrecision(5)) : v);
  return Object.fromEntries(Object.entries(r).map(([k, v]) => [k, short(v)])) as unknown as Result;
}
