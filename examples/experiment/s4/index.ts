// S4, a network that writes updates of a pre-trained model, beside fine-tuning, MAML and ProtoNet;
// pre-training and meta-training together get the arithmetic that the others get.

import { meta } from "hypergrad";
import {
  type Experiment,
  jobsOf,
  type Metric,
  type Outcome,
  type Plan,
  type Result,
} from "../experiment";
import { bestRate, pretrained, tuning } from "../fewshot/baselines";
import type { Domain } from "../fewshot/domain";
import { characterPools, imageDomain, omniglotPools, photographPools } from "../fewshot/domains";
import {
  type AnyInner,
  type Judged,
  type Method,
  mamlMethod,
  protoMethod,
  type Work,
} from "../fewshot/methods";
import { relationPools } from "../fewshot/relations";
import { sentencePool, textDomain } from "../fewshot/text";
import type { Settings } from "../options";
import { cellOf } from "../summary";
import { measured, updateNetMethod } from "./updateNet";

/** Floating-point operations that one method on one domain gets for a minute of the budget, all
 * seeds together. */
const IMAGE_RATE = 60e9;
const TEXT_RATE = 24e9;

const fineTuning: Method = async (work: Work): Promise<Outcome> => {
  const { params, ...spent } = await pretrained(work);
  const learned = { params, meta: {} };
  const rate = await bestRate(work.domain, learned, work.tell);
  return measured(work, learned, tuning(work.domain, rate), spent, `rate ${rate}`);
};

const head = (path: string) => path.startsWith("head");

const metaSgd = meta.inner.metaSgd({ lr: 0.1 }) as unknown as AnyInner;
/** A rate for every parameter doubles what is stored. */
const metaSgdMeasured: Judged = async (...given) => {
  const outcome = await measured(...given);
  return { ...outcome, metrics: { ...outcome.metrics, extra: 1 } };
};

/** One inner step in training, of the usual size for a head that begins at random. */
const maml: Method = (work) => {
  const innerLr = work.domain.innerLr * 4;
  const options = { order: 2, steps: 1, judged: measured } as const;
  return mamlMethod(options)({ ...work, domain: { ...work.domain, innerLr } });
};

/** `hidden` is the rank of the nets: such that they stay small beside the model. */
const methodsOf = (hidden: number, all: boolean): Readonly<Record<string, Method>> => ({
  "fine-tuning": fineTuning,
  MAML: maml,
  "Meta-SGD": mamlMethod({ order: 2, inner: metaSgd, judged: metaSgdMeasured }),
  ProtoNet: protoMethod,
  "update net of the head": updateNetMethod({ edits: head, hidden }),
  "update net of the head, model learns too": updateNetMethod({ edits: head, base: true, hidden }),
  ...(all ? { "update net of all layers": updateNetMethod({ edits: () => true, hidden }) } : {}),
});

const metrics: Metric[] = [
  { name: "last", label: "accuracy, 5 steps", better: "higher", form: "percent" },
  { name: "f1", label: "macro F1", better: "higher", form: "percent" },
  { name: "fall", label: "loss reduction", better: "higher", form: "number" },
  { name: "extra", label: "extra parameters", better: "lower", form: "percent" },
  { name: "notFinite", label: "not finite", better: "lower", form: "whole" },
  { name: "adapt", label: "ms a task", better: "lower", form: "number", measured: true },
  { name: "flops", label: "GFLOP", better: "neither", form: "number" },
  { name: "seconds", label: "seconds", better: "neither", form: "number", measured: true },
];

async function domainsOf({ real }: Settings, folder?: string): Promise<Domain[]> {
  const common = { steps: 5, testSteps: 5, threshold: 0.7 };
  if (!real || folder === undefined) {
    const images = { ...common, pools: characterPools(), testTasks: 60, tasks: 4 };
    const pools = {
      train: sentencePool(60, 1),
      valid: sentencePool(20, 2),
      test: sentencePool(20, 3),
    };
    const texts = { ...common, pools, testTasks: 60, innerLr: 0.1, outerLr: 3e-3 };
    const small = { ...images, filters: 16, innerLr: 0.1, outerLr: 3e-3 };
    return [
      imageDomain({ ...small, name: "drawn characters, 1 shot" }),
      imageDomain({ ...small, name: "drawn characters, 5 shots", shot: 5 }),
      textDomain({ ...texts, name: "sentences, 1 shot", shot: 1 }),
      textDomain({ ...texts, name: "sentences, 5 shots", shot: 5 }),
    ];
  }
  const [characters, photographs, relations] = [
    await omniglotPools(folder),
    await photographPools(folder),
    await relationPools(folder),
  ];
  const large = { ...common, testTasks: 600, innerLr: 0.1, filters: 32 };
  const texts = { ...common, testTasks: 600, innerLr: 0.1, pools: relations };
  return [1, 5].flatMap((shot) => {
    const name = (set: string) => `${set}, ${shot} ${shot === 1 ? "shot" : "shots"}`;
    return [
      imageDomain({ ...large, name: name("Omniglot"), pools: characters, shot }),
      imageDomain({ ...large, name: name("photographs"), pools: photographs, shot, query: 3 }),
      textDomain({ ...texts, name: name("FewRel, sentences"), shot }),
    ];
  });
}

function verdict(domains: readonly Domain[], results: readonly Result[]): string[] {
  return domains.map(({ name }) => {
    const own = results.filter(({ group }) => group === name);
    const of = (method: string, metric: string) =>
      cellOf(own.filter((r) => r.method === method).map((r) => r.outcome.metrics[metric])).mean;
    const nets = [...new Set(own.map(({ method }) => method))].filter((m) =>
      m.startsWith("update"),
    );
    const best = nets.reduce((a, b) => (of(b, "last") > of(a, "last") ? b : a));
    const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
    return (
      `${name}: the best update net, "${best}", ${percent(of(best, "last"))} with ` +
      `${percent(of(best, "extra"))} extra parameters; MAML ${percent(of("MAML", "last"))}, ` +
      `fine-tuning ${percent(of("fine-tuning", "last"))}, ProtoNet ` +
      `${percent(of("ProtoNet", "last"))}, all with the same arithmetic.`
    );
  });
}

export const s4: Experiment = {
  title: "S4: a network that writes updates of a pre-trained model",
  async plan(settings, seeds, folder): Promise<Plan> {
    const domains = await domainsOf(settings, folder);
    const hidden = settings.real ? 16 : 3;
    const jobs = domains.flatMap((domain) => {
      const rate = domain.about.includes("embedding") ? TEXT_RATE : IMAGE_RATE;
      const flops = (rate * settings.budget) / (seeds.length * domains.length);
      const methods = Object.entries(methodsOf(hidden, settings.real));
      return jobsOf(domain.name, methods, seeds, { domain, flops });
    });
    return {
      about: [
        ...domains.map(({ about }) => about),
        "Five steps of adaptation. Every method gets the same arithmetic: fine-tuning all of it " +
          "for pre-training on all classes, update nets half for that and half for " +
          "meta-training, a quarter where the model learns too; " +
          "after pre-training the head is zeros. Update nets have hidden rank " +
          `${hidden} and begin as fine-tuning.`,
      ],
      jobs,
      metrics: { "": metrics },
      charts: [{ curve: "steps", x: "steps of adaptation", y: "accuracy", percent: true }],
      verdict: (results) => verdict(domains, results),
    };
  },
};
