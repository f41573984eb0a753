// S0, a net that predicts the learning rate at every step, beside schedules and hypergradient
// descent; all get the same arithmetic for tuning, meta-training counted.

import {
  type Chart,
  type Experiment,
  jobsOf,
  type Metric,
  type Outcome,
  type Plan,
  type Result,
  type Tell,
} from "../experiment";
import type { Settings } from "../options";
import { characterCnn, soundTransformer, tableMlp, textLstm } from "../problems/builtIn";
import type { Problem } from "../problems/problem";
import { realProblems } from "../problems/real";
import { benchOf } from "../problems/training";
import { cellOf } from "../summary";
import { trainLearned } from "./learned";
import { type Schedule, schedules, trainBy } from "./schedules";

const RATES = [0.004, 0.016, 0.06, 0.25, 1];
const HYPERGRADIENT = 1e-3; // β where it is not tuned
const WRONG = 100; // the wrong start is this many times too low
const STEPS = 60; // of one training, for a minute of the budget and one seed of three
const TUNING = 100_000;

type Work = {
  readonly problem: Problem;
  readonly steps: number;
  readonly seed: number;
  readonly tell: Tell;
};

/** A schedule whose rate is the best of five, by validation loss of a training of its own. */
const tuned =
  (schedule: Schedule, hypergradients: readonly number[] = [0]) =>
  async ({ problem, steps, seed, tell }: Work): Promise<Outcome> => {
    const bench = benchOf(problem);
    const all = RATES.flatMap((rate) => hypergradients.map((beta) => ({ rate, beta })));
    let best = { rate: all[0].rate, beta: all[0].beta, valid: Number.POSITIVE_INFINITY };
    for (const [i, { rate, beta }] of all.entries()) {
      const run = { bench, steps, seed: seed + TUNING };
      const { valid } = await trainBy(run, (k) => schedule(rate, k, steps), beta);
      if (valid < best.valid) best = { rate, beta, valid };
      await tell(i + 1, all.length + 1, `rate ${rate}`);
    }
    const run = { bench, steps, seed };
    const done = await trainBy(run, (k) => schedule(best.rate, k, steps), best.beta);
    bench.dispose();
    const beta = best.beta > 0 ? `, β ${best.beta}` : "";
    return finished(done, steps, all.length, `rate ${best.rate}${beta}`);
  };

/** No tuning: the rate begins too low. */
const wrong =
  (start: () => number, beta: number) =>
  async ({ problem, steps, seed }: Work): Promise<Outcome> => {
    const bench = benchOf(problem);
    const rate = start();
    const done = await trainBy({ bench, steps, seed }, () => rate, beta);
    bench.dispose();
    return finished(done, steps, 0, `rate ${rate}`);
  };

interface NetOptions {
  readonly window: number;
  readonly per: "net" | "layer";
  readonly tuned: boolean;
  readonly every: number;
  readonly order: 1 | 2;
  readonly metaLr: number;
}

/** The net begins at the wrong rate; its meta-training takes as much arithmetic as the schedules'
 * tuning. */
const net =
  (start: () => number, options: NetOptions) =>
  async ({ problem, steps, seed, tell }: Work): Promise<Outcome> => {
    const bench = benchOf(problem);
    const plain = await trainBy({ bench, steps: 2, seed }, () => 0);
    const one = (plain.flops / 2) * steps;
    const run = { bench, steps, seed };
    const { window, per, every, order, metaLr } = options;
    const given = {
      ...{ window, per, every, order, metaLr, start: start() },
      flops: options.tuned ? RATES.length * one : 0,
    };
    const { outcome, flops, seconds, metaSteps, diverged } = await trainLearned(run, given, tell);
    bench.dispose();
    const overhead = flops / one - 1;
    const metrics = { ...outcome.metrics, tuning: given.flops / one, overhead };
    const times = { step: (1000 * seconds) / steps };
    return { ...outcome, metrics, times, note: `${metaSteps} meta-steps, ${diverged} diverged` };
  };

function finished(
  { outcome, seconds }: { outcome: Outcome; seconds: number },
  steps: number,
  tuning: number,
  note: string,
): Outcome {
  const metrics = { ...outcome.metrics, tuning, overhead: 0 };
  return { ...outcome, metrics, times: { step: (1000 * seconds) / steps }, note };
}

/** A hundredth of a rate that suits the problem. */
const low = () => 0.3 / WRONG;

const ahead = { window: 1, per: "net", tuned: false, every: 2, order: 1 } as const;
const learned = { per: "net", tuned: true, every: 0, metaLr: 0.2 } as const;

const methods: Readonly<Record<string, (work: Work) => Promise<Outcome>>> = {
  ...Object.fromEntries(Object.entries(schedules).map(([name, s]) => [name, tuned(s)])),
  "hypergradient descent": tuned(schedules.fixed, [HYPERGRADIENT]),
  "fixed, wrong start": wrong(low, 0),
  "hypergradient descent, wrong start": wrong(low, HYPERGRADIENT),
  "net, wrong start, one step ahead": net(low, { ...ahead, metaLr: 0.05 }),
  "net, wrong start, K = 5": net(low, { ...learned, window: 5, order: 2 }),
  "net, wrong start, K = 20": net(low, { ...learned, window: 20, order: 2 }),
  "net, wrong start, K = 20, order 1": net(low, { ...learned, window: 20, order: 1 }),
  "net by layer, wrong start, K = 20, order 1": net(low, {
    ...{ ...learned, window: 20, order: 1, per: "layer" },
  }),
};

const metrics: Metric[] = [
  { name: "loss", label: "test loss", better: "lower", form: "number" },
  { name: "accuracy", label: "accuracy", better: "higher", form: "percent" },
  { name: "gap", label: "test - train loss", better: "lower", form: "number" },
  { name: "arrived", label: "steps to threshold", better: "lower", form: "whole" },
  { name: "tuning", label: "trainings to tune", better: "neither", form: "number" },
  { name: "overhead", label: "more arithmetic", better: "lower", form: "percent" },
  { name: "step", label: "ms a step", better: "neither", form: "number", measured: true },
];

const charts: Chart[] = [
  { curve: "loss", x: "step", y: "validation loss", log: true },
  { curve: "rate", x: "step", y: "learning rate", log: true },
];

function verdict(problems: readonly Problem[], results: readonly Result[]): string[] {
  const mean = (group: string, method: string) => {
    const own = results.filter((r) => r.group === group && r.method === method);
    return cellOf(own.map(({ outcome }) => outcome.metrics.loss)).mean;
  };
  const nets = Object.keys(methods).filter((name) => name.startsWith("net"));
  const rows = problems.map(({ name }) => {
    const cosine = mean(name, "cosine");
    const losses = nets.map((method) => ({ method, loss: mean(name, method) }));
    const best = losses.reduce((a, b) => (b.loss < a.loss ? b : a));
    return { name, cosine, losses, best };
  });
  const tally = nets.map((method) => {
    const won = rows.filter(({ cosine, losses }) => {
      return losses.find((one) => one.method === method)!.loss <= cosine;
    });
    return `${method}: no worse than tuned cosine on ${won.length} of ${rows.length} base nets.`;
  });
  return [
    ...rows.map(({ name, cosine, best }) => {
      const constant = mean(name, "fixed, wrong start");
      const descent = mean(name, "hypergradient descent, wrong start");
      return (
        `${name}: from a start ${WRONG} times too low the best net, "${best.method}", ends at ` +
        `${best.loss.toFixed(3)}; the fixed rate at ${constant.toFixed(3)}, hypergradient ` +
        `descent at ${descent.toFixed(3)}; tuned cosine at ${cosine.toFixed(3)}.`
      );
    }),
    ...tally,
  ];
}

async function problemsOf({ real }: Settings, folder?: string): Promise<Problem[]> {
  if (real && folder !== undefined) return realProblems(folder);
  return [characterCnn(), textLstm(), soundTransformer(), tableMlp()];
}

export const s0: Experiment = {
  title: "S0: a net that predicts the learning rate at every step",
  async plan(settings, seeds, folder): Promise<Plan> {
    const problems = await problemsOf(settings, folder);
    const steps = Math.max(20, Math.round((STEPS * settings.budget * 3) / seeds.length));
    const jobs = problems.flatMap((problem) =>
      jobsOf(problem.name, Object.entries(methods), seeds, { problem, steps }),
    );
    return {
      about: [
        ...problems.map(({ about, batch }) => `${about}, batches of ${batch}`),
        `Trainings of ${steps} steps of plain gradient descent. Schedules choose the best of ` +
          `${RATES.length} rates by the validation loss of trainings of their own; the nets get ` +
          "as much arithmetic for meta-training, and give one rate for all parameters, or one " +
          `for each tensor. "Wrong start" is a rate of ${low()}.`,
      ],
      jobs,
      metrics: { "": metrics },
      charts,
      verdict: (results) => verdict(problems, results),
    };
  },
};
