// npm run bench:meta: what a meta-gradient costs against inner steps, tasks, width, order and
// memory mode: time, peak bytes, and the exponent by which both grow along each sweep.

import { parseArgs } from "node:util";
import { compile, type Device, dispose, init, type Tensor, type Tree, tensor } from "hypergrad";
import { exponent } from "./growth";
import { metaGradient, mlpInputs, type Points, regression } from "./nets";
import { progressLine } from "./progress";
import type { Result, Run } from "./results";
import { type Input, normal, tensors } from "./row";
import { type Budget, type Candidate, interleave } from "./sampling";
import { keepRun, machine, runtime, version } from "./store";
import { columns, percent, seconds } from "./text";

const HELP = `npm run bench:meta -- [options]
  --quick            fewer sizes and samples
  --threads N        threads of the wasm device
  --device NAME      wasm (default) or webgpu
  --json FILE        keep the figures
`;

const { values: given } = parseArgs({
  options: {
    quick: { type: "boolean" },
    threads: { type: "string", default: "1" },
    device: { type: "string", default: "wasm" },
    json: { type: "string" },
    help: { type: "boolean" },
  },
});
if (given.help) {
  console.log(HELP);
  process.exit(0);
}

type Mode = "store" | "checkpoint" | "sqrt" | "mixed";

interface Setting {
  readonly steps: number;
  readonly tasks: number;
  readonly width: number;
  readonly order: 1 | 2;
  readonly mode: Mode;
  readonly compiled: boolean;
}

/** A regression net 1 - width - width - 1 on 32 points a task. */
const POINTS = 32;
const LR = 0.01;
const BASE: Setting = { steps: 5, tasks: 4, width: 64, order: 2, mode: "store", compiled: true };
const BUDGET: Budget = { warm: 0.05, sample: 0.002, least: 5, most: 60, total: 0.3 };

interface Sweep {
  readonly name: string;
  readonly settings: readonly Setting[];
  /** The number that changes; null where it is none. */
  readonly size: ((s: Setting) => number) | null;
}

const few = <T>(list: readonly T[]) => (given.quick ? list.slice(0, 3) : list);

function sweeps(): Sweep[] {
  const list: Sweep[] = [];
  for (const compiled of [true, false]) {
    const base = { ...BASE, compiled };
    const kind = compiled ? "compiled" : "eager";
    const sweep = (name: string, settings: Setting[], size: Sweep["size"]) =>
      list.push({ name: `${name}, ${kind}`, settings, size });
    for (const mode of ["store", "checkpoint", "sqrt", "mixed"] as const) {
      const steps = few([2, 4, 8, 16, 32, 64]);
      sweep(
        `inner steps, ${mode}`,
        steps.map((n) => ({ ...base, steps: n, mode })),
        (s) => s.steps,
      );
    }
    const tasks = few([1, 2, 4, 8, 16]);
    sweep(
      "tasks",
      tasks.map((n) => ({ ...base, tasks: n })),
      (s) => s.tasks,
    );
    const widths = few([16, 32, 64, 128, 256]);
    sweep(
      "width",
      widths.map((n) => ({ ...base, width: n })),
      (s) => s.width,
    );
    sweep(
      "order",
      [
        { ...base, order: 1 },
        { ...base, order: 2 },
      ],
      null,
    );
  }
  return list;
}

interface Ready {
  readonly candidate: Candidate;
  readonly bytes: number;
  readonly end: () => void;
}

/** One setting, its inputs on the device; measures the peak of a call. */
async function ready(device: Device, setting: Setting): Promise<Ready> {
  const { steps, tasks, width, order, mode, compiled } = setting;
  const inputs: Input[] = mlpInputs([1, width, width, 1]);
  const count = inputs.length;
  const batch = normal(POINTS, 1);
  for (let i = 0; i < 4 * tasks; i++) inputs.push(batch);
  const xs = tensors(inputs);
  const run = metaGradient(regression, { steps, order, mode, tasks: "batch" }, LR);
  const f = (...args: Tensor[]): Tree => {
    const list = Array.from({ length: tasks }, (_, i) => {
      const [sx, sy, qx, qy] = args.slice(count + 4 * i, count + 4 * i + 4);
      const task: { support: Points; query: Points } = {
        support: { x: sx, y: sy },
        query: { x: qx, y: qy },
      };
      return task;
    });
    return run(args.slice(0, count), list);
  };
  const step = compiled ? compile(f) : null;
  const probe = tensor([0]);
  const call = () => dispose((step ?? f)(...xs));
  call();
  device.resetPeak();
  const before = device.memory().bytes;
  call();
  const bytes = step?.stats().bytes ?? device.memory().peakBytes - before;
  return {
    candidate: {
      sample: async (n) => {
        const start = performance.now();
        for (let i = 0; i < n; i++) call();
        if (device.name === "webgpu") await probe.data();
        return (performance.now() - start) / 1000;
      },
    },
    bytes,
    end: () => {
      step?.dispose();
      dispose([...xs, probe]);
    },
  };
}

const label = (s: Setting) =>
  `${s.steps} steps, ${s.tasks} tasks, width ${s.width}, order ${s.order}, ${s.mode}`;

const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
const WIDTHS = [56, 10, 10, 8, 12];

const device = await init({
  device: given.device === "webgpu" ? "webgpu" : "wasm",
  threads: Number(given.threads),
});
console.log(`${runtime()}, ${machine().cpu}, ${device.info.reason}`);
console.log(`MLP 1-width-width-1, ${POINTS} points a task, inner SGD; mean over the tasks`);
console.log(columns([["", "p10", "median", "spread", "peak"]], WIDTHS).join("\n"));
let stopped = false;
process.on("SIGINT", () => {
  if (stopped) process.exit(130);
  stopped = true;
});
const line = progressLine();
const rows: Result[] = [];
const list = sweeps();
for (const [at, { name, settings, size }] of list.entries()) {
  if (stopped) break;
  line.show(name, at / list.length);
  const all: Ready[] = [];
  for (const setting of settings) all.push(await ready(device, setting));
  const timings = await interleave(
    all.map((r) => r.candidate),
    BUDGET,
    () => stopped,
  );
  for (const one of all) one.end();
  const results = settings.map((setting, i): Result => {
    const { p10, median, p90, noise, samples, first } = timings[i];
    const { info } = device;
    const place = { device: device.name, simd: info.simd, threads: info.threads };
    const times = { p10, median, p90, noise, samples, first };
    const kind = setting.compiled ? "compiled" : "eager";
    return {
      group: name,
      name: `${label(setting)}, ${kind}`,
      ...place,
      ...times,
      bytes: all[i].bytes,
    };
  });
  rows.push(...results);
  const text = results.map(({ name: row, p10, median, p90, bytes }) => [
    `  ${row}`,
    seconds(p10!),
    seconds(median!),
    percent((p90! - p10!) / median!),
    kib(bytes!),
  ]);
  const growth = (cost: (r: Result) => number) =>
    exponent(results.map((r, i) => ({ size: size!(settings[i]), cost: cost(r) }))).toFixed(2);
  const over = (cost: (r: Result) => number) => ratio(results, cost);
  const last =
    size === null
      ? `  order 2 over order 1: ${over((r) => r.p10!)} x time, ${over((r) => r.bytes!)} x bytes`
      : `  time grows as size^${growth((r) => r.p10!)}, bytes as size^${growth((r) => r.bytes!)}`;
  line.say([name, ...columns(text, WIDTHS), last].join("\n"));
}
line.end();

function ratio([one, two]: readonly Result[], cost: (r: Result) => number): string {
  return (cost(two) / cost(one)).toFixed(2);
}

const run: Run = {
  kind: "meta",
  date: new Date().toISOString().slice(0, 10),
  version,
  machine: machine(),
  runtime: runtime(),
  devices: [device.info.reason],
  quick: given.quick === true,
  rows,
};
if (given.json !== undefined) await keepRun(given.json, run);
device.dispose();
