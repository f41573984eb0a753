// npm run bench: every kernel family and every meta-step on every device there is. Each row is
// verified against the reference device, then timed; --help lists the options.

import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { init } from "hypergrad";
import { packageTimer } from "./clock";
import { compare } from "./compare";
import { hasCard, provideGpu } from "./gpu";
import { HOST, hostSide } from "./host";
import { HELP, type Options, readOptions, UsageError } from "./options";
import { progressLine } from "./progress";
import type { Result, Run } from "./results";
import type { Group } from "./row";
import { groups } from "./rows/index";
import { largeGroups } from "./rows/large";
import { runGroups } from "./run";
import { bundle, installPeers, type Runtime, runThere } from "./runtimes";
import { budgetFor } from "./sampling";
import { keepRun, machine, readRuns, runtime, version } from "./store";
import { cells, columns, digits, HEAD, percent, WIDTHS } from "./text";
import { useClock } from "./time";

interface Place {
  readonly device: "wasm" | "webgpu" | "reference";
  readonly threads: number;
}

/** The devices and thread counts to run on. A device asked for by name must be there. */
async function places({ device, threads, clock }: Options): Promise<Place[]> {
  if (clock === "cpu") return [{ device: "wasm", threads: 1 }];
  if (device !== null && device !== "wasm") return [{ device, threads: 1 }];
  const made: Place[] = [];
  for (const count of threads !== null ? [threads] : [1, availableParallelism()]) {
    const there = await init({ device: "wasm", threads: count });
    if (!made.some((p) => p.threads === there.info.threads)) {
      made.push({ device: "wasm", threads: there.info.threads });
    }
    there.dispose();
  }
  if (device === null) {
    // "auto" passes over adapters that compute on the CPU: those are timed when asked for by name.
    const there = await init();
    if (there.name === "webgpu") made.push({ device: "webgpu", threads: 1 });
    there.dispose();
  }
  return made;
}

function chosen(all: readonly Group[], { only, quick }: Options): Group[] {
  return all
    .map((group) => ({
      ...group,
      rows: group.rows.filter(
        (row) =>
          (!quick || row.quick) && (only === null || only.test(row.name) || only.test(group.name)),
      ),
    }))
    .filter((group) => group.rows.length > 0);
}

const isLarge = (name: string) => largeGroups.some((group) => group.name === name);

const wantsHost = ({ only, device }: Options) =>
  only === null || (device === "webgpu" && only.test(HOST));

/** Runs this very command in another runtime. */
async function elsewhere(runtime: Runtime): Promise<number> {
  const args = process.argv.slice(2);
  args.splice(args.indexOf("--runtime"), 2);
  if (runtime === "node24") installPeers();
  const file = await bundle("main.ts", "script");
  const code = await runThere(runtime, [file, ...args]);
  await rm(dirname(file), { recursive: true, force: true });
  return code;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.runtime !== null) return elsewhere(options.runtime);
  const before = options.compare === null ? null : await readRuns(options.compare);
  await provideGpu();
  const large = options.device !== "wasm" && (await hasCard()) ? largeGroups : [];
  const list = chosen([...groups, ...large], options);
  if (list.length === 0 && !wantsHost(options))
    throw new UsageError(`--only ${options.only}: no row has such a name`);
  const about = machine();
  console.log(`hypergrad ${version}, ${runtime()}, ${about.cpu}, ${about.cores} cores`);

  useClock(options.clock);
  let stopped = false;
  const stop = () => {
    if (stopped) process.exit(130);
    stopped = true;
    line.say("stopping; the groups that are done are kept");
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
  const line = progressLine();
  const rows: Result[] = [];
  const devices: string[] = [];
  for (const place of await places(options)) {
    if (stopped) break;
    let shown = "";
    const here = place.device === "webgpu" ? list : list.filter(({ name }) => !isLarge(name));
    const reason = await runGroups(here, {
      ...place,
      deterministic: options.deterministic,
      budget: budgetFor(options.clock, options.quick),
      timer: options.by === "benchmark" ? packageTimer : undefined,
      stopped: () => stopped,
      progress: line.show,
      finished: (group, results) => {
        if (results.length === 0) return;
        rows.push(...results);
        const { device, simd = "", threads } = results[0];
        const where = `${device} ${simd}${threads > 1 ? `, ${threads} threads` : ""}`;
        const title = where === shown ? [] : ["", where, ...columns([HEAD], WIDTHS)];
        shown = where;
        line.say([...title, group, ...columns(results.map(cells).map(indent), WIDTHS)].join("\n"));
      },
    });
    devices.push(reason);
    line.say(reason);
    if (place.device === "webgpu" && wantsHost(options) && !stopped) {
      const host = await hostSide(options.quick);
      rows.push(...host.rows);
      devices.push(...host.lines);
      const text = columns(host.rows.map(cells).map(indent), WIDTHS);
      line.say([host.rows[0].group, ...text, ...host.lines].join("\n"));
    }
  }
  line.end();
  const wrong = rows.filter((r) => r.problem !== undefined);
  console.log(
    `\n${rows.length - wrong.length} rows right and timed, ${wrong.length} with a problem`,
  );
  for (const r of wrong) console.log(`  ${r.device} ${r.name}: ${r.problem}`);
  const noisy = rows.filter((r) => r.median! > 1.2 * r.p10!);
  if (noisy.length > 0) {
    console.log(`${noisy.length} rows with a median over 1.2 x p10: the machine was not quiet`);
  }
  const run: Run = {
    kind: "bench",
    date: new Date().toISOString().slice(0, 10),
    version,
    machine: about,
    runtime: runtime(),
    devices,
    quick: options.quick,
    rows,
  };
  if (options.json !== null) {
    await keepRun(options.json, run);
    console.log(`kept in ${options.json}`);
  }
  const slower = before === null ? 0 : showChanges(rows, before);
  if (stopped) return 130;
  return wrong.length > 0 || slower > 0 ? 1 : 0;
}

const indent = ([name, ...rest]: string[]) => [`  ${name}`, ...rest];

/** Prints what changed against the run of the same runtime, else the first; how many got slower. */
function showChanges(rows: readonly Result[], runs: readonly Run[]): number {
  const own = runs.filter((run) => run.kind === "bench");
  const before = own.find((run) => run.runtime === runtime()) ?? own[0];
  if (before === undefined) throw new Error("--compare: the file has no run of this bench");
  console.log(`\nagainst ${before.date}, ${before.runtime}: time now / then, over the peak loop's`);
  const changes = compare(rows, before.rows);
  for (const { row, ratio, noise, verdict } of changes) {
    const mark = verdict === "same" ? "" : `  ${verdict.toUpperCase()}`;
    const text = Number.isFinite(ratio) ? digits(ratio) : (row.problem ?? "");
    const name = `${row.device} ${row.name}`;
    console.log(`  ${name.padEnd(56)} ${text.padStart(6)}  ± ${percent(noise)}${mark}`);
  }
  const count = (verdict: string) => changes.filter((c) => c.verdict === verdict).length;
  console.log(
    `${count("slower")} slower, ${count("faster")} faster, ${count("same")} the same within noise`,
  );
  return count("slower");
}

try {
  // Workers and GPU objects would keep the process, and outlive what they depend on.
  process.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  if (error.message !== "") console.error(error.message);
  console.error(HELP);
  process.exit(2);
}
