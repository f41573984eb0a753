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
import type { Problem } from "../problems/problem";
import { builtInSets, realSets } from "./sets";
import { type Config, shopOf, space } from "./trainer";

const TRIALS = 40; // trainings of full length that a search may cost
// Of one of them, for a minute of the budget and one seed of three.
const EXAMPLES = { builtIn: 300, real: 150 };
const ETA = 3;

type Saved = search.StudyJSON;
type Work = {
  readonly problem: Problem;
  /** Studies of other data sets. */
  readonly earlier: (tell: Tell) => Promise<readonly Saved[]>;
  readonly examples: number;
  readonly seed: number;
  readonly tell: Tell;
};
type Method = (work: Work) => Promise<Outcome>;

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
  const curves = { best: curve, whole: atWholeCosts(curve) };
  const outcome = { metrics, curves, times: { overhead }, note };
  return { outcome, saved: study.toJSON() };
}

/** The best so far at every whole cost, at which seeds have a mean; before the first trial ends
 * there is none. */
function atWholeCosts(curve: readonly Point[]): Point[] {
  return Array.from({ length: TRIALS }, (_, k): Point => {
    const before = curve.filter(([cost]) => cost <= k + 1);
    return [k + 1, before.at(-1)?.[1] ?? Number.NaN];
  });
}

const by =
  (options: () => Search): Method =>
  async (work) =>
    (await searched(work, options())).outcome;

/** Random searches on data sets, once for all methods and seeds; their cost is shown with the first
 * method that asks for them, and is no search's own. */
function studiesOf(problems: readonly Problem[], examples: number): Work["earlier"] {
  let made: Promise<readonly Saved[]> | undefined;
  const run = async (tell: Tell) => {
    const studies: Saved[] = [];
    for (const [i, problem] of problems.entries()) {
      const quiet: Tell = () => tell(i, 2 * problems.length, "earlier data sets");
      const work = { problem, examples, seed: 1000 + i, tell: quiet };
      studies.push((await searched(work, { sampler: search.random() })).saved);
    }
    return studies;
  };
  return (tell) => {
    made ??= run(tell);
    return made;
  };
}

const warm =
  (sampler: () => search.Sampler): Method =>
  async (work) => {
    const warmStart = await work.earlier(work.tell);
    return (await searched(work, { sampler: sampler(), warmStart })).outcome;
  };

/** Meta-trained once for all seeds, on what the earlier studies found. */
let net: Promise<search.LearnedNet> | undefined;
const learned: Method = async (work) => {
  const { tell } = work;
  const studies = await work.earlier(tell);
  net ??= search.trainLearned({
    ...{ space, studies, horizon: 24, units: 32, tasks: 32, steps: 200, seed: 0 },
    compile: compile as never,
    tell: (k) => tell(k, 400, "meta-training"),
  });
  const sampler = search.learned(await net);
  return (await searched(work, { sampler })).outcome;
};

/** As many points as there are trainings, on what matters most; the rest stays in the middle. */
const GRID = { lr: 5, batch: 1, dropout: 1, decay: 1, layers: 2, units: 2 };
const RUNGS = { max: ETA ** 2, eta: ETA };

const methods: Readonly<Record<string, Method>> = {
  random: by(() => ({ sampler: search.random() })),
  grid: by(() => ({ sampler: search.grid({ points: GRID }) })),
  TPE: by(() => ({ sampler: search.tpe({ start: 6 }) })),
  GP: by(() => ({ sampler: search.gp({ start: 6 }) })),
  "learned LSTM": learned,
  "random, ASHA": by(() => ({ sampler: search.random(), scheduler: search.asha(RUNGS) })),
  // The lowest rung says little of a trial: with fewer at random, or fewer that count as good, the
  // search gathers round the first one that was lucky there.
  "TPE, ASHA": by(() => ({
    sampler: search.tpe({ start: 20, good: 0.25 }),
    scheduler: search.asha(RUNGS),
  })),
  "BOHB, Hyperband": by(() => ({ sampler: search.bohb(), scheduler: search.hyperband(RUNGS) })),
  PBT: by(() => ({
    sampler: search.random(),
    scheduler: search.pbt({
      ...{ population: 12, interval: 2, max: 2 * ETA ** 2 },
      fixed: ["layers", "units", "optimizer"], // what decides the form of the weights
    }),
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
    const run = (method: string) => own.some((r) => r.method === method);
    if (!run("random")) return [];
    const others = Object.keys(methods).filter((method) => method !== "random" && run(method));
    const lines = others.map((method) => {
      const costs = own
        .filter((r) => r.method === method)
        .flatMap(({ seed, outcome }) => {
          const bound = own.find((r) => r.method === "random" && r.seed === seed);
          if (bound === undefined) return [];
          const target = bound.outcome.metrics.valid;
          return [outcome.curves!.best.find(([, y]) => y <= target)?.[0] ?? Infinity];
        })
        .sort((a, b) => a - b);
      const middle = costs[Math.floor((costs.length - 1) / 2)];
      const half = costs.filter((cost) => cost <= TRIALS / 2).length;
      const never = costs.filter((cost) => cost === Infinity).length;
      const after = middle === Infinity ? "never" : `after ${middle.toFixed(1)}`;
      return (
        `${method} ${after}, by half the cost in ${half} of ${costs.length}` +
        (never === 0 ? "" : `, never in ${never}`)
      );
    });
    return [
      `${name}: random search's result at ${TRIALS} trainings is reached (median of seeds, the ` +
        `lower of two) by ${lines.join("; ")}.`,
    ];
  });
}

export const s1: Experiment = {
  title: "S1: hyperparameter search that learns across data sets",
  async plan(settings, seeds, folder): Promise<Plan> {
    const { earlier, unseen } = folder === undefined ? builtInSets() : await realSets(folder);
    const each = (folder === undefined ? EXAMPLES.builtIn : EXAMPLES.real) * settings.budget;
    const examples = Math.max(1, Math.round((each * 3) / seeds.length / 9)) * 9;
    const shared = { earlier: studiesOf(earlier, examples), examples };
    return {
      about: [
        ...unseen.map(({ about }) => `test: ${about}`),
        ...earlier.map(({ about }) => `earlier studies: ${about}`),
        "Seven parameters: rate, batch size, dropout, optimizer, weight decay, layers, units. " +
          `Every search costs ${TRIALS} trainings of ${examples} examples; schedulers pause and ` +
          "resume trainings at a ninth, a third and the whole of that. Warm starts and the " +
          "learned LSTM know a random search on each earlier data set, whose cost is not counted.",
      ],
      jobs: unseen.flatMap((problem) =>
        jobsOf(problem.name, Object.entries(methods), seeds, { ...shared, problem }),
      ),
      metrics: { "": metrics },
      charts: [
        { curve: "whole", x: "cost in full trainings", y: "best validation loss", log: true },
      ],
      verdict: (results) => verdict(unseen, results),
    };
  },
};
