// S2, a controller that changes the settings of a training while it runs, beside static settings
// from a grid and from random search; cost is all arithmetic, meta-training counted.

import { data, dispose, type Tree } from "hypergrad";
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
import { characterCnn, characterMlp } from "../problems/builtIn";
import type { Problem } from "../problems/problem";
import { realControlled } from "../problems/real";
import { benchOf } from "../problems/training";
import { rateNet } from "../s0/learned";
import { controlled, DECISIONS } from "./controller";
import { byImitation } from "./imitation";
import { byEvolution, byLookingAhead, type Lesson } from "./learning";
import { BATCHES, type Settings, START, shopOf, type Training } from "./training";

const RATES = [0.003, 0.01, 0.03, 0.1, 0.3];
const GRID = RATES.length * BATCHES.length; // trainings
const EXAMPLES = 3200; // of one training, for a minute of the budget

type Work = {
  readonly problem: Problem;
  readonly examples: number;
  readonly seed: number;
  readonly tell: Tell;
};
type Method = (work: Work) => Promise<Outcome>;

/** Arithmetic of one training with the first settings. */
async function unitOf({ problem, examples, seed }: Work): Promise<number> {
  const shop = shopOf(problem);
  const training = shop.begin(seed, examples);
  const spent: number[] = [];
  for (const steps of [1, 11]) {
    await training.advance(steps * START.batch); // and one look
    spent.push(shop.spent());
  }
  training.dispose();
  shop.dispose();
  const [once, twice] = spent;
  return ((twice - 2 * once) * examples) / (10 * START.batch);
}

async function outcomeOf(
  training: Training,
  rates: readonly Point[],
  cost: number,
  note: string,
): Promise<Outcome> {
  const test = await training.test();
  training.dispose();
  const logs = rates.map(([, rate]) => Math.log(rate));
  const rate = Math.exp(logs.reduce((a, b) => a + b, 0) / Math.max(1, logs.length));
  return {
    metrics: { loss: test.loss, accuracy: test.accuracy, cost, rate },
    curves: { rate: rates },
    note,
  };
}

/** The best of static settings, by validation loss at the end. */
const best =
  (settingsOf: (random: data.Stream) => readonly Settings[]): Method =>
  async (work) => {
    const { problem, examples, seed, tell } = work;
    const unit = await unitOf(work);
    const shop = shopOf(problem);
    let found: { training: Training; valid: number; settings: Settings } | null = null;
    const all = settingsOf(data.stream(seed, 3));
    for (const [i, settings] of all.entries()) {
      const training = shop.begin(seed, examples);
      training.settings = settings;
      const fine = await training.advance(examples);
      const valid = fine ? await training.validate() : Number.POSITIVE_INFINITY;
      if (found === null || valid < found.valid) {
        found?.training.dispose();
        found = { training, valid, settings };
      } else training.dispose();
      await tell(i + 1, all.length, `rate ${settings.rate.toPrecision(2)}`);
    }
    const { settings, training } = found!;
    const cost = shop.spent() / unit;
    const rates: Point[] = [0, examples].map((x) => [x, settings.rate]);
    const note = `rate ${settings.rate.toPrecision(2)}, batch ${settings.batch}`;
    const outcome = await outcomeOf(training, rates, cost, note);
    shop.dispose();
    return outcome;
  };

const grid = () =>
  RATES.flatMap((rate) => BATCHES.map((batch): Settings => ({ ...START, rate, batch })));

const drawn = (count: number) => (random: data.Stream) =>
  Array.from(
    { length: count },
    (): Settings => ({
      rate: RATES[0] * (RATES[RATES.length - 1] / RATES[0]) ** random.uniform(),
      batch: BATCHES[random.integer(BATCHES.length)],
      drop: random.uniform() < 0.5,
      decay: 10 ** (-6 + 4 * random.uniform()),
    }),
  );

/** Learns the controller with what is left of `cost` trainings beside the one that is judged. */
const controller =
  (learn: (lesson: Lesson) => ReturnType<typeof byEvolution>, cost: number): Method =>
  async (work) => {
    const { problem, examples, seed, tell } = work;
    const unit = await unitOf(work);
    const shop = shopOf(problem);
    // The judged training looks at the validation part too, and its batches may be small.
    const flops = Math.max(0, cost - 1.12) * unit;
    await tell(0, 2, "learning");
    const net = await learn({ shop, seed, examples, flops });
    await tell(1, 2, "training");
    const training = shop.begin(seed, examples);
    const rates: Point[] = [];
    const at = () => training.examples;
    await controlled(training, net, examples, ({ rate }) => rates.push([at(), rate]));
    const { batch, drop } = training.settings;
    const note = `ends with batch ${batch}, dropout ${drop ? "on" : "off"}`;
    const outcome = await outcomeOf(training, rates, shop.spent() / unit, note);
    shop.dispose();
    return outcome;
  };

/** Gradients through windows of 10 steps: of the rate alone, by plain gradient descent. */
const unrolled =
  (cost: number): Method =>
  async (work) => {
    const { problem, examples, seed, tell } = work;
    const unit = await unitOf(work);
    const bench = benchOf(problem);
    const steps = Math.round(examples / problem.batch);
    const rates = rateNet(bench, {
      ...{ window: 10, later: Math.round(steps / 5), per: "net", every: 0, steps },
      ...{ start: START.rate, metaLr: 0.02, held: 100 },
    });
    const budget = (cost - 1) * unit;
    const { learner } = await rates.learn(rates.fresh(seed), budget, seed + 70_000, tell);
    const { outcome } = await rates.train(learner, seed);
    dispose(learner as unknown as Tree);
    rates.dispose();
    bench.dispose();
    const points = (outcome.curves?.rate ?? []).map(([k, r]): Point => [k * problem.batch, r]);
    const logs = points.map(([, rate]) => Math.log(rate));
    const rate = Math.exp(logs.reduce((a, b) => a + b, 0) / Math.max(1, logs.length));
    const { loss, accuracy } = outcome.metrics;
    return { metrics: { loss, accuracy, cost, rate }, curves: { rate: points } };
  };

const FEW = GRID / 5;

const methods: Readonly<Record<string, Method>> = {
  "first settings": best(() => [START]),
  [`grid of ${GRID}`]: best(grid),
  [`random search, ${GRID}`]: best(drawn(GRID)),
  [`random search, ${FEW}`]: best(drawn(FEW)),
  [`controller by imitation, cost ${FEW}`]: controller(byImitation, FEW),
  [`controller by looking ahead, cost ${FEW}`]: controller(byLookingAhead, FEW),
  [`controller by looking ahead, cost ${GRID}`]: controller(byLookingAhead, GRID),
  [`controller by evolution, cost ${FEW}`]: controller(byEvolution, FEW),
  [`rate net through the unroll, cost ${FEW}`]: unrolled(FEW),
};

const metrics: Metric[] = [
  { name: "accuracy", label: "test accuracy", better: "higher", form: "percent" },
  { name: "loss", label: "test loss", better: "lower", form: "number" },
  { name: "cost", label: "cost in trainings", better: "lower", form: "number" },
  { name: "rate", label: "rate (geometric mean)", better: "neither", form: "number" },
  { name: "seconds", label: "seconds", better: "neither", form: "number", measured: true },
];

/** Share of the grid's cost at which a controller is to be as good as its best. */
const ASKED = 1 / 5;

function verdict(problems: readonly Problem[], results: readonly Result[]): string[] {
  const learned = Object.keys(methods).filter((method) => /controller|net/.test(method));
  const lines = problems.flatMap(({ name }) => {
    const of = (method: string) =>
      results.filter((r) => r.group === name && r.method === method).map((r) => r.outcome.metrics);
    const mean = (list: readonly Outcome["metrics"][], metric: string) =>
      list.reduce((sum, metrics) => sum + metrics[metric], 0) / list.length;
    const best = of(`grid of ${GRID}`);
    return learned.flatMap((method) => {
      const own = of(method);
      if (own.length === 0 || best.length === 0) return [];
      const [accuracy, wanted] = [own, best].map((list) => mean(list, "accuracy"));
      const share = mean(own, "cost") / mean(best, "cost");
      const doublings = Math.log2(mean(own, "rate") / mean(best, "rate"));
      const side = doublings < 0 ? "below" : "above";
      const reached = accuracy >= wanted && share <= ASKED;
      return {
        ...{ method, reached },
        text:
          `${name}, ${method}: ${(100 * accuracy).toFixed(1)} % at ${share.toFixed(2)} of the ` +
          `grid's cost, whose best has ${(100 * wanted).toFixed(1)} %; its mean rate is ` +
          `${Math.abs(doublings).toFixed(1)} doublings ${side} the grid's best.`,
      };
    });
  });
  const tallies = learned.flatMap((method) => {
    const own = lines.filter((line) => line.method === method);
    if (own.length === 0) return [];
    const count = own.filter(({ reached }) => reached).length;
    return (
      `${method}: as good as the grid's best at ${ASKED} of its cost or less on ${count} of ` +
      `${own.length} problems: ${count === own.length ? "reached" : "missed"}.`
    );
  });
  return [...lines.map(({ text }) => text), ...tallies];
}

const problemsOf = async (folder?: string): Promise<Problem[]> =>
  folder === undefined ? [characterMlp(), characterCnn()] : realControlled(folder);

export const s2: Experiment = {
  title: "S2: a controller of the settings of a training while it runs",
  async plan(settings, seeds, folder): Promise<Plan> {
    const problems = await problemsOf(folder);
    const examples = Math.round(EXAMPLES * settings.budget);
    return {
      about: [
        ...problems.map(({ about }) => about),
        `Trainings on ${examples} examples by momentum 0.9 from rate ${START.rate}, batch ` +
          `${START.batch}; ${DECISIONS} decisions each, most of them early. The controller, of ` +
          "64 and 32 units, sets rate, batch size, dropout and weight decay; by imitation it " +
          "learns from whole plans tried in short trainings. Cost is arithmetic in trainings " +
          "with the first settings: of trainings, of the looks at validation examples that " +
          `choose, and of the controller's regression. The grid has ${RATES.length} rates and ` +
          `${BATCHES.length} batch sizes.`,
      ],
      jobs: problems.flatMap((problem) =>
        jobsOf(problem.name, Object.entries(methods), seeds, { problem, examples }),
      ),
      metrics: { "": metrics },
      charts: [{ curve: "rate", x: "examples", y: "learning rate", log: true }],
      verdict: (results) => verdict(problems, results),
    };
  },
};
