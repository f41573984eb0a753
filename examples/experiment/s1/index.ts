// S1, hyperparameter search that learns across data sets: every sampler and scheduler with the same
// examples trained on, on data sets that no earlier study saw.

import { compile, search } from "hypergrad";
import {
  type Experiment,
  jobsOf,
  type Metric,
  type Outcome,
  type Plan,
  type Point,
  type Result,
  type Tell,
} from "../experiment";
import type { Settings } from "../options";
import { characterMlp, soundTransformer, tableMlp } from "../problems/builtIn";
import type { Problem } from "../problems/problem";
import { imdb, mnist, speech, titanic } from "../problems/real";
import { cellOf } from "../summary";
import { type Config, shopOf, space } from "./trainer";

const TRIALS = 20; // trainings of full length that a search may cost
const EXAMPLES = 800; // of one of them, for a minute of the budget and one seed of three
const ETA = 3;

type Work = {
  readonly problem: Problem;
  readonly earlier: readonly Problem[];
  readonly examples: number;
  readonly seed: number;
  readonly tell: Tell;
};
type Method = (work: Work) => Promise<Outcome>;
type Saved = search.StudyJSON;

interface Search {
  readonly sampler: search.Sampler;
  /** Steps are ninths of a full training. */
  readonly scheduler?: search.Scheduler;
  readonly warmStart?: readonly Saved[];
}

/** A search until its trainings have cost as much as TRIALS full ones. */
async function searched(
  { problem, examples, seed, tell }: Omit<Work, "earlier">,
  options: Search,
): Promise<{ outcome: Outcome; saved: Saved }> {
  const shop = shopOf(problem, seed);
  const study = search.study(space, { ...options, seed });
  const most = TRIALS * examples;
  const unit = options.scheduler === undefined ? examples : examples / ETA ** 2;
  const curve: Point[] = [];
  let best = { id: -1, value: Number.POSITIVE_INFINITY };
  let overhead = 0;
  let trials = 0;
  while (shop.spent() < most) {
    const from = performance.now();
    const asked = study.ask();
    overhead += (performance.now() - from) / 1000;
    if (asked === undefined) break;
    const { id, params, budget = 1 } = asked;
    const value = await shop.train(id, params as Config, Math.round(budget * unit), asked.from);
    study.tell(id, value);
    trials = Math.max(trials, id + 1);
    if (value < best.value) best = { id, value };
    curve.push([shop.spent() / examples, best.value]);
    await tell(Math.min(shop.spent(), most), most, `best ${best.value.toFixed(3)}`);
  }
  const { accuracy, f1 } = await shop.test(best.id);
  const { lr, optimizer, layers, units } = study.trials()[best.id].params;
  shop.dispose();
  const metrics = { accuracy, f1, valid: best.value, trials };
  const note = `${optimizer} ${lr.toPrecision(2)}, ${layers} × ${units}`;
  const outcome = { metrics, curves: { best: curve }, times: { overhead }, note };
  return { outcome, saved: study.toJSON() };
}

const by =
  (options: () => Search): Method =>
  async (work) =>
    (await searched(work, options())).outcome;

/** Studies of other data sets come first; their cost is shown, and is not this search's. */
const warm =
  (sampler: () => search.Sampler): Method =>
  async (work) => {
    const { earlier, seed, examples, tell } = work;
    const warmStart: Saved[] = [];
    for (const [i, problem] of earlier.entries()) {
      const quiet: Tell = async () => tell(i, 2 * earlier.length, "earlier data sets");
      const own = { problem, examples, seed: seed + 1000 + i, tell: quiet };
      warmStart.push((await searched(own, { sampler: search.random() })).saved);
    }
    const { outcome } = await searched(work, { sampler: sampler(), warmStart });
    return { ...outcome, note: `${outcome.note}; after ${earlier.length} earlier studies` };
  };

/** Meta-trained once for all seeds: it depends on nothing but the number of parameters. */
let net: Promise<search.LearnedNet> | undefined;
const learned: Method = async (work) => {
  const { tell } = work;
  net ??= search.trainLearned({
    ...{ dimensions: Object.keys(space).length, horizon: 16, units: 24, tasks: 32, steps: 150 },
    seed: 0,
    compile: compile as never,
    tell: (k) => tell(k, 300, "meta-training"),
  });
  const sampler = search.learned(await net);
  return (await searched(work, { sampler })).outcome;
};

const RUNGS = { max: ETA ** 2, eta: ETA };

const methods: Readonly<Record<string, Method>> = {
  random: by(() => ({ sampler: search.random() })),
  grid: by(() => ({ sampler: search.grid({ points: 3 }) })),
  TPE: by(() => ({ sampler: search.tpe({ start: 6 }) })),
  GP: by(() => ({ sampler: search.gp({ start: 6 }) })),
  "learned LSTM": learned,
  "random, ASHA": by(() => ({ sampler: search.random(), scheduler: search.asha(RUNGS) })),
  "TPE, ASHA": by(() => ({ sampler: search.tpe({ start: 10 }), scheduler: search.asha(RUNGS) })),
  "BOHB, Hyperband": by(() => ({ sampler: search.bohb(), scheduler: search.hyperband(RUNGS) })),
  PBT: by(() => ({
    sampler: search.random(),
    scheduler: search.pbt({ population: 12, interval: 2, max: 2 * ETA ** 2 }),
  })),
  "TPE, warm start": warm(() => search.tpe({ start: 6 })),
  "GP, warm start": warm(() => search.gp({ start: 6 })),
};

const metrics: Metric[] = [
  { name: "valid", label: "validation loss", better: "lower", form: "number" },
  { name: "accuracy", label: "test accuracy", better: "higher", form: "percent" },
  { name: "f1", label: "macro F1", better: "higher", form: "percent" },
  { name: "trials", label: "trials", better: "neither", form: "whole" },
  { name: "overhead", label: "search, s", better: "lower", form: "number", measured: true },
  { name: "seconds", label: "seconds", better: "neither", form: "number", measured: true },
];

function verdict(problems: readonly Problem[], results: readonly Result[]): string[] {
  return problems.flatMap(({ name }) => {
    const own = results.filter(({ group }) => group === name);
    const others = Object.keys(methods).filter((method) => method !== "random");
    const lines = others.map((method) => {
      const costs = own
        .filter((r) => r.method === method)
        .flatMap(({ seed, outcome }) => {
          const bound = own.find((r) => r.method === "random" && r.seed === seed);
          if (bound === undefined) return [];
          const target = bound.outcome.metrics.valid;
          return [outcome.curves!.best.find(([, y]) => y <= target)?.[0] ?? Number.NaN];
        });
      const { mean, bad, count } = cellOf(costs);
      if (bad === count) return `${method} never`;
      const missed = bad > 0 ? ` (not in ${bad} of ${count})` : "";
      return `${method} after ${mean.toFixed(1)}${missed}`;
    });
    return [
      `${name}: random search's result at ${TRIALS} trainings is reached: ${lines.join(", ")}.`,
    ];
  });
}

async function setsOf({ real }: Settings, folder?: string): Promise<[Problem[], Problem[]]> {
  if (real && folder !== undefined) {
    return [
      [await mnist(folder), await titanic(folder)],
      [await speech(folder), await imdb(folder)],
    ];
  }
  return [
    [characterMlp(10), tableMlp(11)],
    [characterMlp(20, 8), soundTransformer(21)],
  ];
}

export const s1: Experiment = {
  title: "S1: hyperparameter search that learns across data sets",
  async plan(settings, seeds, folder): Promise<Plan> {
    const [earlier, unseen] = await setsOf(settings, folder);
    const examples = Math.round((EXAMPLES * settings.budget * 3) / (seeds.length * 9)) * 9;
    return {
      about: [
        ...unseen.map(({ about }) => `test: ${about}`),
        ...earlier.map(({ about }) => `earlier studies: ${about}`),
        "Seven parameters: rate, batch size, dropout, optimizer, weight decay, layers, units. " +
          `Every search costs ${TRIALS} trainings of ${examples} examples; schedulers pause and ` +
          "resume trainings at a ninth, a third and the whole of that. Warm starts know random " +
          "searches on the earlier data sets, whose cost is not counted.",
      ],
      jobs: unseen.flatMap((problem) =>
        jobsOf(problem.name, Object.entries(methods), seeds, { problem, earlier, examples }),
      ),
      metrics: { "": metrics },
      charts: [
        { curve: "best", x: "cost in full trainings", y: "best validation loss", log: true },
      ],
      verdict: (results) => verdict(unseen, results),
    };
  },
};
