// Tables in Markdown from kept runs: nothing in them that no row says.

import type { Result, Run } from "./results";
import { judgeTarget, targets } from "./targets";
import { digits, percent, seconds } from "./text";

const escape = (text: string) => text.replaceAll("|", "\\|");

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escape).join(" | ")} |`;
  return [line(head), `| ${head.map(() => "---").join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** Which machine, runtime and device figures are of. */
function caption({ machine, runtime, devices, date, version, rows }: Run): string {
  const { cores, memoryGiB } = machine;
  const where = `${machine.cpu}, ${cores} cores, ${memoryGiB} GiB`;
  const timed = rows.filter((r) => r.clock === "cpu").length;
  const rest = timed < rows.length ? ", wall time in rows of a quiet machine" : "";
  const cpu = timed > 0 ? ` CPU time of the thread${rest}.` : "";
  return `${where}; ${runtime}; ${devices.join("; ")}. hypergrad ${version}, ${date}.${cpu}`;
}

const family = (device: string) =>
  /^(hypergrad|tfjs cpu|tfjs|jax-js|onnxruntime|PyTorch|plain)/.exec(device)?.[0] ?? device;

/** What is shown of a side's ways in one contest: its best time, else its first problem. */
export function bestOf(results: readonly Result[]): Result | undefined {
  const timed = results.filter((r) => r.p10 !== undefined);
  if (timed.length === 0) return results[0];
  return timed.reduce((a, b) => (a.p10! <= b.p10! ? a : b));
}

/** A run with our relaxed binary alone where it has both. */
function ofBest(run: Run): Run {
  if (run.rows.every(({ simd }) => simd !== "relaxed")) return run;
  return { ...run, rows: run.rows.filter(({ simd }) => simd === "relaxed") };
}

/** A contest's results by side, with our relaxed binary where the run has both. */
export function bySide(run: Run): Map<string, Map<string, Result>> {
  const contests = new Map<string, Result[]>();
  for (const r of ofBest(run).rows) contests.set(r.group, [...(contests.get(r.group) ?? []), r]);
  return new Map(
    [...contests].map(([name, results]) => {
      const sides = new Map<string, Result>();
      for (const side of new Set(results.map((r) => family(r.device)))) {
        const best = bestOf(results.filter((r) => family(r.device) === side));
        if (best !== undefined) sides.set(side, best);
      }
      return [name, sides] as const;
    }),
  );
}

/** The contests that the first page shows. */
const HEADLINES = [
  "matmul 512x512x512 NN",
  "matmul 512x512x512 TN",
  "conv forward 75x14x14, 32 to 64",
  "conv kernel gradient 75x14x14, 32 to 64",
  "lstm forward",
  "lstm training step",
  "add of 64 numbers, eager",
  "MLP 784-256-10, batch 64, second order",
  "conv net, 4 blocks of 32, batch 5, second order",
  "LSTM 8 x 10 x 32, second order",
  "hypergradient through 10 Adam steps",
  "sinusoid MAML, 5 steps",
  "conv MAML, stride 2, torch protocol",
  "conv MAML, max-pool, torch protocol",
];

/** Those of the contests that the first page shows. */
function headlines(run: Run): string {
  const rows = HEADLINES.flatMap((name) => run.rows.filter((r) => r.group === name));
  return peers({ ...run, rows });
}

/** Contests by sides: our time, and theirs as times ours. */
function peers(run: Run): string {
  const contests = bySide(run);
  const present = new Set([...contests.values()].flatMap((sides) => [...sides.keys()]));
  const order = ["tfjs", "jax-js", "onnxruntime", "PyTorch", "tfjs cpu", "plain"];
  const others = order.filter((side) => present.has(side));
  const titles: Record<string, string> = { tfjs: "tfjs wasm", onnxruntime: "onnxruntime-web" };
  const rows = [...contests].map(([name, sides]) => {
    const own = sides.get("hypergrad");
    const theirs = others.map((side) => {
      const r = sides.get(side);
      if (r === undefined) return "–";
      if (r.p10 === undefined) return (r.problem ?? "").startsWith("throws") ? "throws" : "wrong";
      return own?.p10 === undefined ? seconds(r.p10) : `${digits(r.p10 / own.p10)} ×`;
    });
    const mine = own?.p10 === undefined ? (own?.problem ?? "") : seconds(own.p10);
    const speed = own?.gflops === undefined ? "" : digits(own.gflops);
    return [name, mine, speed, ...theirs];
  });
  const head = ["", "hypergrad", "GFLOP/s", ...others.map((side) => titles[side] ?? side)];
  const note = `${caption(ofBest(run))} p10 of interleaved samples; theirs as times ours.`;
  return `${markdown(head, rows)}\n\n${note}`;
}

/** Every row of the bench, one table for each device and thread count. */
function kernels(run: Run): string {
  const places = new Map<string, Result[]>();
  for (const r of run.rows) {
    const threads = r.threads > 1 ? `, ${r.threads} threads` : "";
    const place = `${r.device}${r.simd === undefined ? "" : ` ${r.simd}`}${threads}`;
    places.set(place, [...(places.get(place) ?? []), r]);
  }
  const tables = [...places].map(([place, rows]) => {
    const cells = rows.map((r) => [
      r.name,
      r.p10 === undefined ? (r.problem ?? "") : seconds(r.p10),
      r.median === undefined ? "" : seconds(r.median),
      r.gflops === undefined ? "" : digits(r.gflops),
      r.gbs === undefined ? "" : digits(r.gbs),
      r.share === undefined ? "" : percent(r.share),
    ]);
    const head = ["", "p10", "median", "GFLOP/s", "GB/s", "of the roof"];
    return `**${place}**\n\n${markdown(head, cells)}`;
  });
  return `${tables.join("\n\n")}\n\n${caption(run)}`;
}

/** Time and peak bytes of meta-gradients, by sweep. */
function meta(run: Run): string {
  const rows = run.rows.map((r) => [
    r.group,
    r.name,
    seconds(r.p10!),
    `${((r.bytes ?? 0) / 1024).toFixed(0)} KiB`,
  ]);
  return `${markdown(["sweep", "setting", "p10", "peak"], rows)}\n\n${caption(run)}`;
}

/** What is asked of the kernels and steps, and what the runs say. */
function reached(runs: readonly Run[]): string {
  const rows = targets.map((target) => {
    const { what, asked, found, reached: done } = judgeTarget(target, runs);
    return [what, asked, found, done === null ? "" : done ? "yes" : "**no**"];
  });
  return markdown(["", "asked", "found, the worst row", "reached"], rows);
}

const makers = { peers, headlines, kernels, meta } as const;
const kinds = { peers: "peers", headlines: "peers", kernels: "bench", meta: "meta" } as const;

/** The text between two markers. `which` is such as "peers" or "peers node 24": a table, and the
 * beginning of a runtime. Throws an Error where there is no such table or run. */
export function tableFor(which: string, runs: readonly Run[]): string {
  const [name, ...runtime] = which.trim().split(" ");
  if (name === "targets") return reached(runs);
  const maker = makers[name as keyof typeof makers];
  if (maker === undefined) {
    throw new Error(
      `bench:table: no table "${name}": use targets, ${Object.keys(makers).join(", ")}`,
    );
  }
  const found = runs.filter(
    (run) =>
      run.kind === kinds[name as keyof typeof kinds] && run.runtime.startsWith(runtime.join(" ")),
  );
  if (found.length === 0) throw new Error(`bench:table: no run for the table "${which}"`);
  return found.map(maker).join("\n\n");
}
