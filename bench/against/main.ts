// The part of `npm run bench:peers` that runs beside the peers: bench/peers.ts bundles it with them
// and starts it in the runtime that was asked for.

import { parseArgs } from "node:util";
import { init } from "hypergrad";
import { progressLine } from "../progress";
import type { Result, Run } from "../results";
import { FULL, QUICK } from "../sampling";
import { keepRun, machine, runtime } from "../store";
import { columns, digits, seconds } from "../text";
import { contests } from "./contests";
import { jaxSide } from "./jax";
import { ortSide } from "./ort";
import { ownSide } from "./own";
import { plainSide } from "./plain";
import { runContests } from "./run";
import type { Side } from "./side";
import { tfSide } from "./tfjs";
import { torchSide } from "./torch";

const { values: given } = parseArgs({
  options: {
    only: { type: "string" },
    sides: { type: "string" },
    json: { type: "string" },
    quick: { type: "boolean" },
    slow: { type: "boolean" },
    deterministic: { type: "boolean" },
    device: { type: "string", default: "wasm" },
    torch: { type: "string" },
    version: { type: "string", default: "" },
  },
});

const backend = given.device === "webgpu" ? "webgpu" : "wasm";

/** Each side, or why it is not there. */
async function sides(): Promise<Side[]> {
  const makers: Record<string, () => Promise<Side | null>> = {
    plain: async () => plainSide,
    "tfjs-cpu": () => tfSide("cpu"),
    tfjs: () => tfSide(backend),
    jax: () => jaxSide(backend),
    ort: ortSide,
    torch: async () => (given.torch === undefined ? null : torchSide(given.torch, 1)),
  };
  const wanted = given.sides === undefined ? null : new RegExp(given.sides);
  const made: Side[] = [];
  for (const [name, make] of Object.entries(makers)) {
    if (wanted !== null && !wanted.test(name)) continue;
    try {
      const side = await make();
      if (side === null) console.log(`${name}: not here`);
      else made.push(side);
    } catch (error) {
      console.log(`${name}: not here (${(error as Error).message})`);
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

const only = given.only === undefined ? null : new RegExp(given.only);
const list = contests.filter(
  ({ name, slow }) => (only === null || only.test(name)) && (given.slow === true || slow !== true),
);
let stopped = false;
process.on("SIGINT", () => {
  if (stopped) process.exit(130);
  stopped = true;
});
const line = progressLine();
console.log(`${runtime()}, ${machine().cpu}; ${list.length} contests`);
const rows: Result[] = [];
let reason = "";
line.say(columns([HEAD], WIDTHS).join("\n"));
await runContests(list, {
  sides: await sides(),
  own: async () => {
    const { info } = await init({ device: backend, deterministic: given.deterministic });
    reason = info.reason;
    return ownSide();
  },
  budget: given.quick ? QUICK : FULL,
  stopped: () => stopped,
  progress: line.show,
  finished: (contest, results) => {
    rows.push(...results);
    line.say([contest.name, ...columns(table(results), WIDTHS)].join("\n"));
  },
});
line.end();
const run: Run = {
  kind: "peers",
  date: new Date().toISOString().slice(0, 10),
  version: given.version,
  machine: machine(),
  runtime: runtime(),
  devices: [reason],
  quick: given.quick === true,
  rows,
};
if (given.json !== undefined) await keepRun(given.json, run);
// Peers leave workers behind that would keep the process alive.
process.exit(stopped ? 130 : 0);
