// S0, a net that predicts the learning rate at every step, beside schedules and hypergradient
// descent; all get the same arithmetic for tuning, meta-training counted.

import {
  type Chart,
  type Experiment,
  jobsOf,
  type Metric,
  type Plan,
  type Result,
} from "../experiment";
import { characterCnn, soundTransformer, tableMlp, textLstm } from "../problems/builtIn";
import type { Problem } from "../problems/problem";
import { baseNets, mnistNets } from "../problems/real";
import { methods, RATES, START, TRIALS, TUNED_ON, WRONG } from "./methods";

const STEPS = 250; // of one training, at the budget of 2 minutes
const WHOLE = 60; // minutes of budget that the steps on data are told for
const LEAST = 40; // two windows of the longest

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

/** Problems for which one thing is asked: that a net is no worse than tuned cosine on so many. */
interface Asked {
  readonly of: string;
  readonly problems: readonly { readonly problem: Problem; readonly steps: number }[];
  readonly least: number;
}

const BASELINES = ["cosine", "fixed", "hypergradient descent"] as const;
const RIVALS = ["fixed, wrong start", "hypergradient descent, wrong start"] as const;

/** Of the rows that were run; nothing where a baseline is not among them. */
function verdict({ of, problems: all, least }: Asked, results: readonly Result[]): string[] {
  const has = (name: string) =>
    results.some(({ group, method }) => group === name || method === name);
  const problems = all.map(({ problem }) => problem).filter(({ name }) => has(name));
  if (problems.length === 0 || ![...BASELINES, ...RIVALS].every(has)) return [];
  // One training that is not finite makes the mean so: it is not left out here.
  const mean = (group: string, method: string) => {
    const own = results.filter((r) => r.group === group && r.method === method);
    return own.reduce((sum, { outcome }) => sum + outcome.metrics.loss, 0) / own.length;
  };
  const nets = Object.keys(methods).filter((name) => name.startsWith("net") && has(name));
  if (nets.length === 0) return [];
  const lines = problems.map(({ name }) => {
    const losses = nets.map((method) => ({ method, loss: mean(name, method) }));
    const best = losses.reduce((a, b) => (b.loss < a.loss ? b : a));
    const others = BASELINES.map((method) => `tuned ${method} at ${mean(name, method).toFixed(3)}`);
    const [constant, descent] = RIVALS.map((method) => mean(name, method).toFixed(3));
    return (
      `${name}: from a start ${WRONG} times too low, "${best.method}" ends at ` +
      `${best.loss.toFixed(3)}, the fixed rate at ${constant}, hypergradient descent at ` +
      `${descent}; ${others.join(", ")}.`
    );
  });
  const tallies = nets.map((method) => {
    const ahead = (other: string) =>
      problems.filter(({ name }) => mean(name, method) <= mean(name, other));
    const won = ahead("cosine");
    const reached = won.length >= least ? "reached" : "missed";
    const beaten = RIVALS.map((other) => `${other} on ${ahead(other).length}`).join(", ");
    const names = won.length === 0 ? "" : ` (${won.map(({ name }) => name).join("; ")})`;
    return (
      `${method}: no worse than tuned cosine on ${won.length} of ${problems.length} ${of}` +
      `${names}, where ${least} are asked: ${reached}; than ${beaten}.`
    );
  });
  return [...lines, ...tallies];
}

/** Base nets that need no data, each with as many steps. */
const builtIn = (): Asked => ({
  of: "base nets",
  problems: [characterCnn(), textLstm(), soundTransformer(), tableMlp()].map((problem) => ({
    ...{ problem, steps: STEPS },
  })),
  least: 3,
});

/** The protocol's two nets on MNIST, and the definition's four base nets; each with steps after
 * which tuned schedules are far below the loss they began with. */
async function onData(folder: string): Promise<Asked[]> {
  const timed = (problems: readonly Problem[], steps: readonly number[]) =>
    problems.map((problem, i) => ({ problem, steps: steps[i] }));
  const nets = timed(await mnistNets(folder), [1000, 1000]);
  const base = timed(await baseNets(folder), [300, 250, 300, 400]);
  return [
    { of: "nets on MNIST", problems: nets, least: 2 },
    { of: "base nets", problems: base, least: 3 },
  ];
}

export const s0: Experiment = {
  title: "S0: a net that predicts the learning rate at every step",
  async plan(settings, seeds, folder): Promise<Plan> {
    const real = settings.real && folder !== undefined;
    const all = real ? await onData(folder) : [builtIn()];
    const share = settings.budget / (real ? WHOLE : 2);
    const scaled = all
      .flatMap(({ problems }) => problems)
      .map(({ problem, steps }) => ({
        problem,
        steps: Math.max(LEAST, Math.round(steps * share)),
      }));
    const jobs = scaled.flatMap(({ problem, steps }) =>
      jobsOf(problem.name, Object.entries(methods), seeds, { problem, steps }),
    );
    return {
      about: [
        ...scaled.map(
          ({ problem: { name, about, batch }, steps }) =>
            `${name}: ${about}; ${steps} steps, batches of ${batch}`,
        ),
        "Trainings are of plain gradient descent. Schedules and hypergradient " +
          `descent choose the best of ${RATES.length} by the mean validation loss of ` +
          `${TUNED_ON} trainings of each, on seeds of their own, once for all seeds; nets get as ` +
          "much arithmetic for meta-training, also once, of which they spend " +
          `${TRIALS} trainings on moving all their rates as one; they give one rate for all, ` +
          `or one for each tensor. "Wrong start" is a rate of ${START}. "Judged later": a window ` +
          "of K steps is judged where the training stands a fifth of its length later.",
      ],
      jobs,
      metrics: { "": metrics },
      charts,
      verdict: (results) => all.flatMap((asked) => verdict(asked, results)),
    };
  },
};
