// The results of a run on disk: written whole after every job, so that a run that was stopped goes
// on with the jobs it lacks.

import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "../commandLine";
import type { Result } from "./experiment";
import type { Settings } from "./options";

export interface Record {
  readonly form: typeof FORM;
  readonly settings: Settings;
  readonly device: string;
  readonly version: string;
  readonly results: readonly Result[];
  /** Of all numbers but times: two runs with the same settings have the same. */
  readonly digest: string;
}

type Placed = Pick<Result, "group" | "method" | "seed">;

const FORM = "hypergrad experiment 1";

/** JSON has no NaN and no infinity: they are strings there. */
const put = (_: string, x: unknown) => (typeof x === "number" && !Number.isFinite(x) ? `#${x}` : x);
const take = (_: string, x: unknown) =>
  typeof x === "string" && /^#(NaN|-?Infinity)$/.test(x) ? Number(x.slice(1)) : x;

export function recordOf(parts: Omit<Record, "form" | "digest">): Record {
  return { form: FORM, ...parts, digest: digestOf(parts.results) };
}

/** SHA-256 of metrics, intervals and curves, 16 digits of it. */
export function digestOf(results: readonly Result[]): string {
  const numbers = results.map(({ group, method, seed, outcome }) => {
    const { metrics, halves, curves } = outcome;
    return [group, method, seed, metrics, halves, curves];
  });
  const text = JSON.stringify(numbers, put);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Whether two are of one job. */
export function sameJob(a: Placed, b: Placed): boolean {
  return a.group === b.group && a.method === b.method && a.seed === b.seed;
}

/** Results, then the earlier ones of jobs that are not among them: such as were not reached yet or
 * not asked for stay in the file. */
export function together(results: readonly Result[], earlier: readonly Result[]): Result[] {
  return [...results, ...earlier.filter((r) => !results.some((own) => sameJob(own, r)))];
}

export async function writeRecord(path: string, record: Record): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(beside, `${JSON.stringify(record, put, 1)}\n`);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** The results to go on from. Throws a UsageError when there are none, or those of other
 * settings. */
export async function readRecord(path: string, settings: Settings): Promise<Record> {
  let record: Record;
  try {
    record = JSON.parse(await readFile(path, "utf8"), take);
  } catch (error) {
    throw new UsageError(`--resume: ${path} cannot be read: ${(error as Error).message}`);
  }
  if (record?.form !== FORM) throw new UsageError(`--resume: ${path} is no result of a run`);
  for (const [name, value] of Object.entries(settings)) {
    const saved = record.settings[name as keyof Settings];
    if (saved === value) continue;
    throw new UsageError(`--resume: ${name} was ${saved} and is ${value} now: give the same`);
  }
  return record;
}
