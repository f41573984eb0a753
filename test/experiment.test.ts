// The experiment runner's parts: the command line, results on disk, means and intervals, the
// report; and that a job gives the same numbers twice.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../examples/commandLine";
import type { Plan, Result } from "../examples/experiment/experiment";
import { sineDomain } from "../examples/experiment/fewshot/domains";
import { mamlMethod } from "../examples/experiment/fewshot/methods";
import { planOf } from "../examples/experiment/load";
import { parseOptions } from "../examples/experiment/options";
import { characterMlp, tableMlp } from "../examples/experiment/problems/builtIn";
import { benchOf, order } from "../examples/experiment/problems/training";
import {
  digestOf,
  readRecord,
  recordOf,
  together,
  writeRecord,
} from "../examples/experiment/record";
import { meanCurve, reportOf } from "../examples/experiment/report";
import { rateNet } from "../examples/experiment/s0/learned";
import { trainerOf, Watch } from "../examples/experiment/s0/schedules";
import {
  applied,
  freshController,
  regress,
  regressionFlops,
  run,
} from "../examples/experiment/s2/controller";
import { byImitation, nextPlan, planned, wanted } from "../examples/experiment/s2/imitation";
import { START, shopOf } from "../examples/experiment/s2/training";
import { cellOf, cellText, tablesOf, tableText } from "../examples/experiment/summary";
import { stream } from "../src/core/random";
import { setDevice } from "../src/device/current";
import { wasmDevice } from "../src/device/wasm/device";
import { dispose, type Tree } from "../src/index";

const settings = parseOptions(["s3"])!.settings;
const quiet = async () => {};

describe("options", () => {
  test("defaults, and what is given", () => {
    expect(parseOptions(["s1"])).toEqual({
      settings: { experiment: "s1", seed: 0, seeds: 3, budget: 2, device: "auto", real: false },
      ...{ data: undefined, only: undefined, workers: 2, resume: false, out: "experiments/s1" },
    });
    const given = parseOptions(["s4", "--data", "sets", "--seeds", "5", "--budget", "0.5"])!;
    expect([given.data, given.settings.seeds, given.settings.budget]).toEqual(["sets", 5, 0.5]);
    expect(given.settings.real).toBe(true);
    expect(parseOptions(["--help"])).toBe(null);
  });

  test.each([
    [[], "name one experiment, s0, s1, s2, s3, s4; got none"],
    [["s7"], 'the experiment is s0, s1, s2, s3, s4; got "s7"'],
    [["s1", "s2"], "name one experiment, s0, s1, s2, s3, s4; got s1 s2"],
    [["s1", "--workers", "0"], '--workers is a whole number from 1; got "0"'],
    [["s1", "--seeds", "0"], '--seeds is a whole number from 1; got "0"'],
    [["s1", "--budget=-1"], '--budget is a number of minutes above 0; got "-1"'],
    [["s1", "--budget="], '--budget is a number of minutes above 0; got ""'],
    [["s1", "--device", "gpu"], '--device is auto, reference, wasm, webgpu; got "gpu"'],
  ])("%j is one clear line", (args, text) => {
    expect(() => parseOptions(args)).toThrow(new UsageError(text));
  });
});

describe("the plan of a command", () => {
  const rowsOf = async (only: string) => {
    const { plan } = await planOf(parseOptions(["s2", "--seeds", "1", "--only", only])!);
    return plan.jobs.map(({ group, method }) => `${group}: ${method}`);
  };

  test("has the rows of any of the texts between |", async () => {
    expect(await rowsOf("MLP: grid|: first")).toEqual([
      "characters, MLP: first settings",
      "characters, MLP: grid of 15",
      "characters, CNN: first settings",
    ]);
  });

  test("is refused where no row was asked for", async () => {
    await expect(rowsOf("Omniglot")).rejects.toThrow(
      new UsageError(
        "--only Omniglot: no row has that; tables are characters, MLP; characters, CNN",
      ),
    );
  });
});

const metric = { name: "loss", label: "loss", better: "lower", form: "number" } as const;
const percent = { name: "accuracy", label: "accuracy", better: "higher", form: "percent" } as const;
const result = (method: string, seed: number, loss: number, seconds = 1): Result => ({
  ...{ group: "task", method, seed, seconds },
  outcome: { metrics: { loss }, curves: { loss: [[0, loss]] }, times: { ms: seconds } },
});
const plan: Plan = {
  about: ["A task & more."],
  jobs: ["a", "b"].flatMap((method) =>
    [0, 1, 2].map((seed) => ({ group: "task", method, seed, run: () => Promise.reject() })),
  ),
  metrics: { "": [metric] },
  charts: [{ curve: "loss", x: "step", y: "loss" }],
  verdict: () => ["it holds"],
};
const results = [1, 2, 3].map((x, seed) => result("a", seed, x));

describe("summary", () => {
  test("the interval is Student's, and values that are not finite are counted", () => {
    const cell = cellOf([1, 2, 3]);
    expect(cell.mean).toBe(2);
    expect(cell.half).toBeCloseTo(4.3 / Math.sqrt(3), 10);
    const bad = cellOf([1, Number.NaN, 3, Number.POSITIVE_INFINITY]);
    expect([bad.mean, bad.bad, bad.count]).toEqual([2, 2, 4]);
    expect(cellText(bad, metric)).toMatch(/^2\.00 ± .* \(2 of 4 not finite\)$/);
    expect(cellText(cellOf([Number.NaN]), metric)).toBe("-");
    expect(cellText(cellOf([0.5], 0.01), percent)).toBe("50.0 ± 1.0");
    expect(cellText(cellOf([]), metric)).toBe("");
  });

  test("a table has a row for every method, run or not", () => {
    const [table] = tablesOf(plan, results);
    const text = tableText(table);
    expect(text.split("\n").map((line) => line.split(/\s{2,}/)[0])).toEqual([
      ...["task", "----", "a", "b"],
    ]);
    expect(text).toContain("2.00 ± 2.48");
  });

  test("a mean curve is of points that all seeds have", () => {
    const lists = [
      [
        [0, 1],
        [1, Number.NaN],
        [2, 3],
      ],
      [
        [0, 3],
        [1, 1],
        [2, 5],
      ],
    ] as const;
    expect(meanCurve(lists)).toEqual([
      { x: 0, y: 2 },
      { x: 2, y: 4 },
    ]);
  });
});

describe("results on disk", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "experiment-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const record = recordOf({ settings, device: "wasm", version: "1", results });

  test("come back with the values that JSON does not know", async () => {
    const wild = [...results, result("b", 0, Number.NaN), result("b", 1, -Infinity)];
    const path = join(folder, "deep", "results.json");
    await writeRecord(path, recordOf({ ...record, results: wild }));
    expect((await readRecord(path, settings)).results).toEqual(wild);
  });

  test("the digest is of all numbers but times", () => {
    const later = results.map((r) => ({ ...r, seconds: 99 }));
    expect(digestOf(later)).toBe(record.digest);
    expect(digestOf([result("a", 0, 1.0000001)])).not.toBe(digestOf([result("a", 0, 1)]));
  });

  test("those of other settings are refused", async () => {
    const path = join(folder, "results.json");
    await writeRecord(path, record);
    await expect(readRecord(path, { ...settings, budget: 9 })).rejects.toThrow(
      new UsageError("--resume: budget was 2 and is 9 now: give the same"),
    );
    await expect(readRecord(path, { ...settings, seeds: 5 })).rejects.toThrow(
      new UsageError("--resume: seeds was 3 and is 5 now: give the same"),
    );
    await expect(readRecord(join(folder, "none.json"), settings)).rejects.toThrow(UsageError);
    await writeFile(path, '{"form":"other"}');
    await expect(readRecord(path, settings)).rejects.toThrow(/is no result of a run$/);
    expect(await readFile(path, "utf8")).toBe('{"form":"other"}');
  });

  test("those that are not reached or asked for stay", () => {
    const again = { ...results[0], seconds: 99 };
    const all = together([again], results);
    expect(all[0]).toBe(again);
    expect(all.slice(1)).toEqual(results.slice(1));
    expect(together(results, [])).toEqual(results);
  });

  test("the report stands alone and shows table, curves and verdict", () => {
    const html = reportOf("T", plan, record, "npm run experiment -- s3");
    expect(html).toContain("A task &amp; more.");
    expect(html).toContain("2.00 ± 2.48");
    expect(html).toContain("<svg");
    expect(html).toContain("it holds");
    expect(html).toContain(record.digest);
    expect(html).not.toMatch(/(src|href)="http/);
  });
});

describe("jobs", () => {
  let device: Awaited<ReturnType<typeof wasmDevice>>;
  beforeAll(async () => {
    device = await wasmDevice();
    setDevice(device);
  });
  afterAll(() => device.dispose());

  test("meta-training gives the same bits twice, others by seed, no leak", async () => {
    const domain = { ...sineDomain(), testTasks: 20, testSteps: 2 };
    const one = async (seed: number) => {
      const found = await mamlMethod({ order: 2 })({ domain, seed, flops: 4e7, tell: quiet });
      return { ...found, times: null };
    };
    const first = await one(1);
    const before = device.memory().tensors;
    expect(await one(1)).toEqual(first);
    expect(device.memory().tensors).toBe(before);
    expect((await one(2)).metrics.last).not.toBe(first.metrics.last);
  });

  test("batches are whole passes in an order by seed", () => {
    const at = order(10, 5, 3);
    const pass = [...at(0), ...at(1)].sort((a, b) => a - b);
    expect(pass).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(order(10, 5, 3)(3)).toEqual(at(3));
    expect(order(10, 5, 4)(0)).not.toEqual(at(0));
  });

  test("a meta-trained rate net lifts a rate that is far too low, twice the same", async () => {
    const bench = benchOf(tableMlp());
    const trainer = trainerOf(bench);
    const [steps, start] = [60, 0.003];
    const low = await trainer.train({ bench, steps, seed: 0 }, () => start);
    const lowLoss = (await bench.judge(low.params, "test")).loss;
    dispose(low.params);
    const options = { window: 10, later: 12, per: "net", every: 0, metaLr: 0.02 } as const;
    const judged = { held: 100, logarithm: true, trials: 2 };
    const one = async () => {
      const rates = rateNet(bench, { ...options, ...judged, start, steps });
      const budget = 10 * steps * trainer.flops();
      const { learner, metaSteps } = await rates.learn(rates.fresh(1), budget, 7, quiet);
      const { outcome } = await rates.train(learner, 0);
      dispose(learner as unknown as Tree);
      rates.dispose();
      return { outcome, metaSteps };
    };
    const first = await one();
    expect(first.metaSteps).toBeGreaterThan(5);
    expect(first.outcome.metrics.loss).toBeLessThan(lowLoss);
    const found = first.outcome.curves!.rate.map(([, rate]) => rate);
    expect(Math.max(...found)).toBeGreaterThan(0.03);
    expect(Math.max(...found)).toBeLessThanOrEqual(1);
    const before = device.memory().tensors;
    expect(await one()).toEqual(first);
    expect(device.memory().tensors).toBe(before);
    trainer.dispose();
    bench.dispose();
  });

  test("whole trainings move the rates of a net as one, while that is better", async () => {
    const bench = benchOf(tableMlp());
    const options = { window: 10, later: 0, per: "net", every: 0, metaLr: 0.02 } as const;
    const before = device.memory().tensors;
    const rates = rateNet(bench, { ...options, start: 0.003, held: 100, steps: 60, trials: 4 });
    const { learner, metaSteps, moved } = await rates.learn(rates.fresh(1), 0, 7, quiet);
    expect([metaSteps, moved]).toEqual([0, expect.closeTo(0.2)]);
    const { outcome } = await rates.train(learner, 0);
    const found = outcome.curves!.rate.map(([, rate]) => rate);
    expect(found[0]).toBeLessThan(0.01);
    expect(found.at(-1)).toBeCloseTo(0.1774, 4); // 1e-4^(1 - σ(σ⁻¹(log 30 / log 1e4) + 2))
    dispose(learner as unknown as Tree);
    expect(device.memory().tensors).toBe(before);
    rates.dispose();
    bench.dispose();
  });

  test("hypergradient descent moves the rate, and frees all that it made", async () => {
    const bench = benchOf(tableMlp());
    const trainer = trainerOf(bench);
    const run = { bench, steps: 30, seed: 0 };
    const once = async () => {
      const watch = new Watch(run);
      dispose((await trainer.descend(run, 0.003, 0.01, watch)).params);
      return watch.rates.map(([, rate]) => rate);
    };
    const rates = await once();
    expect(rates[rates.length - 1]).toBeGreaterThan(2 * rates[0]);
    const before = device.memory().tensors;
    expect(await once()).toEqual(rates);
    expect(device.memory().tensors).toBe(before);
    trainer.dispose();
    bench.dispose();
  });
});

describe("the controller", () => {
  test("changes nothing at first, and stays in its ranges", () => {
    const controller = freshController(1);
    const { decay, ...same } = applied(START, run(controller, new Array(9).fill(0.5)));
    const { decay: first, ...rest } = START;
    expect(same).toEqual(rest);
    expect(decay).toBeCloseTo(first, 12);
    const wild = applied({ ...START, rate: 0.9 }, [50, 50, 50, 50]);
    expect(wild).toEqual({ rate: 1, batch: 64, drop: true, decay: 1e-2 });
    const least = applied({ ...START, rate: 1e-4 }, [-50, -50, -50, -50]);
    expect(least.rate).toBe(1e-4);
    expect(least.batch).toBe(16);
  });

  test("a plan's rate stays and falls; what is wanted leads back to it", () => {
    const plan = { peak: 0.2, falls: 0.5, batch: 64, drop: true, decay: 1e-4 };
    expect([0, 0.5, 1].map((share) => planned(plan, share))).toEqual([0.2, 0.2, 0.2 / 16]);
    const [low, up, drop, decay] = wanted(plan, 0.1, 0.01, 32);
    expect(Math.tanh(low)).toBeCloseTo(0.95, 12);
    expect(Math.tanh(up)).toBeCloseTo(0.95, 12);
    expect([drop, decay]).toEqual([1, 0]);
    const [same, stay] = wanted(plan, 0.1, 0.2, 64);
    expect([same, stay]).toEqual([0, 0]);
    const [down] = wanted(plan, 1, 0.2 / 4, 64);
    expect(Math.tanh(down)).toBeCloseTo(-0.95, 12);
  });

  test("plans go to where the best peak lies between two, then near it", () => {
    const random = stream(1);
    const tried: { plan: ReturnType<typeof nextPlan>; valid: number }[] = [];
    for (let k = 0; k < 12; k++) {
      const plan = nextPlan(tried, random);
      tried.push({ plan, valid: Math.abs(Math.log2(plan.peak / 0.011)) });
    }
    const peaks = tried.map(({ plan }) => plan.peak);
    expect(peaks.slice(0, 4)).toEqual([0.04, 0.16, 0.01, 0.0025]);
    expect(peaks[4]).toBeCloseTo(0.02, 12);
    for (const peak of peaks.slice(5)) expect(Math.abs(Math.log2(peak / 0.011))).toBeLessThan(1);
    expect(new Set(tried.slice(5).map(({ plan }) => plan.batch)).size).toBeGreaterThan(1);
  });

  test("imitation lifts a low rate, within its arithmetic, twice the same", async () => {
    const device = await wasmDevice();
    setDevice(device);
    const shop = shopOf(characterMlp());
    const lesson = { shop, seed: 3, examples: 1600 };
    const unit = shop.begin(3, 1600);
    await unit.advance(1600);
    const flops = 1.8 * shop.spent();
    const spent: number[] = [];
    const one = async () => {
      const before = shop.spent();
      const controller = await byImitation({ ...lesson, flops });
      spent.push(shop.spent() - before);
      return controller;
    };
    const controller = await one();
    expect(await one()).toEqual(controller);
    for (const each of spent) {
      expect(each).toBeLessThanOrEqual(flops);
      expect(each).toBeGreaterThan(regressionFlops(250));
    }
    unit.dispose();
    const fresh = shop.begin(4, 1600);
    expect(Math.tanh(run(controller, fresh.metrics())[0])).toBeGreaterThan(0.5);
    fresh.dispose();
    shop.dispose();
    device.dispose();
  });

  test("learns moves from examples", () => {
    const examples = [0, 1, 2, 3].map((i) => ({
      metrics: Array.from({ length: 9 }, (_, k) => (k === i ? 1 : -0.2)),
      targets: [i % 2 === 0 ? 1 : -1, null, null, null],
    }));
    const learned = regress(freshController(2), examples, 300, 0.01);
    for (const { metrics, targets } of examples) {
      expect(Math.abs(run(learned, metrics)[0] - targets[0]!)).toBeLessThan(0.1);
    }
  });
});
