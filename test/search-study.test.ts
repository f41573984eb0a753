// Studies: ask and tell with every sampler, resume bit by bit, schedulers that pause and continue,
// and every error, word for word.

import { describe, expect, test } from "vitest";
import { hartmann6 } from "../bench/surfaces";
import { ValueError } from "../src/core/errors";
import {
  asha,
  bohb,
  brackets,
  choice,
  cmaes,
  float,
  gp,
  grid,
  hyperband,
  integer,
  optimize,
  pbt,
  random,
  type Sampler,
  type Space,
  type StudyJSON,
  study,
  tpe,
} from "../src/search/index";

const space = {
  lr: float(1e-4, 1, { log: true }),
  units: integer(16, 256, { log: true }),
  kind: choice(["sgd", "adam"]),
  momentum: float(0, 0.99, { when: { kind: "sgd" } }),
};

type Point = { lr: number; units: number; kind: string; momentum?: number };

/** Lowest, 0, at sgd, lr .01, 64 units, momentum .9. */
function bowl({ lr, units, kind, momentum = 0 }: Point): number {
  const near = (Math.log10(lr) + 2) ** 2 + (Math.log2(units) - 6) ** 2 / 4;
  return near + (kind === "sgd" ? (momentum - 0.9) ** 2 : 1);
}

const samplers: Sampler[] = [random(), grid({ points: 3 }), tpe(), gp(), cmaes(), bohb()];

describe.each(samplers.map((sampler) => [sampler.name, sampler] as const))("%s", (_, sampler) => {
  const run = async (seed: number, trials: number) => {
    const made = study(space, { sampler, seed });
    return optimize(made, (params) => bowl(params as Point), { trials });
  };

  test("asks inside the space, by seed, and a parameter only where it exists", async () => {
    const [a, b] = [await run(1, 30), await run(1, 30)];
    expect(a.trials()).toEqual(b.trials());
    for (const { params } of a.trials()) {
      expect(params.lr).toBeGreaterThanOrEqual(1e-4);
      expect(params.lr).toBeLessThanOrEqual(1);
      expect(Number.isInteger(params.units) && params.units >= 16 && params.units <= 256).toBe(
        true,
      );
      expect("momentum" in params).toBe(params.kind === "sgd");
    }
  });

  test("goes on from JSON as if it had never stopped", async () => {
    const whole = await run(2, 24);
    const first = await run(2, 13);
    const text = JSON.stringify(first.toJSON());
    const again = study(space, { sampler, seed: 2 }).fromJSON(JSON.parse(text));
    await optimize(again, (params) => bowl(params as Point), { trials: 24 });
    expect(JSON.stringify(again.toJSON())).toBe(JSON.stringify(whole.toJSON()));
  });
});

test.each([tpe(), gp(), cmaes(), bohb()])("$name finds better than random search", async (s) => {
  const best = async (sampler: Sampler) => {
    const values = [0, 1, 2, 3, 4].map(async (seed) => {
      const made = study(hartmann6.space, { sampler, seed });
      await optimize(made, (x) => hartmann6.value(Object.values(x)), { trials: 50 });
      return made.best()!.value!;
    });
    return (await Promise.all(values)).sort((a, b) => a - b)[2];
  };
  expect(await best(s)).toBeLessThan(await best(random()));
});

test("warm start asks the best of an earlier study first", async () => {
  const earlier = study(space, { sampler: gp(), seed: 3 });
  await optimize(earlier, (params) => bowl(params as Point), { trials: 30 });
  const json: StudyJSON = earlier.toJSON();
  const next = study(space, { sampler: gp(), seed: 4, warmStart: [json] });
  expect(next.ask()!.params).toEqual(earlier.best()!.params);
  const cold = study(space, { sampler: gp(), seed: 4 });
  for (const one of [next, cold]) {
    await optimize(one, (params) => bowl(params as Point), { trials: 8 });
  }
  expect(next.best()!.value!).toBeLessThan(cold.best()!.value!);
});

test("asha continues the best third of a rung from where it paused", async () => {
  const made = study(space, { sampler: random(), scheduler: asha({ max: 9 }), seed: 5 });
  const trained = new Map<number, number>();
  await optimize(
    made,
    (params, run) => {
      expect(run.step).toBe(trained.get(run.id) ?? 0);
      trained.set(run.id, run.budget!);
      return bowl(params as Point) + 1 / run.budget!;
    },
    { trials: 27 },
  );
  const reached = (budget: number) => [...trained.values()].filter((v) => v >= budget).length;
  expect([reached(1), reached(3)]).toEqual([27, 9]);
  expect(reached(9)).toBeGreaterThanOrEqual(3);
  const total = [...trained.values()].reduce((sum, v) => sum + v, 0);
  expect(total).toBeLessThan((27 * 9) / 2);
  expect(made.trials().filter(({ state }) => state === "running")).toEqual([]);
});

test("hyperband runs the brackets of the paper", async () => {
  expect(brackets(81, 3)[0]).toEqual([
    { trials: 81, budget: 1 },
    { trials: 27, budget: 3 },
    { trials: 9, budget: 9 },
    { trials: 3, budget: 27 },
    { trials: 1, budget: 81 },
  ]);
  const made = study(space, { sampler: bohb(), scheduler: hyperband({ max: 9 }), seed: 6 });
  await optimize(made, (params) => bowl(params as Point), { trials: 17 });
  const done = made.trials().map(({ reports }) => reports.at(-1)?.step);
  // 9 + 5 + 3 begin; 1, 1 and 3 of them reach 9.
  expect(done.filter((step) => step === 9).length).toBe(5);
});

test("pbt replaces the worst by changed copies of the best", async () => {
  const scheduler = pbt({ population: 6, interval: 2, max: 40 });
  const made = study(space, { sampler: random(), scheduler, seed: 7 });
  await optimize(made, (params) => bowl(params as Point), { trials: 6 });
  const trials = made.trials();
  const copies = trials.filter(({ from }) => from !== undefined);
  expect(copies.length).toBeGreaterThan(5);
  expect(trials.filter(({ state }) => state === "stopped").length).toBe(copies.length);
  expect(made.best()!.value!).toBeLessThan(
    Math.min(...trials.slice(0, 6).map(({ reports }) => reports[0].value)),
  );
});

test("what is fixed is the same in a copy, and must be of the space", async () => {
  const form = { population: 6, interval: 2, max: 40 };
  const run = (fixed: string[]) => {
    const made = study(space, { sampler: random(), scheduler: pbt({ ...form, fixed }), seed: 7 });
    return optimize(made, (params) => bowl(params as Point), { trials: 6 });
  };
  const trials = (await run(["units", "kind"])).trials();
  const copies = trials.filter(({ from }) => from !== undefined);
  expect(copies.length).toBeGreaterThan(5);
  for (const { params, from } of copies) {
    expect(params.units).toBe(trials[from!].params.units);
    expect(params.kind).toBe(trials[from!].params.kind);
  }
  expect(copies.some(({ params, from }) => params.lr !== trials[from!].params.lr)).toBe(true);
  await expect(run(["width"])).rejects.toThrow(
    new ValueError(
      'pbt: fixed has an unknown name: "width"; the space has lr, units, kind, momentum. ' +
        "Correct it.",
    ),
  );
});

test("a trial that fails is kept, counted and worse than all others", async () => {
  const made = study(space, { sampler: tpe({ start: 4 }), seed: 8 });
  for (let i = 0; i < 12; i++) made.tell(made.ask()!.id, i % 3 === 0 ? NaN : i);
  expect(made.trials().filter(({ state }) => state === "failed").length).toBe(4);
  expect(made.best()!.value).toBe(1);
});

test("a lost run is run again first", async () => {
  const made = study(space, { sampler: random(), seed: 9 });
  const { id, params } = made.ask()!;
  const again = study(space, { sampler: random(), seed: 9 }).fromJSON(made.toJSON());
  const seen: unknown[] = [];
  await optimize(
    again,
    (p, run) => {
      seen.push([run.id, p]);
      return 0;
    },
    { trials: 2 },
  );
  expect(seen[0]).toEqual([id, params]);
  expect(seen.length).toBe(2);
});

const told = () => {
  const made = study(space, { sampler: random(), seed: 1 });
  made.tell(made.ask()!.id, 2);
  made.ask();
  return made;
};

const errors: [name: string, f: () => unknown, text: string][] = [
  [
    "a choice between nothing",
    () => choice([]),
    "choice: nothing to choose from: got an empty list. Give at least one value.",
  ],
  [
    "an empty choice written by hand",
    () => study({ a: { kind: "choice", values: [] } } as unknown as Space, { ...options }),
    "choice: nothing to choose from: got an empty list. Give at least one value.",
  ],
  [
    "an empty space",
    () => study({}, { ...options }),
    "study: the space is empty: {} has no parameter. Give at least one.",
  ],
  [
    "a rate of NaN",
    () => float(NaN, 1),
    "float: a bound is no finite number: low is NaN, high is 1. Give two numbers.",
  ],
  [
    "a log range from a negative rate",
    () => float(-1, 1, { log: true }),
    "float: a log range must be above 0: low is -1, high is 1. Raise low, or leave log out.",
  ],
  [
    "a tell for a trial that was never asked",
    () => told().tell(7, 1),
    "tell: no such trial: 7; asked were 0 to 1. Use an id from ask().",
  ],
  [
    "a tell before any ask",
    () => study(space, { ...options }).tell(0, 1),
    "tell: no such trial: 0; none was asked. Use an id from ask().",
  ],
  [
    "a second tell",
    () => told().tell(0, 1),
    "tell: trial 0 is not running: it is done with value 2. Tell each trial that ask() gives once.",
  ],
  [
    "a sampler that is none",
    () => study(space, { sampler: undefined as unknown as Sampler, seed: 0 }),
    "study: sampler is none: got undefined. Use a value such as tpe().",
  ],
];
const options = { sampler: random(), seed: 0 };

test.each(errors)("error: %s", (_, f, text) => {
  expect(f).toThrow(new ValueError(text));
});

test("a saved study that is damaged is told of, and changes nothing", () => {
  const space = { x: float(0, 1) };
  const made = study(space, { sampler: random(), seed: 4 });
  for (let i = 0; i < 3; i++) made.tell(made.ask()!.id, i);
  const saved = made.toJSON();
  const take = (json: unknown) =>
    study(space, { sampler: random(), seed: 4 }).fromJSON(json as typeof saved);
  const whole = "Give what toJSON() gave, or JSON.parse of its text.";
  expect(() => take(null)).toThrow(
    `fromJSON: no saved study: got object, version undefined. ${whole}`,
  );
  const { reports: _, ...rest } = saved.trials[1];
  const damaged = { ...saved, trials: [saved.trials[0], rest, saved.trials[2]] };
  const goesOn = study(space, { sampler: random(), seed: 4 });
  expect(() => goesOn.fromJSON(damaged as typeof saved)).toThrow(
    `fromJSON: trial 1 is without params or without reports. ${whole}`,
  );
  expect(goesOn.toJSON()).toEqual(study(space, { sampler: random(), seed: 4 }).toJSON());
});

test("a tell that throws changes nothing", () => {
  const made = told();
  const before = JSON.stringify(made.toJSON());
  expect(() => made.tell(9, 1)).toThrow(ValueError);
  expect(() => made.tell(1, "0.5" as unknown as number)).toThrow(ValueError);
  expect(JSON.stringify(made.toJSON())).toBe(before);
});
