// The command line of `npm run bench`.

import { parseArgs } from "node:util";
import { RUNTIMES, type Runtime } from "./runtimes";
import type { Clock } from "./time";

export interface Options {
  readonly only: RegExp | null;
  /** Null: every one that is there. */
  readonly device: "wasm" | "webgpu" | "reference" | null;
  readonly threads: number | null;
  readonly deterministic: boolean;
  readonly json: string | null;
  readonly compare: string | null;
  readonly quick: boolean;
  readonly by: "turns" | "benchmark";
  readonly clock: Clock;
  /** Where to run; null: here. */
  readonly runtime: Runtime | null;
}

export const HELP = `npm run bench -- [options]
  --only REGEX       rows and groups whose name it matches
  --device NAME      wasm, webgpu or reference; default: every one that is there, but reference
  --threads N        one number of threads; default: 1, and all cores where threads are there
  --deterministic    the plain SIMD binary, also where relaxed SIMD is there
  --quick            fewer rows and samples: under 2 minutes
  --json FILE        keep the figures, beside those of other runs in the file
  --compare FILE     show the ratio to those in the file; exit code 1 on regressions beyond noise
  --runtime NAME     node24, which has relaxed SIMD, or deno; default: the Node that was started
  --clock cpu        CPU time instead of wall time, on a machine that others use too: one thread
                     of wasm, in Node 24 or Deno
  --by benchmark     time by the \`benchmark\` package, one row after another, to check the clock
`;

export class UsageError extends Error {}

const DEVICES = ["wasm", "webgpu", "reference"] as const;

/** Throws a UsageError that says what does not fit. */
export function readOptions(args: readonly string[]): Options {
  let given: Record<string, string | boolean | undefined>;
  try {
    given = parseArgs({
      args: [...args],
      options: {
        only: { type: "string" },
        device: { type: "string" },
        threads: { type: "string" },
        deterministic: { type: "boolean" },
        json: { type: "string" },
        compare: { type: "string" },
        quick: { type: "boolean" },
        by: { type: "string" },
        clock: { type: "string" },
        runtime: { type: "string" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (given.help) throw new UsageError("");
  const text = (name: string) => (given[name] as string | undefined) ?? null;
  const device = text("device");
  if (device !== null && !(DEVICES as readonly string[]).includes(device)) {
    throw new UsageError(`--device ${device}: use ${DEVICES.join(", ")}`);
  }
  const threads = text("threads");
  if (threads !== null && !/^[1-9]\d*$/.test(threads)) {
    throw new UsageError(`--threads ${threads}: use a whole number from 1`);
  }
  const by = text("by") ?? "turns";
  if (by !== "turns" && by !== "benchmark") throw new UsageError(`--by ${by}: use benchmark`);
  const clock = text("clock") ?? "wall";
  if (clock !== "wall" && clock !== "cpu") throw new UsageError(`--clock ${clock}: use cpu`);
  const runtime = text("runtime");
  if (runtime !== null && !(RUNTIMES as readonly string[]).includes(runtime)) {
    throw new UsageError(`--runtime ${runtime}: use ${RUNTIMES.join(", ")}`);
  }
  return {
    only: regex(text("only")),
    device: device as Options["device"],
    threads: threads === null ? null : Number(threads),
    deterministic: given.deterministic === true,
    json: text("json"),
    compare: text("compare"),
    quick: given.quick === true,
    by,
    clock,
    runtime: runtime as Runtime | null,
  };
}

function regex(text: string | null): RegExp | null {
  if (text === null) return null;
  try {
    return new RegExp(text);
  } catch (error) {
    throw new UsageError(`--only ${text}: ${(error as Error).message}`);
  }
}
