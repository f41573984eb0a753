// What the examples' command lines share: every option is checked before anything is loaded, and
// each that is wrong gives one clear line.

import { readFile } from "node:fs/promises";
import { type ParseArgsConfig, parseArgs } from "node:util";

/** A command line that cannot be run; the message is one line. */
export class UsageError extends Error {}

export const DEVICES = ["auto", "reference", "wasm", "webgpu"] as const;
export type DeviceName = (typeof DEVICES)[number];

/** `parseArgs` of node:util, strict. Throws a UsageError. */
export function argumentsOf<C extends ParseArgsConfig>(args: readonly string[], config: C) {
  try {
    return parseArgs({ ...config, args: [...args], strict: true });
  } catch (error) {
    // Node's own texts go on with advice over several sentences.
    throw new UsageError((error as Error).message.split(/\.\s|\n/)[0]);
  }
}

/** `value` when it is `among` those; `what` names it in the error. Throws a UsageError. */
export function choice<T extends string>(what: string, value: string, among: readonly T[]): T {
  if (among.includes(value as T)) return value as T;
  throw new UsageError(`${what} is ${among.join(", ")}; got ${JSON.stringify(value)}`);
}

/** What a number must be: in words, and as a test. */
export interface Range {
  readonly what: string;
  fits(n: number): boolean;
}

export const from = (least: number): Range => ({
  what: `a whole number from ${least}`,
  fits: (n) => Number.isSafeInteger(n) && n >= least,
});

/** The number of option --`name`, or `fallback` where it is not given. Throws a UsageError. */
export function number(
  name: string,
  value: string | undefined,
  fallback: number,
  { what, fits }: Range,
): number {
  if (value === undefined) return fallback;
  const n = value.trim() === "" ? Number.NaN : Number(value);
  if (fits(n)) return n;
  throw new UsageError(`--${name} is ${what}; got ${JSON.stringify(value)}`);
}

/** The library and the runtime, which decide the bits of a run with the device. */
export async function versions(): Promise<string> {
  const file = new URL("../package.json", import.meta.url);
  const { version } = JSON.parse(await readFile(file, "utf8"));
  const { deno, node } = process.versions;
  return `hypergrad ${version}, ${deno === undefined ? `Node ${node}` : `Deno ${deno}`}`;
}
