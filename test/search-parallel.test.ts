// Parallel trials: the same study whatever run ends first, paused runs and copies that go on from
// the very state they left, and a study that a crash cuts short and that ends as if it had not.

import { describe, expect, test } from "vitest";
import { ValueError } from "../src/core/errors";
import { stream } from "../src/core/random";
import {
  asha,
  bohb,
  float,
  hyperband,
  type Objective,
  type OptimizeOptions,
  optimize,
  pbt,
  random,
  type Sampler,
  type Scheduler,
  type Study,
  type StudyJSON,
  study,
  tpe,
} from "../src/search/index";

const space = { rate: float(0.01, 0.5), pull: float(-1, 1) };
type Params = { readonly rate: number; readonly pull: number };

/** A weight that is moved step by step, with noise that the step alone decides. */
function trained({ rate, pull }: Params, weight: number, from: number, to: number): number {
  let w = weight;
  for (let step = from; step < to; step++) {
    w -= rate * (w - pull + stream(5, step).normal());
  }
  return w;
}

const lossOf = (w: number) => (w - 0.3) ** 2;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Trains from the run's state; how long it takes is a matter of chance. */
const objective: Objective<typeof space> = async (params, run) => {
  await sleep(4 * Math.random());
  const { step = 0, budget = 4, state = 1 } = run;
  const middle = Math.floor((step + budget) / 2);
  let w = trained(params, state as number, step, middle);
  if (middle > step && middle < budget) expect(run.report(lossOf(w), middle)).toBe(true);
  await sleep(4 * Math.random());
  w = trained(params, w, middle, budget);
  return { value: lossOf(w), state: w };
};

const forms: [name: string, sampler: Sampler, scheduler: Scheduler | undefined][] = [
  ["tpe", tpe({ start: 4 }), undefined],
  ["asha", tpe({ start: 4 }), asha({ max: 9 })],
  ["hyperband", bohb(), hyperband({ max: 9 })],
  ["pbt", random(), pbt({ population: 6, interval: 2, max: 12 })],
];

const text = (made: Study<typeof space>) => JSON.stringify(made.toJSON());

describe.each(forms)("%s, four trials at a time", (_, sampler, scheduler) => {
  const fresh = () => study(space, { sampler, scheduler, seed: 3 });
  const run = (
    made: Study<typeof space>,
    options: Partial<OptimizeOptions<typeof space>> = {},
    own = objective,
  ) => optimize(made, own, { trials: 17, parallel: 4, ...options });

  test("is the same study every time", async () => {
    const [a, b] = await Promise.all([run(fresh()), run(fresh())]);
    expect(text(a)).toBe(text(b));
    expect(a.trials().every(({ state }) => state !== "running")).toBe(true);
    expect(a.trials().length).toBeGreaterThanOrEqual(12);
    const orders = a.toJSON().trials.map(({ order }) => order);
    if (scheduler === undefined) expect(orders).toEqual(orders.map((_, i) => i));
  });

  test("a trial that was paused, or copied, has the bits of one that never was", async () => {
    const begun = new Map<number, { step: number; from?: number }>();
    const made = await run(fresh(), {}, (params, at) => {
      const { id, step = 0, from } = at;
      if (!begun.has(id)) begun.set(id, { step, from });
      else expect(from).toBeUndefined();
      return objective(params, at);
    });
    const trials = made.trials();
    const straight = (id: number, to: number): number => {
      const { step, from } = begun.get(id)!;
      const before = from === undefined ? 1 : straight(from, step);
      return trained(trials[id].params, before, step, to);
    };
    for (const { id, value, step } of trials) {
      expect(value).toBe(lossOf(straight(id, scheduler === undefined ? 4 : step)));
    }
    const runs = trials.filter(({ reports }) => reports.length > 2); // with one in the middle
    if (scheduler !== undefined) expect(runs.length).toBeGreaterThan(2);
  });

  test("is the same study after crashes, with as many states kept as are needed", async () => {
    const whole = text(await run(fresh()));
    let saved: StudyJSON | undefined;
    const states = new Map<string, unknown>();
    let most = 0;
    for (const crash of [1, 3, 8, Infinity]) {
      const made = saved === undefined ? fresh() : fresh().fromJSON(JSON.parse(saved as never));
      let told = 0;
      const ended = await run(made, {
        states,
        told: () => {
          saved = text(made) as never;
          most = Math.max(most, states.size - made.trials().length);
          if (++told === crash) throw new Error("crash");
        },
      }).catch((error: Error) => error.message);
      if (crash < Infinity) expect(ended).toBe("crash");
      else expect(text(ended as Study<typeof space>)).toBe(whole);
    }
    expect(most).toBeLessThanOrEqual(4);
  });
});

test("a trial is told in its turn: a slow one holds back those behind it", async () => {
  const ended: number[] = [];
  const told: number[] = [];
  const made = study(space, { sampler: random(), seed: 1 });
  await optimize(
    made,
    async (_, { id }) => {
      await sleep(id === 0 ? 60 : 1);
      ended.push(id);
      return id;
    },
    { trials: 6, parallel: 3, told: ({ id }) => void told.push(id) },
  );
  expect(told).toEqual([0, 1, 2, 3, 4, 5]);
  expect(ended.slice(0, 3)).toEqual([1, 2, 0]);
});

describe("a run that ends early", () => {
  test.each([
    ["a value that is no number is the failure it is told as", Number.NaN],
    ["and so is an infinite one", Infinity],
  ])("%s", async (_, bad) => {
    const made = study(space, { sampler: tpe({ start: 2 }), seed: 1 });
    await optimize(
      made,
      (_, run) => {
        if (run.id !== 2) return 1;
        expect(run.report(bad, 3)).toBe(false);
        expect(run.report(0, 4)).toBe(false);
        return 0;
      },
      { trials: 5, parallel: 2 },
    );
    expect(made.trials().map(({ state }) => state)).toEqual(
      [0, 1, 2, 3, 4].map((id) => (id === 2 ? "failed" : "done")),
    );
    expect(made.trials()[2].reports).toEqual([{ step: 3, value: bad }]);
  });

  test("what an objective throws comes out when the others have ended, none is lost", async () => {
    const made = study(space, { sampler: random(), seed: 1 });
    const run = optimize(
      made,
      async (_, { id }) => {
        await sleep(id === 2 ? 1 : 10);
        if (id === 2) throw new RangeError("no such thing");
        return id;
      },
      { trials: 9, parallel: 3 },
    );
    await expect(run).rejects.toThrow(new RangeError("no such thing"));
    const states = made.trials().map(({ state }) => state);
    expect(states.filter((state) => state === "failed")).toEqual(["failed"]);
    expect(states).not.toContain("running");
    expect(states.length).toBeLessThan(9);
  });

  test("a value that is none is an error, and the trial failed", async () => {
    const made = study(space, { sampler: random(), seed: 1 });
    const run = optimize(made, () => undefined as never, { trials: 3 });
    await expect(run).rejects.toThrow(
      new ValueError(
        "tell: the value is no number: got undefined for trial 0. Tell NaN if it failed.",
      ),
    );
    expect(made.trials().map(({ state }) => state)).toEqual(["failed"]);
  });
});
