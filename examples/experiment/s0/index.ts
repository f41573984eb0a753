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
import type { Settings } from "../options";
import { characterCnn, soundTransformer, tableMlp, textLstm } from "../problems/builtIn";
import type { Problem } from "../problems/problem";
import { realProblems } from "../problems/real";
import { methods, RATES, START, TUNED_ON, WRONG } from "./methods";

const STEPS = 125; // of one training, for a minute of the budget
const REAL_STEPS = 10; // of nets some ten times as large
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

/** Base nets of four on which a net is to be no worse than tuned cosine. */
const ASKED = 3 / 4;

function verdict(problems: readonly Problem[], results: readonly Result[]): string[] {
  // One training that is not finite makes the mean so: it is not left out here.
  const mean = (group: string, method: string) => {
    const own = results.filter((r) => r.group === group && r.method === method);
    return own.reduce((sum, { outcome }) => sum + outcome.metrics.loss, 0) / own.length;
  };
  const nets = Object.keys(methods).filter((name) => name.startsWith("net"));
  const lines = problems.map(({ name }) => {
    const losses = nets.map((method) => ({ method, loss: mean(name, method) }));
    const best = losses.reduce((a, b) => (b.loss < a.loss ? b : a));
    const others = ["cosine", "fixed", "hypergradient descent"].map(
      (method) => `tuned ${method} at ${mean(name, method).toFixed(3)}`,
    );
    const constant = mean(name, "fixed, wrong start").toFixed(3);
    const descent = mean(name, "hypergradient descent, wrong start").toFixed(3);
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
    const reached = won.length >= ASKED * problems.length ? "reached" : "missed";
    const rivals = ["fixed, wrong start", "hypergradient descent, wrong start"];
    const beaten = rivals.map((other) => `${other} on ${ahead(other).length}`).join(", ");
    const names = won.length === 0 ? "" : ` (${won.map(({ name }) => name).join("; ")})`;
    return (
      `${method}: no worse than tuned cosine on ${won.length} of ${problems.length} base nets` +
      `${names}, where ${ASKED * problems.length} are asked: ${reached}; than ${beaten}.`
    );
  });
  return [...lines, ...tallies];
}

async function problemsOf({ real }: Settings, folder?: string): Promise<Problem[]> {
  if (real && folder !== undefined) return realProblems(folder);
  return [characterCnn(), textLstm(), soundTransformer(), tableMlp()];
}

export const s0: Experiment = {
  title: "S0: a net that predicts the learning rate at every step",
  async plan(settings, seeds, folder): Promise<Plan> {
    const problems = await problemsOf(settings, folder);
    const aMinute = settings.real ? REAL_STEPS : STEPS;
    const steps = Math.max(LEAST, Math.round(aMinute * settings.budget));
    const jobs = problems.flatMap((problem) =>
      jobsOf(problem.name, Object.entries(methods), seeds, { problem, steps }),
    );
    return {
      about: [
        ...problems.map(({ about, batch }) => `${about}, batches of ${batch}`),
        `Trainings of ${steps} steps of plain gradient descent. Schedules and hypergradient ` +
          `descent choose the best of ${RATES.length} by the mean validation loss of ` +
          `${TUNED_ON} trainings of each, on seeds of their own, once for all seeds; nets get as ` +
          "much arithmetic for meta-training, also once, and give one rate for all parameters, " +
          `or one for each tensor. "Wrong start" is a rate of ${START}. "Judged later": a window ` +
          "of K steps is judged where the training stands a fifth of its length later.",
      ],
      jobs,
      metrics: { "": metrics },
      charts,
      verdict: (results) => verdict(problems, results),
    };
  },
};
