// The training example: each task learns on its generated data, wrong options are one clear line,
// and a training goes on from what was saved.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Device, init } from "hypergrad";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../examples/commandLine";
import { help, parseOptions } from "../examples/train/options";
import { accuracyOf, type Outcome, runAll, type Watch } from "../examples/train/run";
import { tasks } from "../examples/train/tasks";

const silent: Watch = { step: () => {}, epoch: () => {}, done: () => {} };
const command = (line: string) => {
  const made = parseOptions(line.split(" "));
  if (made === null) throw new Error("it asks for help");
  return made;
};

let on: Device;
let folder: string;
beforeAll(async () => {
  on = await init({ device: "wasm" });
  folder = await mkdtemp(join(tmpdir(), "hypergrad-"));
});
afterAll(async () => {
  on.dispose();
  await rm(folder, { recursive: true });
});

describe("parseOptions", () => {
  test("a task alone runs on generated data, once", () => {
    expect(command("--task mnist")).toMatchObject({
      ...{ data: undefined, seed: 0, seeds: 1, device: "auto", save: undefined },
      settings: { epochs: 5, batch: 32, lr: 2e-3 },
    });
  });

  test("with data it has the settings of the real one; options change them", () => {
    const line = "--task cifar --data d --epochs 3 --lr 1e-3 --set dropout=0 --set shift=2";
    expect(command(line).settings).toMatchObject({
      ...{ epochs: 3, batch: 64, lr: 1e-3, dropout: 0, shift: 2, mirror: 1 },
    });
    const rest = "--seeds 3 --seed 4 --device wasm --threads 2 --out r.json --save s --every 5";
    expect(command(`--task mnist ${rest}`)).toMatchObject({
      ...{ seeds: 3, seed: 4, device: "wasm", threads: 2, out: "r.json", save: "s", every: 5 },
    });
  });

  test("--help names every task", () => {
    expect(parseOptions(["--help"])).toBeNull();
    for (const { name, title } of tasks) expect(help()).toContain(`  ${name.padEnd(18)} ${title}`);
  });

  test.each([
    ["--seeds 2", "give --task, one of mnist, cifar, "],
    ["--task none", "--task is one of mnist, cifar, "],
    ["--task mnist --seeds 0", '--seeds is a whole number from 1; got "0"'],
    ["--task mnist --epochs 1.5", '--epochs is a whole number from 1; got "1.5"'],
    ["--task mnist --lr fast", 'the setting lr is a number, not "fast"'],
    ["--task mnist --set depth=2", "mnist has no setting depth: epochs, batch, lr, "],
    ["--task mnist --device tpu", '--device is auto, reference, wasm, webgpu; got "tpu"'],
    ["--task mnist --every 5", "--every needs --save DIR"],
    ["--task mnist --steps 5", "Unknown option '--steps'"],
  ])("%s is refused", (line, text) => {
    expect(() => command(line)).toThrow(UsageError);
    expect(() => command(line)).toThrow(text);
  });
});

describe("a task", () => {
  test.each(tasks.map((task) => [task.name, task] as const))("%s learns", async (name, task) => {
    const own = command(`--task ${name}`);
    const before = on.memory().tensors;
    const losses: number[] = [];
    const loaded = await task.load(undefined);
    const outcomes = await runAll(own, loaded, {
      ...silent,
      epoch: (_, fold, { loss }) => fold === 0 && losses.push(loss),
    });
    expect(losses).toHaveLength(own.settings.epochs);
    expect(losses.at(-1)).toBeLessThan(losses[0]);
    const accuracy = accuracyOf(outcomes, 0);
    expect(accuracy).toBeGreaterThan(0.3);
    expect(accuracy).toBeLessThanOrEqual(1);
    expect(on.memory().tensors).toBe(before);
    expect(task.goal).toBeGreaterThan(0.5);
  });

  test("a seed gives its accuracy again, another seed another training", async () => {
    const [task] = tasks;
    const run = async (line: string) => {
      const outcomes = await runAll(command(line), await task.load(undefined), silent);
      return outcomes.map(({ loss }) => loss);
    };
    const [a, b] = await run(`--task ${task.name} --epochs 1 --seeds 2`);
    expect(a).not.toBe(b);
    expect(await run(`--task ${task.name} --epochs 1 --seed 1`)).toEqual([b]);
  });

  test("goes on from what was saved", async () => {
    const line = "--task titanic --epochs 3";
    const task = tasks.find(({ name }) => name === "titanic")!;
    const whole = await runAll(command(line), await task.load(undefined), silent);
    const saving = `${line} --save ${join(folder, "states")} --every 2`;
    const abort = new AbortController();
    const reports: number[] = [];
    const watch: Watch = {
      ...silent,
      epoch: (_, fold, { epoch }) => {
        reports.push(fold);
        if (fold === 1 && epoch === 1) abort.abort();
      },
    };
    const begun = await runAll(command(saving), await task.load(undefined), watch, abort.signal);
    expect(begun).toHaveLength(1);
    expect(reports).toEqual([0, 0, 0, 1, 1]);
    expect((await readdir(join(folder, "states"))).sort()).toEqual([
      ...[0, 1].map((fold) => `titanic-0-${fold}.safetensors`),
      "titanic.json",
    ]);
    const other = command(`${saving} --lr 0.5`);
    await expect(runAll(other, await task.load(undefined), silent)).rejects.toThrow(
      "has trainings of other settings, ",
    );
    const rest = await runAll(command(saving), await task.load(undefined), silent);
    const bits = (list: Outcome[]) => list.map(({ accuracy, loss }) => [accuracy, loss]);
    expect(bits(rest)).toEqual(bits(whole));
  });
});
