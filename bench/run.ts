// Runs rows on one device: verifies each against the reference device, then times the rows of a
// group in turn with the roofs. The same in Node, Deno and a page.

import {
  compile,
  type Device,
  dispose,
  init,
  leaves,
  type Tensor,
  type Tree,
  tensor,
} from "hypergrad";
import type { Result } from "./results";
import { copy, peak, type Roof } from "./roof";
import { gpuCopy, gpuPeak } from "./roof-gpu";
import type { Group, Row, Work } from "./row";
import { type Budget, type Candidate, interleave, quantile, type Timing } from "./sampling";
import { clockInUse, now } from "./time";
import { argumentsOf, errorOf, judge, truthOf, type Values, valuesOf } from "./verify";

export interface RunOptions {
  readonly device: "wasm" | "webgpu" | "reference";
  readonly threads: number;
  readonly deterministic?: boolean;
  readonly budget: Budget;
  /** Times candidates that all answer at once; `interleave` where it is not given. */
  readonly timer?: typeof interleave;
  readonly stopped: () => boolean;
  /** What is going on now, and how much of all is done, 0 to 1. */
  readonly progress: (what: string, done: number) => void;
  readonly finished: (group: string, results: readonly Result[]) => void;
}

/** By row, or by what several rows compute alike. */
const truths = new Map<string, Values>();
const truthKey = (row: Row) => row.computes ?? row.name;

async function findTruths(groups: readonly Group[], options: RunOptions): Promise<void> {
  const rows = groups.flatMap((g) => g.rows).filter((row) => !truths.has(truthKey(row)));
  if (rows.length === 0) return;
  const reference = await init({ device: "reference" });
  for (const [i, row] of rows.entries()) {
    if (options.stopped()) break;
    options.progress(`reference: ${row.name}`, i / rows.length);
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (!truths.has(truthKey(row))) truths.set(truthKey(row), await truthOf(row));
  }
  reference.dispose();
}

/** A row ready to be called on the device. */
interface Ready {
  readonly row: Row;
  readonly error: number;
  readonly first: number;
  readonly work: Work;
  readonly args: Tensor[];
  readonly call: () => Tree;
  readonly end: () => void;
}

async function ready(row: Row): Promise<Ready | string> {
  const args = argumentsOf(row);
  const step = row.compiled ? compile((...xs: Tensor[]) => row.f(...xs)) : null;
  const end = () => {
    step?.dispose();
    dispose(args);
  };
  try {
    const f = step ?? row.f;
    const call = () => f(...args);
    const start = performance.now();
    const y = call();
    const values = await valuesOf(y);
    const first = (performance.now() - start) / 1000;
    dispose(leaves(y).filter((leaf) => !args.includes(leaf)));
    const error = errorOf(values, truths.get(truthKey(row))!);
    const wrong = judge(error, row.within);
    if (wrong !== "") {
      end();
      return wrong;
    }
    const work = row.work === "counted" ? { flops: step!.stats().flops } : row.work;
    return { row, error, first, work, args, call, end };
  } catch (error) {
    end();
    return `throws: ${(error as Error).message}`;
  }
}

/** Calls in a row; on a GPU with one wait at the end, whose own time is taken off. */
function candidate(
  call: () => Tree,
  wait: (() => Promise<void>) | null,
  waiting: number,
): Candidate {
  const calls = (count: number) => {
    for (let i = 0; i < count; i++) dispose(call());
  };
  if (wait === null) {
    return {
      sample: (count) => {
        const start = now();
        calls(count);
        return now() - start;
      },
    };
  }
  return {
    sample: async (count) => {
      const start = performance.now();
      calls(count);
      await wait();
      return Math.max((performance.now() - start) / 1000 - waiting, 0);
    },
  };
}

/** Sizes that copy roofs are measured at: a row is held against the next one up. */
const COPIES = [1 << 14, 1 << 17, 1 << 20, 1 << 23, 1 << 26];

function copySize(bytes: number): number {
  return COPIES.find((size) => size >= bytes) ?? COPIES[COPIES.length - 1];
}

function figures(one: Ready, timing: Timing, roofs: Roofs): Partial<Result> {
  const { work, row, error, first } = one;
  const ops = row.ops ?? 1;
  const { flops = 0, bytes = 0 } = work;
  const arithmetic = roofs.peak === null ? 0 : flops / roofs.peak;
  const memory = roofs.copy === null || bytes === 0 ? 0 : bytes / roofs.copy(bytes);
  const bound = Math.max(arithmetic, memory);
  return {
    error,
    p10: timing.p10 / ops,
    median: timing.median / ops,
    p90: timing.p90 / ops,
    noise: timing.noise,
    samples: timing.samples,
    first: first / ops,
    ...(flops > 0 && bytes > 0 ? { intensity: flops / bytes } : {}),
    ...(flops > 0 ? { gflops: flops / timing.p10 / 1e9 } : {}),
    ...(bytes > 0 && arithmetic <= memory ? { gbs: bytes / timing.p10 / 1e9 } : {}),
    ...(bound > 0 ? { share: bound / timing.p10 } : {}),
    ...(roofs.peakTime > 0 ? { relative: timing.p10 / roofs.peakTime } : {}),
  };
}

interface Roofs {
  /** Flops a second of all threads, and bytes a second at a size; null where not measured. */
  readonly peak: number | null;
  readonly copy: ((bytes: number) => number) | null;
  readonly peakTime: number;
}

/** How to measure the roofs of a device: none of the reference's. */
function roofsOf({ name, info }: Device) {
  if (name === "webgpu") return { peak: gpuPeak, copy: gpuCopy };
  const { simd } = info;
  return simd === undefined ? null : { peak: () => peak(simd), copy };
}

/** A device that rows run on, and how it is timed. */
interface Bed {
  readonly device: Device;
  readonly timer: typeof interleave;
  readonly budget: Budget;
  /** Waits for all calls made so far; null where a call answers when it is done. */
  readonly wait: (() => Promise<void>) | null;
  /** Seconds of a wait for nothing. */
  readonly waiting: number;
}

/** Candidates after the roofs for these sizes of bytes, all timed in turn. */
async function timeWithRoofs(
  candidates: readonly Candidate[],
  bytes: readonly number[],
  { device, timer, budget }: Bed,
  stopped: () => boolean,
): Promise<[Timing[], Roofs]> {
  const makers = roofsOf(device);
  const sizes = [...new Set(bytes.map(copySize))];
  const roofs: Roof[] = [];
  if (makers !== null) {
    roofs.push(await makers.peak());
    for (const size of sizes) roofs.push(await makers.copy(size));
  }
  const all = [...roofs.map((r) => r.candidate), ...candidates];
  const timings = await timer(all, budget, stopped);
  const rate = (k: number) => roofs[k].work / timings[k].p10;
  const there = makers !== null;
  return [
    timings.slice(roofs.length),
    {
      peak: there ? rate(0) * device.info.threads : null,
      copy: there ? (size) => rate(1 + sizes.indexOf(copySize(size))) : null,
      peakTime: there ? timings[0].p10 : 0,
    },
  ];
}

/** The roofs alone, as rows: what all others are held against. */
async function roofRows(bed: Bed, place: Place, stopped: () => boolean): Promise<Result[]> {
  const [, { peak, copy, peakTime }] = await timeWithRoofs([], COPIES, bed, stopped);
  if (peak === null || copy === null) return [];
  const common = { group: "roofs", ...place };
  return [
    { ...common, name: "peak arithmetic", p10: peakTime, median: peakTime, gflops: peak / 1e9 },
    ...COPIES.map((size): Result => {
      const time = size / copy(size);
      const name = `copy of ${size >= 1 << 20 ? `${size >> 20} MiB` : `${size >> 10} KiB`}`;
      return { ...common, name, p10: time, median: time, gbs: copy(size) / 1e9 };
    }),
  ];
}

type Place = Pick<Result, "device" | "simd" | "threads" | "clock">;

/** How long a wait takes that waits for nothing. */
async function emptyWait(wait: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const start = performance.now();
    await wait();
    times.push((performance.now() - start) / 1000);
  }
  return quantile(
    times.sort((a, b) => a - b),
    0.5,
  );
}

/**
 * Runs the groups on a device and hands over each group's results when it is done.
 * @returns the device's own sentence
 * @throws DeviceError when the device is not there
 */
export async function runGroups(groups: readonly Group[], options: RunOptions): Promise<string> {
  const { device: name, threads, deterministic } = options;
  await findTruths(groups, options);
  const device = await init({ device: name, threads, deterministic });
  const probe = tensor([0]);
  const wait = name === "webgpu" ? async () => void (await probe.data()) : null;
  const waiting = wait === null ? 0 : await emptyWait(wait);
  const budget = { ...options.budget, sample: Math.max(options.budget.sample, 2 * waiting) };
  const timer = wait === null && options.timer !== undefined ? options.timer : interleave;
  const bed: Bed = { device, timer, budget, wait, waiting };
  const { info } = device;
  const clock = clockInUse() === "cpu" ? ({ clock: "cpu" } as const) : {};
  const place: Place = { device: device.name, simd: info.simd, threads: info.threads, ...clock };
  options.progress(`${device.name}: roofs`, 0);
  const roofs = await roofRows(bed, place, options.stopped);
  if (!options.stopped()) options.finished("roofs", roofs);
  for (const [i, group] of groups.entries()) {
    if (options.stopped()) break;
    options.progress(`${device.name}: ${group.name}`, i / groups.length);
    const outcomes: (Ready | string)[] = [];
    for (const row of group.rows) outcomes.push(await ready(row));
    const good = outcomes.filter((o): o is Ready => typeof o !== "string");
    const [timings, limits] = await timeWithRoofs(
      good.map(({ call }) => candidate(call, wait, waiting)),
      good.map(({ work }) => work.bytes ?? 0),
      bed,
      options.stopped,
    );
    const results = outcomes.map((o, k): Result => {
      const common = { group: group.name, name: group.rows[k].name, ...place };
      if (typeof o === "string") return { ...common, problem: o };
      return { ...common, ...figures(o, timings[good.indexOf(o)], limits) };
    });
    for (const one of good) one.end();
    if (!options.stopped()) options.finished(group.name, results); // else its samples are few
  }
  const reason = info.adapter === undefined ? info.reason : `${info.reason}; ${info.adapter}`;
  device.dispose();
  return reason;
}
