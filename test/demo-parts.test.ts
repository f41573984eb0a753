// The demo's parts that need no training: intervals, progress, checkpoints on disk, pictures.

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../examples/commandLine";
import { curves, smooth } from "../examples/demo/charts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../examples/demo/checkpoint";
import { cellText, summarize, tableText } from "../examples/demo/evaluate";
import { parseOptions } from "../examples/demo/options";
import { pictureOf } from "../examples/demo/picture";
import { clock, progress } from "../examples/demo/progress";
import { phasesOf } from "../examples/demo/run";
import type { Tasks } from "../examples/demo/tasks";

const settings = parseOptions([])!.settings;

describe("summarize", () => {
  test("mean and 1.96 s / sqrt(n) of each column", () => {
    const cells = summarize(
      [
        [
          [0, 1],
          [1, 1],
          [0, 1],
          [1, 1],
        ],
      ],
      "accuracy",
    );
    expect(cells[0].mean).toBe(0.5);
    expect(cells[0].half).toBeCloseTo((1.96 * Math.sqrt(1 / 3)) / 2, 12);
    expect(cells[1]).toEqual({ mean: 1, half: 0, bad: 0 });
  });

  test("several seeds are averaged task by task", () => {
    const cells = summarize(
      [
        [[0], [1]],
        [[1], [0]],
      ],
      "MSE",
    );
    expect(cells[0]).toEqual({ mean: 0.5, half: 0, bad: 0 });
  });

  test("a result that is no number is counted: wrong for accuracy, the mean itself for MSE", () => {
    const scores = [[[1], [Number.NaN], [1], [1]]];
    expect(summarize(scores, "accuracy")[0]).toMatchObject({ mean: 0.75, bad: 1 });
    const [cell] = summarize(scores, "MSE");
    expect([cell.mean, cell.bad]).toEqual([Number.NaN, 1]);
    expect(cellText(cell, "MSE")).toBe("NaN ± NaN (1 not finite)");
  });

  test("the table stars steps beyond training and names what was not trained", () => {
    const cells = Array.from({ length: 5 }, () => ({ mean: 0.9, half: 0.01, bad: 0 }));
    const rows = [
      { label: "second order", cells },
      { label: "first order", cells: null },
    ];
    const lines = tableText(rows, settings, { measure: "accuracy" } as Tasks).split("\n");
    expect(lines[0]).toMatch(/0 steps +1 step +3 steps\* +5 steps\* +10 steps\*$/);
    expect(lines[2]).toMatch(/^second order +90\.0 ± 1\.0 % /);
    expect(lines[3]).toMatch(/^first order +not trained /);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });
});

describe("progress", () => {
  test("without a terminal: the last step always has its line, others are seconds apart", () => {
    let text = "";
    const stream = {
      isTTY: false,
      write(s: string) {
        text += s;
        return true;
      },
    } as NodeJS.WriteStream;
    const bar = progress("order 2", 100, 0, stream);
    for (let i = 1; i <= 100; i++) bar.update(i, "loss 0.500");
    bar.stop();
    expect(text).toBe("order 2  100/100  loss 0.500  0:00 left\n");
  });

  test("clock", () => {
    expect([0, 9.6, 125, 3609].map(clock)).toEqual(["0:00", "0:10", "2:05", "1:00:09"]);
  });
});

describe("checkpoints", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hypergrad-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  function sample(): Checkpoint {
    const phases = phasesOf({ ...settings, seeds: 2 });
    phases[0] = {
      ...{ ...phases[0], done: 2, loss: [1.6, 0.1 + 0.2], score: [[2, 0.7]], seconds: 1.5 },
      arrays: { "params[0].w": { data: Float32Array.from([1, -0]), shape: [1, 2] } },
    };
    return { settings, device: "wasm: because", version: "0", phases };
  }

  test("phases are all seeds of an order, then the next order", () => {
    const list = phasesOf({ ...settings, seed: 3, seeds: 2 }).map((p) => [p.order, p.seed]);
    expect(list).toEqual([
      [2, 3],
      [2, 4],
      [1, 3],
      [1, 4],
    ]);
  });

  test("come back bit by bit, into a folder made for them", async () => {
    const path = join(folder, "new", "a.safetensors");
    await writeCheckpoint(path, sample());
    expect(await readCheckpoint(path)).toEqual(sample());
    expect(await readdir(join(folder, "new"))).toEqual(["a.safetensors"]);
  });

  test("a failed save leaves the earlier file whole and nothing beside it", async () => {
    const path = join(folder, "b.safetensors");
    await writeCheckpoint(path, sample());
    const whole = await readFile(path);
    const broken = sample();
    broken.phases[0].arrays = { w: { data: new Float32Array(3), shape: [4] } };
    await expect(writeCheckpoint(path, broken)).rejects.toThrow("values and shape differ");
    await expect(writeCheckpoint(folder, sample())).rejects.toThrow();
    expect(Buffer.compare(await readFile(path), whole)).toBe(0);
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("a missing, cut or foreign file is a usage error that names it", async () => {
    const path = join(folder, "c.safetensors");
    await expect(readCheckpoint(path)).rejects.toThrow(UsageError);
    await expect(readCheckpoint(path)).rejects.toThrow(`--resume ${path}: ENOENT`);
    await writeCheckpoint(path, sample());
    await writeFile(path, (await readFile(path)).subarray(0, 300));
    await expect(readCheckpoint(path)).rejects.toThrow(UsageError);
    await expect(readCheckpoint(path)).rejects.toThrow("damaged: expected ");
    const header = new TextEncoder().encode("{}");
    await writeFile(path, Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, ...header]));
    await expect(readCheckpoint(path)).rejects.toThrow(
      `--resume ${path}: not a checkpoint of this demo`,
    );
  });
});

describe("the report's pictures", () => {
  test("pictureOf: ink is black, paper white", () => {
    const uri = pictureOf([1, 0, 0, 1, 0.5, 0], 2, 3);
    const png = PNG.sync.read(Buffer.from(uri.split(",")[1], "base64"));
    expect([png.width, png.height]).toEqual([3, 2]);
    expect([0, 1, 2, 3, 4, 5].map((i) => png.data[4 * i])).toEqual([0, 255, 255, 0, 128, 255]);
  });

  test("curves: one SVG path a curve, and a legend", () => {
    const points = [0, 1, 2].map((x) => ({ x, y: 1 + x * x }));
    const two = [
      { label: "order 2", points },
      { label: "order 1", points },
    ];
    const svg = curves(two, { x: "meta-step", y: "loss", log: true });
    expect(svg.match(/stroke="#(2563eb|dc2626)"/g)).toEqual([
      'stroke="#2563eb"',
      'stroke="#dc2626"',
    ]);
    expect(svg).toContain("</i>order 1</span>");
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  test("smooth averages blocks and leaves out what is not finite", () => {
    expect(smooth([1, 3, 5, Number.NaN, Number.NaN, Number.NaN], 3)).toEqual([
      { x: 1, y: 2 },
      { x: 2.5, y: 5 },
    ]);
  });
});
