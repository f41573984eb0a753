// The bench itself: wrong results are never timed, a planted regression is flagged, growth is
// fitted, and tables say what the rows say.

import { device, exp } from "hypergrad";
import { describe, expect, it, vi } from "vitest";
import { contests } from "../bench/against/contests";
import { differences, STEP } from "../bench/against/orders";
import { channelsFirst, channelsLast } from "../bench/against/side";
import { compare } from "../bench/compare";
import { exponent } from "../bench/growth";
import { readOptions, UsageError } from "../bench/options";
import type { Result, Run } from "../bench/results";
import { copy, peak } from "../bench/roof";
import { type Group, images, normal, numbers, type Row } from "../bench/row";
import { groups } from "../bench/rows/index";
import { runGroups } from "../bench/run";
import { interleave, QUICK, quantile, summarize, type Timing } from "../bench/sampling";
import { tableFor } from "../bench/tables";
import { judgeTarget, targets } from "../bench/targets";
import { errorOf } from "../bench/verify";

const plain = { device: "wasm", threads: 1, stopped: () => false, progress: () => {} } as const;

/** A clock that counts the calls of the device: no time of this machine. */
const countCalls: typeof interleave = async (candidates) => {
  const timings: Timing[] = [];
  for (const { sample } of candidates) {
    const calls = vi.spyOn(device(), "run");
    await sample(1);
    const units = Math.max(calls.mock.calls.length, 1);
    calls.mockRestore();
    timings.push(summarize(new Array(8).fill(units), units));
  }
  return timings;
};

async function timed(rows: readonly Row[]): Promise<Result[]> {
  const list: Group[] = [{ name: "planted", rows }];
  const results: Result[] = [];
  await runGroups(list, {
    ...plain,
    budget: QUICK,
    timer: countCalls,
    finished: (group, found) => {
      if (group !== "roofs") results.push(...found);
    },
  });
  return results;
}

const expRow: Row = {
  name: "exp",
  inputs: [normal(1 << 14)],
  f: exp,
  work: { bytes: 8 << 14 },
  within: "functions",
};

describe("rows", () => {
  it("have names of their own", () => {
    const names = groups.flatMap((g) => g.rows.map((r) => r.name));
    expect(names.length).toBeGreaterThan(80);
    expect(new Set(names).size).toBe(names.length);
  });

  it("that are wrong are not timed, and say by how much", async () => {
    const off: Row = { ...expRow, name: "off", truth: (x) => exp(exp(x)) };
    const [good, bad] = await timed([expRow, off]);
    expect(good.problem).toBeUndefined();
    expect(good.p10).toBeGreaterThan(0);
    expect(bad.problem).toMatch(/^wrong: off by \d/);
    expect(bad.p10).toBeUndefined();
  });

  it("that throw say what was thrown", async () => {
    const broken: Row = {
      ...expRow,
      name: "broken",
      f: () => {
        throw new Error("no such kernel");
      },
      truth: exp,
    };
    const [bad] = await timed([broken]);
    expect(bad.problem).toBe("throws: no such kernel");
  });

  it("with a planted regression are flagged by compare, the others are not", async () => {
    const before = await timed([expRow, { ...expRow, name: "control" }]);
    const slowed: Row = {
      ...expRow,
      f: (x) => {
        exp(x).dispose();
        return exp(x);
      },
    };
    const after = await timed([slowed, { ...expRow, name: "control" }]);
    const verdicts = compare(after, before).map((c) => [c.row.name, c.ratio, c.verdict]);
    expect(verdicts).toEqual([
      ["exp", 2, "slower"],
      ["control", 1, "same"],
    ]);
    const back = compare(before, after).map((c) => c.verdict);
    expect(back).toEqual(["faster", "same"]);
  });
});

describe("compare", () => {
  const row: Result = { group: "g", name: "a", device: "wasm", threads: 1, p10: 1, noise: 0.01 };

  it("holds rows against the peak loop of their own run", () => {
    const before = [{ ...row, p10: 1, relative: 10 }];
    const slowClock = [{ ...row, p10: 2, relative: 10 }];
    expect(compare(slowClock, before)[0].verdict).toBe("same");
    const slowKernel = [{ ...row, p10: 2, relative: 20 }];
    expect(compare(slowKernel, before)[0].verdict).toBe("slower");
    const faster = [{ ...row, p10: 0.5, relative: 5 }];
    expect(compare(faster, before)[0].verdict).toBe("faster");
  });

  it("takes changes within the noise of both runs for none", () => {
    const noisy = { ...row, noise: 0.2 };
    expect(compare([{ ...noisy, p10: 1.3 }], [noisy])[0].verdict).toBe("same");
    expect(compare([{ ...noisy, p10: 1.5 }], [noisy])[0].verdict).toBe("slower");
  });

  it("counts a row that became wrong as slower, and leaves out rows of one run alone", () => {
    const { p10: _, ...rest } = row;
    expect(compare([{ ...rest, problem: "wrong" }], [row])[0].verdict).toBe("slower");
    expect(compare([{ ...row, name: "new" }], [row])).toEqual([]);
  });
});

describe("timing", () => {
  it("takes samples of all candidates in turn", async () => {
    const order: string[] = [];
    const candidate = (name: string) => ({
      sample: (count: number) => {
        order.push(name);
        return 0.002 * count;
      },
    });
    const budget = { warm: 0, sample: 0.001, least: 4, most: 4, total: 1 };
    const timings = await interleave([candidate("a"), candidate("b")], budget);
    expect(timings.map((t) => t.samples)).toEqual([4, 4]);
    const rounds = order.slice(-8);
    for (let i = 0; i < 8; i += 2) expect(rounds.slice(i, i + 2).sort()).toEqual(["a", "b"]);
  });

  it("gives quantiles by interpolation", () => {
    expect(quantile([1, 2, 3, 4, 5], 0.5)).toBe(3);
    expect(quantile([1, 2], 0.25)).toBe(1.25);
    expect(summarize([3, 1, 2], 9)).toMatchObject({ median: 2, first: 9, samples: 3 });
  });

  it("measures roofs that a machine can have", async () => {
    const arithmetic = await peak("plain");
    const memory = await copy(1 << 17);
    const [a, m] = await interleave([arithmetic.candidate, memory.candidate], QUICK);
    expect(arithmetic.work / a.p10 / 1e9).toBeGreaterThan(1);
    expect(memory.work).toBe(1 << 17);
    expect(memory.work / m.p10 / 1e9).toBeGreaterThan(1);
  });
});

it("errorOf sees one wrong element, a NaN and a missing leaf", () => {
  const truth = [Float64Array.of(1, -2, 4)];
  expect(errorOf([Float32Array.of(1, -2, 4)], truth)).toBe(0);
  expect(errorOf([Float32Array.of(1, -2, 5)], truth)).toBe(0.25);
  expect(errorOf([Float32Array.of(1, Number.NaN, 4)], truth)).toBe(Number.POSITIVE_INFINITY);
  expect(errorOf([], truth)).toBe(Number.POSITIVE_INFINITY);
});

it("errorOf holds a leaf of zeros against the largest of all, and no other", () => {
  const truth = [Float64Array.of(2), Float64Array.of(1e-17), Float64Array.of(1e-3)];
  expect(errorOf([[2], [1e-7], [1e-3]], truth)).toBeCloseTo(5e-8, 12);
  expect(errorOf([[2], [0], [1e-3 + 1e-5]], truth)).toBeCloseTo(1e-2, 8);
});

it("exponent finds the power of a growth", () => {
  const samples = [1, 2, 4, 8].map((size) => ({ size, cost: 3 * size ** 1.5 }));
  expect(exponent(samples)).toBeCloseTo(1.5, 12);
});

it("differences gives three derivatives to eight digits", () => {
  const values = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((k) => Math.exp(2 * k * STEP));
  const [value, ...slopes] = differences(values);
  expect(value).toBe(1);
  for (const [k, slope] of slopes.entries()) {
    expect(Math.abs(slope / 2 ** (k + 1) - 1)).toBeLessThan(1e-8);
  }
});

it("channelsLast undoes channelsFirst", () => {
  const input = images(2, 3, 4, 5);
  const data = numbers(input, 0);
  const turned = channelsFirst(input, data);
  expect(turned.shape).toEqual([2, 5, 3, 4]);
  expect(turned.data).not.toEqual(data);
  expect(channelsLast(turned.data, turned.shape, "image")).toEqual(data);
});

it("options that do not fit are said", () => {
  expect(() => readOptions(["--device", "gpu"])).toThrow(UsageError);
  expect(() => readOptions(["--threads", "0"])).toThrow("--threads 0: use a whole number from 1");
  expect(() => readOptions(["--only", "("])).toThrow(UsageError);
  expect(() => readOptions(["--speed"])).toThrow(UsageError);
  expect(() => readOptions(["--clock", "sun"])).toThrow("--clock sun: use cpu");
  expect(readOptions(["--clock", "cpu", "--quick"])).toMatchObject({ clock: "cpu", quick: true });
  expect(readOptions(["--only", "matmul"]).only?.test("matmul 64")).toBe(true);
});

describe("targets", () => {
  const of = (rows: readonly Partial<Result>[]): Run => ({
    kind: "peers",
    date: "2026-01-01",
    version: "1.0.0",
    machine: { cpu: "A CPU", cores: 2, memoryGiB: 8, system: "Linux 6 x64" },
    runtime: "node 24.1.0",
    devices: [],
    quick: false,
    rows: rows.map((r) => ({ name: "", threads: 1, simd: "relaxed", ...r }) as Result),
  });
  const find = (text: string) => targets.filter(({ what }) => what.includes(text));

  it("take the worst row, and a peer's wrong result as its speed", () => {
    const [target] = find("sinusoid MAML of 1 and 5 steps against jax-js");
    const rows = [1, 5].flatMap((steps) => {
      const group = `sinusoid MAML, ${steps} ${steps === 1 ? "step" : "steps"}`;
      return [
        { group, device: "hypergrad relaxed, compiled", p10: steps },
        { group, device: "hypergrad relaxed, eager", p10: 100 * steps },
        {
          group,
          device: "jax-js wasm, jit(vmap)",
          problem: "wrong",
          wrongIn: steps === 1 ? 30 : 60,
        },
      ];
    });
    const verdict = judgeTarget(target, [of(rows)]);
    expect(verdict).toMatchObject({
      asked: "≥ 12.0 ×",
      found: "12.0 × (best 30.0 ×)",
      reached: true,
    });
    rows[5].wrongIn = 59;
    expect(judgeTarget(target, [of(rows)]).reached).toBe(false);
  });

  it("are neither reached nor missed where a row was not run", () => {
    const [target] = find("LSTM training step over PyTorch's");
    const group = "lstm training step";
    const rows = [{ group, device: "hypergrad relaxed, eager", p10: 3 }];
    expect(judgeTarget(target, [of(rows)])).toMatchObject({ found: "not run", reached: null });
    rows.push({ group, device: "PyTorch 2", p10: 1 });
    expect(judgeTarget(target, [of(rows)])).toMatchObject({ found: "3.00 ×", reached: false });
  });

  it("name rows that the benches have", () => {
    const known = new Set([
      ...groups.flatMap((g) => g.rows.map((r) => r.name)),
      ...contests.map(({ name }) => name),
    ]);
    const asked: string[] = [];
    const seeing = {
      bench: (name: string) => void asked.push(name),
      peer: (_: unknown, name: string) => void asked.push(name),
    };
    for (const target of targets) target.values(seeing as never);
    expect(asked.length).toBeGreaterThan(60);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("tables", () => {
  const machine = { cpu: "A CPU", cores: 2, memoryGiB: 8, system: "Linux" };
  const common = { threads: 1, median: 1 } as const;
  const run: Run = {
    kind: "peers",
    date: "2026-01-01",
    version: "1.0.0",
    machine,
    runtime: "node 24.1.0",
    devices: ["wasm: relaxed SIMD"],
    quick: false,
    rows: [
      { ...common, group: "add", name: "add | a", device: "hypergrad relaxed, eager", p10: 2e-3 },
      {
        ...common,
        group: "add",
        name: "add | b",
        device: "hypergrad relaxed, compiled",
        p10: 1e-3,
      },
      { ...common, group: "add", name: "add | c", device: "tfjs wasm", p10: 5e-3 },
      { ...common, group: "add", name: "add | d", device: "jax-js wasm, jit", problem: "wrong: x" },
    ],
  };

  it("give our best way, and theirs as times it; what is wrong has no time", () => {
    const text = tableFor("peers node 24", [run]);
    expect(text).toContain("| add | 1.00 ms |  | 5.00 × | wrong |");
    expect(text).toContain("A CPU, 2 cores, 8 GiB; node 24.1.0; wasm: relaxed SIMD");
  });

  it("of unknown names and of runs that are not there are errors", () => {
    expect(() => tableFor("speeds", [run])).toThrow('no table "speeds"');
    expect(() => tableFor("peers deno", [run])).toThrow("no run");
  });
});
