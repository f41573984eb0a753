// The demo's command line: defaults are the protocols, and each wrong option is one clear line.

import { describe, expect, test } from "vitest";
import { UsageError } from "../examples/commandLine";
import { help, parseOptions } from "../examples/demo/options";

const parse = (line: string) => parseOptions(line === "" ? [] : line.split(" "));

describe("parseOptions", () => {
  test("no options: characters, both orders", () => {
    expect(parse("")).toMatchObject({
      settings: {
        task: "characters",
        way: 5,
        shot: 1,
        query: 1,
        steps: 1,
        orders: [2, 1],
        seed: 0,
      },
      save: "checkpoints/characters.safetensors",
      out: "report.html",
    });
  });

  test("sinusoid takes its own protocol", () => {
    expect(parse("--task sinusoid")?.settings).toMatchObject({
      ...{ shot: 10, query: 10, steps: 1, metaBatch: 25, filters: 40, innerLr: 0.01 },
      ...{ outerLr: 0.001, outerDecay: 0, iterations: 15000, testTasks: 600 },
    });
  });

  test("every option reaches the settings", () => {
    const line =
      "--task omniglot --data d --way 20 --shot 5 --query 2 --steps 3 --order 1 --seed 9 --seeds " +
      "2 --device wasm --iterations 7 --meta-batch 4 --filters 64 --inner-lr 1e-1 --test-tasks " +
      "50 --outer-lr 0.01 --outer-decay 1 " +
      "--graph g.html --out a.html --save b.safetensors";
    expect(parse(line)).toEqual({
      settings: {
        ...{ task: "omniglot", way: 20, shot: 5, query: 2, steps: 3, orders: [1], seed: 9 },
        ...{ seeds: 2, device: "wasm", iterations: 7, metaBatch: 4, filters: 64, innerLr: 0.1 },
        ...{ outerLr: 0.01, outerDecay: 1, testTasks: 50 },
      },
      ...{ data: "d", resume: undefined, out: "a.html", save: "b.safetensors" },
      graph: "g.html",
    });
  });

  test("--resume saves to the same file and takes no settings", () => {
    expect(parse("--resume a.st --out b.html")).toMatchObject({ resume: "a.st", save: "a.st" });
    expect(() => parse("--resume a.st --way 5")).toThrow(
      "--resume takes its settings from the file: leave out --way",
    );
  });

  test("--help gives null, and the text names every option", () => {
    expect(parse("--help")).toBeNull();
    for (const name of ["task", "data", "way", "order", "resume", "device", "iterations", "out"]) {
      expect(help).toContain(`--${name} `);
    }
  });

  test.each([
    ["--task mnist", '--task is sinusoid, characters, omniglot; got "mnist"'],
    ["--way 1", '--way is a whole number from 2; got "1"'],
    ["--way 2.5", '--way is a whole number from 2; got "2.5"'],
    ["--shot 0", '--shot is a whole number from 1; got "0"'],
    ["--steps many", '--steps is a whole number from 1; got "many"'],
    ["--seed=-1", '--seed is a whole number from 0; got "-1"'],
    ["--iterations=", '--iterations is a whole number from 1; got ""'],
    ["--inner-lr 0", '--inner-lr is a number above 0; got "0"'],
    ["--inner-lr Infinity", '--inner-lr is a number above 0; got "Infinity"'],
    ["--outer-lr=-1", '--outer-lr is a number above 0; got "-1"'],
    ["--outer-decay 1.5", '--outer-decay is a number from 0 to 1; got "1.5"'],
    ["--order 3", '--order is 1, 2; got "3"'],
    ["--device gpu", '--device is auto, reference, wasm, webgpu; got "gpu"'],
    ["--task omniglot", "--task omniglot needs --data DIR, the folder of omniglot.json"],
    ["--data d", "--data means nothing with --task characters: leave it out"],
    ["--task sinusoid --way 5", "--way means nothing with --task sinusoid: leave it out"],
    ["--epochs 5", "Unknown option '--epochs'"],
    ["5", "Unexpected argument '5'"],
    ["--way", "Option '--way <value>' argument missing"],
  ])("%s", (line, text) => {
    const error = (() => {
      try {
        return parse(line);
      } catch (e) {
        return e;
      }
    })();
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(text);
    expect((error as Error).message).not.toContain("\n");
  });
});
