// S3, initialisations for transfer: MAML and its kin beside fresh and pre-trained weights, all with
// the same arithmetic for training, on test classes that none has seen.

import { meta } from "hypergrad";
import type { Experiment, Metric, Plan, Result } from "../experiment";
import { jointMethod, scratchMethod } from "../fewshot/baselines";
import type { Domain } from "../fewshot/domain";
import {
  characterPools,
  digitPool,
  flowerPool,
  imageDomain,
  omniglotPools,
  photographPools,
  sineDomain,
} from "../fewshot/domains";
import {
  type AnyInner,
  anilMethod,
  contestJobs,
  imamlMethod,
  type Method,
  mamlMethod,
  protoMethod,
  reptileMethod,
} from "../fewshot/methods";
import { plusPlusMethod } from "../fewshot/plusPlus";
import type { Settings } from "../options";
import { cellOf } from "../summary";

/** See Contest: of small built-in tasks, where compiling and testing take most of the time, and of
 * data. */
const RATES = { small: { points: 40e9, images: 75e9 }, real: { images: 100e9 } };

const asInner = (x: unknown) => x as AnyInner;

function methodsOf(domain: Domain): [string, Method][] {
  const { inner } = meta;
  const { innerLr: lr, conv, shot } = domain;
  const sgd = asInner(inner.sgd({ lr }));
  const common: [string, Method][] = [
    ["fresh weights", scratchMethod],
    ["joint pre-training", jointMethod],
    ["first-order MAML", mamlMethod({ order: 1 })],
    ["MAML", mamlMethod({ order: 2 })],
    ["Meta-SGD", mamlMethod({ order: 2, inner: asInner(inner.metaSgd({ lr })) })],
  ];
  if (conv === undefined) return common;
  return [
    ...common,
    ["MAML as in the definition, rate 0.01", slow],
    ["MAML++", plusPlusMethod({ conv, steps: 2, lr })],
    ["ANIL", anilMethod(10 * lr)],
    ["Reptile", reptileMethod({ inner: sgd, steps: 4, shot: 2 * shot, rate: 1 })],
    ["iMAML", imamlMethod({ steps: 3, lr, lambda: 0.5 })],
    ["ProtoNet", protoMethod],
  ];
}

/** The setting of the definition: rate 0.01, which is known to be weak. */
const slow: Method = (work) =>
  mamlMethod({ order: 2 })({ ...work, domain: { ...work.domain, innerLr: 0.01 } });

const number = { form: "number" } as const;

function metricsOf({ kind, steps, testSteps, threshold, elsewhere }: Domain): Metric[] {
  const images = kind === "images";
  const score = images
    ? ({ better: "higher", form: "percent" } as const)
    : ({ better: "lower", ...number } as const);
  const name = images ? "accuracy" : "MSE";
  const after = (k: number) => `${name}, ${k} ${k === 1 ? "step" : "steps"}`;
  const bound = (x: number) => (images ? `${100 * x} %` : String(x));
  const own = (end: string, place: string, goal: number): Metric[] => [
    { name: `first${end}`, label: `${place}${after(steps)}`, ...score },
    { name: `last${end}`, label: `${place}${after(testSteps)}`, ...score },
    ...(images ? [{ name: `f1${end}`, label: `${place}macro F1`, ...score }] : []),
    {
      ...{ name: `toThreshold${end}`, label: `${place}steps to ${bound(goal)}` },
      ...{ better: "lower", form: "number" },
    },
  ];
  return [
    ...own("", "", threshold),
    ...(elsewhere ? own("There", `${elsewhere.name}: `, elsewhere.threshold) : []),
    { name: "notFinite", label: "not finite", better: "lower", form: "whole" },
    { name: "flops", label: "GFLOP", better: "neither", ...number },
    { name: "train", label: "seconds of training", better: "neither", ...number, measured: true },
  ];
}

async function domainsOf({ real }: Settings, folder?: string): Promise<Domain[]> {
  if (!real || folder === undefined) {
    const pools = characterPools();
    const name = "drawn characters";
    const small = { filters: 16, testTasks: 100, tasks: 4, outerLr: 3e-3 };
    return [sineDomain(), imageDomain({ name, pools, threshold: 0.6, ...small })];
  }
  const [characters, digits, photographs, flowers] = [
    await omniglotPools(folder),
    await digitPool(folder),
    await photographPools(folder),
    await flowerPool(folder),
  ];
  const drawn = { pools: characters, filters: 32, testTasks: 600, threshold: 0.8 };
  const there = { testTasks: 100, threshold: 0.4 };
  const elsewhere = { name: "digits", pool: digits, ...there };
  return [
    imageDomain({ name: "Omniglot, 1 shot", ...drawn, elsewhere }),
    imageDomain({ name: "Omniglot, 5 shots", ...drawn, shot: 5, elsewhere }),
    imageDomain({
      ...{ name: "photographs", pools: photographs, filters: 32, ...there },
      ...{ shot: 5, query: 5, tasks: 4, innerLr: 0.1 },
      elsewhere: { name: "flowers", pool: flowers, ...there },
    }),
  ];
}

function verdict(domains: readonly Domain[], results: readonly Result[]): string[] {
  const run = domains.filter(({ name }) => results.some(({ group }) => group === name));
  return run.map(({ name, kind, testSteps }) => {
    const own = results.filter(({ group }) => group === name);
    const methods = [...new Set(own.map(({ method }) => method))];
    const means = methods.map((method) => {
      const values = own.filter((r) => r.method === method);
      return cellOf(values.map(({ outcome }) => outcome.metrics.last)).mean;
    });
    const sign = kind === "images" ? 1 : -1;
    const order = means.map((_, i) => i).sort((a, b) => sign * (means[b] - means[a]));
    const score = (x: number) => (kind === "images" ? `${(100 * x).toFixed(1)} %` : x.toFixed(3));
    const shown = (i: number) => `${methods[i]} ${score(means[i])}`;
    const joint = methods.indexOf("joint pre-training");
    const place = `${shown(joint)} is number ${order.indexOf(joint) + 1} of ${order.length}`;
    return (
      `${name}, after ${testSteps} steps: ahead ${order.slice(0, 2).map(shown).join(", then ")}` +
      `${joint < 0 ? "" : `; ${place}`}.`
    );
  });
}

export const s3: Experiment = {
  title: "S3: initialisations that adapt in few steps",
  async plan(settings, seeds, folder): Promise<Plan> {
    const domains = await domainsOf(settings, folder);
    const { small, real } = RATES;
    const contestOf = (domain: Domain) => ({
      methods: methodsOf(domain),
      rate: domain.kind === "points" ? small.points : (settings.real ? real : small).images,
    });
    const jobs = contestJobs(domains, contestOf, seeds, settings.budget);
    return {
      about: [
        ...domains.map(({ about }) => about),
        "Every method gets the same arithmetic for training, as its compiled step counts it; " +
          "baselines choose among eight fine-tuning rates on validation tasks.",
        "The intervals of one seed are over test tasks, of several seeds over seeds.",
      ],
      jobs,
      metrics: Object.fromEntries(domains.map((domain) => [domain.name, metricsOf(domain)])),
      charts: [
        { curve: "steps", x: "inner steps", y: "score on test tasks" },
        { curve: "stepsThere", x: "inner steps", y: "score on the other test tasks" },
      ],
      verdict: (results) => verdict(domains, results),
    };
  },
};
