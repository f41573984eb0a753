// The learned sampler: meta-training lowers its loss, the host's LSTM is the device's, and searches
// with it are functions of the told trials.

import { afterAll, beforeAll, expect, test } from "vitest";
import { ValueError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { wasmDevice } from "../src/device/wasm/device";
import { compile } from "../src/program/compile";
import {
  choice,
  float,
  type LearnedNet,
  learned,
  optimize,
  random,
  type Sampler,
  type StudyJSON,
  study,
  trainLearned,
} from "../src/search/index";

let device: Awaited<ReturnType<typeof wasmDevice>>;
let net: LearnedNet;
const losses: number[] = [];
const space = { a: float(0, 1), b: choice(["x", "y", "z"]) };
const small = { space, units: 12, horizon: 8, tasks: 16 };

beforeAll(async () => {
  device = await wasmDevice();
  setDevice(device);
  const tell = (_: number, loss: number) => void losses.push(loss);
  net = await trainLearned({ ...small, steps: 120, seed: 1, compile: compile as never, tell });
}, 60_000);
afterAll(() => device.dispose());

const search = async (sampler: Sampler, seed: number, trials: number) => {
  const made = study(space, { sampler, seed });
  return optimize(made, ({ a, b }) => (a - 0.3) ** 2 + (b === "y" ? 0 : 1), { trials });
};

test("meta-training improves, by seed, compiled or not", async () => {
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  expect(mean(losses.slice(-20))).toBeLessThan(mean(losses.slice(0, 20)) - 0.02);
  const short = { ...small, steps: 2, seed: 1 };
  const eager = await trainLearned(short);
  const compiled = await trainLearned({ ...short, compile: compile as never });
  for (const [i, v] of compiled.wx.entries()) expect(v).toBeCloseTo(eager.wx[i], 5);
  expect((await trainLearned({ ...short, seed: 2 })).wx).not.toEqual(eager.wx);
});

test("asks by the told trials alone, and goes on from JSON", async () => {
  const sampler = learned(net);
  const whole = await search(sampler, 3, 16);
  const first = await search(sampler, 3, 9);
  const again = study(space, { sampler, seed: 3 }).fromJSON(first.toJSON());
  await optimize(again, ({ a, b }) => (a - 0.3) ** 2 + (b === "y" ? 0 : 1), { trials: 16 });
  expect(again.trials()).toEqual(whole.trials());
  const asked = whole.trials().map(({ params }) => JSON.stringify(params));
  expect(new Set(asked).size).toBe(asked.length);
  expect(whole.best()!.value!).toBeLessThan(0.05);
});

test("what earlier studies found shows in what is asked first", async () => {
  const plane = { a: float(0, 1), b: float(0, 1) };
  const value = ({ a, b }: { a: number; b: number }) => (a - 0.85) ** 2 + (b - 0.2) ** 2;
  const earlier = study(plane, { sampler: random(), seed: 1 });
  await optimize(earlier, value, { trials: 25 });
  const form = { ...small, space: plane, steps: 150, seed: 1, compile: compile as never };
  const first = async (studies: StudyJSON[]) => {
    const sampler = learned(await trainLearned({ ...form, studies }));
    const made = await optimize(study(plane, { sampler, seed: 2 }), value, { trials: 3 });
    return made.best()!.value!;
  };
  const [informed, without] = [await first([earlier.toJSON()]), await first([])];
  expect(informed).toBeLessThan(0.02);
  expect(informed).toBeLessThan(without / 2);
});

test("a net of another size is refused, and another net is not the saved one", async () => {
  expect(() => learned({ ...net, units: 13 })).toThrow(
    new ValueError(
      "learned: the weights do not fit: 890 numbers, 2 dimensions and 13 units have 1016. Use " +
        "what trainLearned gave.",
    ),
  );
  const wide = study({ ...space, c: float(0, 1) }, { sampler: learned(net), seed: 0 });
  expect(() => wide.ask()).toThrow(
    "learned: the space does not fit: it has 3 parameters, the net 2 dimensions. Train one for " +
      "this space.",
  );
  const saved = (await search(learned(net), 3, 2)).toJSON();
  const other = learned({ ...net, wx: net.wx.map((x) => x + 1) });
  expect(() => study(space, { sampler: other, seed: 3 }).fromJSON(saved)).toThrow(
    /sampler differs/,
  );
  expect(() => study(space, { sampler: random(), seed: 3 }).fromJSON(saved)).toThrow(
    /sampler differs/,
  );
});
