// A session of contests: makes the sides, runs the contests, shows each one's table. The same in
// Node, Deno and a page.

import { init } from "hypergrad";
import type { Result } from "../results";
import { budgetFor } from "../sampling";
import { columns, digits, seconds } from "../text";
import { clockInUse, useClock } from "../time";
import { contests } from "./contests";
import { jaxSide } from "./jax";
import { ortSide } from "./ort";
import { ownSide } from "./own";
import { plainSide } from "./plain";
import { runContests } from "./run";
import type { Side } from "./side";
import { tfSide } from "./tfjs";

export interface SessionOptions {
  readonly only?: string;
  readonly sides?: string;
  readonly quick?: boolean;
  readonly slow?: boolean;
  readonly deterministic?: boolean;
  readonly device?: string;
  readonly clock?: string;
}

interface Surroundings {
  /** Sides that only this runtime can have. */
  readonly more: Readonly<Record<string, () => Promise<Side | null>>>;
  readonly say: (text: string) => void;
  /** Takes the rows of a contest that is done. */
  readonly keep?: (rows: readonly Result[]) => void;
  readonly show: (what: string, done: number) => void;
  readonly stopped: () => boolean;
}

/** Each side that is wanted and there; says why one is not. */
async function makeSides(
  { sides, device }: SessionOptions,
  { more, say }: Surroundings,
): Promise<Side[]> {
  const backend = device === "webgpu" ? "webgpu" : "wasm";
  const makers: Record<string, () => Promise<Side | null>> = {
    plain: async () => plainSide,
    "tfjs-cpu": () => tfSide("cpu"),
    tfjs: () => tfSide(backend),
    jax: () => jaxSide(backend),
    ort: ortSide,
    ...more,
  };
  const wanted = sides === undefined ? null : new RegExp(sides);
  const made: Side[] = [];
  for (const [name, make] of Object.entries(makers)) {
    if (wanted !== null && !wanted.test(name)) continue;
    try {
      const side = await make();
      if (side === null) say(`${name}: not here`);
      else made.push(side);
    } catch (error) {
      say(`${name}: not here (${(error as Error).message})`);
    }
  }
  return made;
}

const WIDTHS = [44, 9, 9, 8, 10, 9];
const HEAD = ["", "p10", "median", "GFLOP/s", "x ours", "error"];

/** Rows of one contest, with each side's time over our best one's. */
function table(results: readonly Result[]): string[][] {
  const ours = results.filter((r) => r.device.startsWith("hypergrad") && r.p10 !== undefined);
  const best = Math.min(...ours.map((r) => r.p10!));
  return results.map((r) => {
    if (r.p10 === undefined) return [`  ${r.device}`, r.problem ?? ""];
    return [
      `  ${r.device}`,
      seconds(r.p10),
      seconds(r.median!),
      r.gflops === undefined ? "" : digits(r.gflops),
      Number.isFinite(best) ? digits(r.p10 / best) : "",
      r.error!.toExponential(0),
    ];
  });
}

/** All rows, and the sentence of our own device. */
export async function session(
  options: SessionOptions,
  around: Surroundings,
): Promise<{ rows: Result[]; reason: string }> {
  if (options.clock !== undefined && options.clock !== "cpu") {
    throw new Error(`--clock ${options.clock}: use cpu`);
  }
  useClock(options.clock ?? "wall");
  const only = options.only === undefined ? null : new RegExp(options.only);
  const list = contests.filter(
    ({ name, slow }) => (only === null || only.test(name)) && (options.slow || slow !== true),
  );
  const rows: Result[] = [];
  let reason = "";
  around.say(`${list.length} contests; checking each against the float64 reference first`);
  const sides = await makeSides(options, around);
  around.say(columns([HEAD], WIDTHS).join("\n"));
  await runContests(list, {
    sides,
    own: async () => {
      const device = options.device === "webgpu" ? "webgpu" : "wasm";
      const { info } = await init({ device, deterministic: options.deterministic });
      reason = info.reason;
      return ownSide();
    },
    budget: budgetFor(clockInUse(), options.quick === true),
    stopped: around.stopped,
    progress: around.show,
    finished: (contest, results) => {
      rows.push(...results);
      around.keep?.(results);
      around.say([contest.name, ...columns(table(results), WIDTHS)].join("\n"));
    },
  });
  return { rows, reason };
}
