// Answers that are spans of a text: the reader of SQuAD's form, windows, tasks, the official
// metrics, that every method learns the built-in questions, and the bits of two runs.

import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bestSpan, judged, normalized } from "../examples/experiment/fewshot/answers";
import { initNet, lossOf, predict, stackTasks } from "../examples/experiment/fewshot/domain";
import { ENCODERS } from "../examples/experiment/fewshot/encoder";
import { judgeOf } from "../examples/experiment/fewshot/judge";
import { mamlMethod } from "../examples/experiment/fewshot/methods";
import {
  placeCounts,
  type SpanDomainOptions,
  spanDomain,
  spanScores,
  spanTasks,
} from "../examples/experiment/fewshot/spans";
import {
  answeredOnly,
  parseSquad,
  type SquadArticle,
  spanPools,
  squadPools,
  tokensOf,
} from "../examples/experiment/fewshot/squad";
import { talkArticles, talkPools } from "../examples/experiment/fewshot/talks";
import { textNet } from "../examples/experiment/fewshot/text";
import { spanMethods } from "../examples/experiment/s4/spans";
import { readUnpacked } from "../src/data/index";
import { setDevice } from "../src/device/current";
import { wasmDevice } from "../src/device/wasm/device";
import { key } from "../src/ops/index";
import { tensor } from "../src/tensor/create";
import { dispose } from "../src/tensor/scope";

let device: Awaited<ReturnType<typeof wasmDevice>>;
beforeAll(async () => {
  device = await wasmDevice();
  setDevice(device);
});
afterAll(() => device.dispose());

const quiet = async () => {};
const context =
  "The Rhine rises in Switzerland, at 2,345 metres. It was the border (limes) in 83 AD.";
const asked = (id: string, question: string, ...answers: [string, boolean?][]) => ({
  ...{ id, question, is_impossible: answers.length === 0 },
  answers: answers.map(([text, exact]) => ({
    ...{ text, answer_start: context.indexOf(text), exact },
  })),
});
const article = (title: string): SquadArticle => ({
  title,
  paragraphs: [
    {
      context,
      qas: [
        asked("a", "Where does the Rhine rise?", ["Switzerland", true], ["in Switzerland", true]),
        asked("b", "Where is the Danube?"),
        asked("c", "What was it?", ["border", false]),
        asked("d", "How high are the Rhine's metres?", ["2,345", true]),
      ],
    },
  ],
});
const sizes = { asked: 5, seen: 10, words: 50, common: 1 };
const pools = (answered: boolean) => {
  const [train, valid, test] = ["Rhine", "Main", "Neckar"].map((title) => [article(title)]);
  const all = spanPools({ train, valid, test }, sizes);
  return answered ? answeredOnly(all) : all;
};

describe("the reader", () => {
  test("takes the form of the file, and finds what is wrong in it", () => {
    const file = (data: unknown) => JSON.stringify({ version: "v2.0", data });
    expect(parseSquad(file([article("Rhine")]))[0].paragraphs[0].qas.length).toBe(4);
    expect(() => parseSquad("{}")).toThrow(
      'squad: no articles: the file has no list "data". Give a file of SQuAD v2.',
    );
    const shifted = JSON.parse(file([article("Rhine")]));
    shifted.data[0].paragraphs[0].qas[0].answers[0].answer_start++;
    expect(() => parseSquad(JSON.stringify(shifted))).toThrow(
      'squad: an answer is not in its paragraph: question a of "Rhine" has "Switzerland" at ' +
        "character 20. Leave the question out.",
    );
  });

  test("knows where every token is", () => {
    const tokens = tokensOf(context);
    const words = tokens.map(({ from, to }) => context.slice(from, to).toLowerCase());
    expect(words).toEqual(tokens.map(({ word }) => word));
    expect(words.slice(6, 10)).toEqual(["at", "2", ",", "345"]);
  });

  test("leaves out guessed places, and questions without an answer where all have one", () => {
    const ids = (answered: boolean) => pools(answered).test.articles[0].questions.map((q) => q.id);
    expect(ids(false)).toEqual(["a", "b", "d"]);
    expect(ids(true)).toEqual(["a", "d"]);
  });

  test("windows have the answer where it is known, and are chosen by the question else", () => {
    const [a, b, d] = pools(false).test.articles[0].questions;
    const said = ({ from, to, context: all, tokens }: typeof a.known) =>
      from === 0 ? "" : all.slice(tokens[from - 1][0], tokens[to - 1][1]);
    expect([said(a.known), said(b.known), said(d.known)]).toEqual(["Switzerland", "", "2,345"]);
    expect([a.right, b.right]).toEqual([["Switzerland", "in Switzerland"], []]);
    expect([a.known.tokens.length, a.known.x.length]).toEqual([10, 16 * 4]);
    // The window with the border has no word of the question: the first one, with the Rhine, is
    // taken.
    expect(a.blind.tokens[0]).toEqual([0, 3]);
    const small = { ...sizes, seen: 2 };
    const parts = { train: [article("Rhine")], valid: [], test: [] };
    expect(() => spanPools(parts, small)).toThrow(
      'squad: an answer is longer than a window: question d of "Rhine" has 3 words, a window 2. ' +
        "Leave the question out, or take a larger window.",
    );
  });

  test("a window that is chosen by the question alone does not tell where the answer is", () => {
    const windows = ["Switzerland", "metres", "border"].map((answer) => {
      const [{ context: text }] = article("Rhine").paragraphs;
      const qas = [asked("a", "Where was the limes of AD?", [answer, true])];
      const test = [{ title: "Rhine", paragraphs: [{ context: text, qas }] }];
      const pool = spanPools({ train: [article("Main")], valid: [], test }, { ...sizes, seen: 6 });
      return pool.test.articles[0].questions[0];
    });
    const starts = (which: "known" | "blind") => windows.map((one) => one[which].tokens[0][0]);
    expect(new Set(starts("blind")).size).toBe(1);
    expect(windows.map(({ blind }) => blind.from > 0)).toEqual([false, false, true]);
    expect(new Set(starts("known")).size).toBeGreaterThan(1);
  });

  test("marks say what a token is, how far the next word of the question is, and how many", () => {
    const { x } = pools(false).test.articles[0].questions[0].known;
    const marks = Array.from({ length: 16 }, (_, i) => [...x.slice(4 * i + 1, 4 * i + 4)]);
    expect(marks[0]).toEqual([1, 0, 0]); // nothing
    expect(marks[1]).toEqual([2, 0, 0]); // of the question
    // The, Rhine, rises, …: "rhine" is the only word of the question there, "the" is common.
    expect(marks.slice(6, 9)).toEqual([
      [4, 10, 1],
      [4, 9, 1],
      [3, 8, 1],
    ]);
    expect(marks[13]).toEqual([5, 3, 1]); // 2, six behind the Rhine
    expect(marks[14][0]).toBe(6); // the comma
  });
});

describe("tasks", () => {
  test("are by index and seed, questions of one article, none twice", () => {
    const pool = talkPools().test;
    const tasks = spanTasks(pool, { shot: 5, query: 4, seed: 3, asked: "blind" });
    expect(tasks(2)).toEqual(tasks(2));
    expect(tasks(2)).not.toEqual(tasks(3));
    const { support, query, article: which } = tasks(2);
    const ids = [...support.questions, ...query.questions].map(({ id }) => id);
    expect(new Set(ids).size).toBe(9);
    const own = pool.articles[which].questions.map(({ id }) => id);
    expect(ids.every((id) => own.includes(id))).toBe(true);
    expect([support.shape, support.y.length]).toEqual([[5, 21, 4], 10]);
  });

  test("articles with too few questions are named", () => {
    const pool = { ...pools(false).test };
    const options = { shot: 1, query: 5, seed: 0, asked: "blind" } as const;
    expect(() => spanTasks(pool, options)).toThrow(
      'spanTasks: articles with too few questions: "Neckar" has 3; a task takes 1 + 5. ' +
        "Leave it out, or ask fewer.",
    );
    expect(() => spanTasks(pool, { ...options, query: 2 })).not.toThrow();
  });

  test("in talks the answer stands behind the article's sign", () => {
    for (const { paragraphs } of talkArticles(4, 9)) {
      const signs = paragraphs.flatMap(({ context: text, qas: [{ answers }] }) =>
        answers.map((answer) => text.slice(0, answer.answer_start).trim().split(" ").pop()),
      );
      expect(signs.length).toBeGreaterThan(10);
      expect(new Set(signs).size).toBe(1);
      const none = paragraphs.filter(({ qas: [{ is_impossible }] }) => is_impossible);
      expect(none.some(({ context: text }) => text.includes(`${signs[0]} `))).toBe(false);
    }
  });
});

describe("metrics", () => {
  test("normalise as the official evaluation does", () => {
    expect(normalized("The  Duke's  (an) Army, A-1!")).toBe("dukes army a1");
    expect(normalized("Été")).toBe("été");
  });

  test.each([
    ["the Rhine", ["Rhine", "a river"], 1, 1],
    ["river Rhine", ["Rhine"], 0, 2 / 3],
    ["new new york", ["new york new york"], 0, 6 / 7],
    ["Danube", ["Rhine"], 0, 0],
    ["", ["Rhine"], 0, 0],
    ["", [], 1, 1],
    ["Rhine", [], 0, 0],
    ["the", ["the"], 1, 1],
    ["b", ["the", "b"], 1, 1],
  ])("%j for %j", (said, right, exact, f1) => {
    expect(judged(said, right).exact).toBe(exact);
    expect(judged(said, right).f1).toBeCloseTo(f1, 12);
  });

  test("the best span ends where it begins or later, in the passage, or is nothing", () => {
    const logits = [2, 2, 0, 9, 3, 0, 0, 2.5, 9, 9]; // starts 2 0 3 0 9, ends 2 9 0 2.5 9
    expect(bestSpan(logits, { places: 4, nothing: true })).toEqual([1, 1]);
    expect(bestSpan([2, 2, 0, 0, 3, 0, 0, 2.5], { places: 4, nothing: true })).toEqual([2, 3]);
    expect(bestSpan([3, 3, 0, 0, 3, 0, 0, 2.5], { places: 4, nothing: true })).toEqual([0, 0]);
    expect(bestSpan([3, 3, 0, 0, 3, 0, 0, 2.5], { places: 4, nothing: false })).toEqual([2, 3]);
  });

  test("a task's scores are of the words that the span has in the text", () => {
    const { test: pool } = pools(false);
    const task = spanTasks(pool, { shot: 1, query: 2, seed: 0, asked: "known" })(0);
    const out = new Float32Array(2 * 11 * 2);
    for (const [i, { from, to }] of task.query.windows.entries()) {
      out[22 * i + 2 * from] = 1;
      out[22 * i + 2 * to + 1] = 1;
    }
    expect(spanScores(out, task)).toEqual({ exact: 1, f1: 1 });
    expect(
      spanScores(
        out.map((x) => -x),
        task,
      ).exact,
    ).toBe(0);
  });

  test("place counts are of first and last places of training answers", () => {
    const counts = placeCounts(pools(false).train).map(Math.exp);
    const { questions } = pools(false).train.articles[0];
    expect(counts[0]).toBeCloseTo(1.5, 5); // one of the three questions has no answer
    expect(counts[2 * questions[0].known.from]).toBeGreaterThan(1.4);
    expect(counts.reduce((a, b) => a + b)).toBeCloseTo(22 * 0.5 + 6, 4);
  });
});

const options: SpanDomainOptions = {
  ...{ name: "talks", pools: talkPools(), shot: 1, query: 3, size: 8, filters: 8, tasks: 2 },
  ...{ steps: 2, innerLr: 0.1, outerLr: 3e-3, testTasks: 20 },
};

test.each(ENCODERS)("a sentence by %s is the same however far it is padded", async (encoder) => {
  const words = { vocabulary: 20, marks: 1, places: 9 };
  const net = textNet(words, { size: 6, filters: 8, way: 5, encoder });
  const trunk = net.trunk.init(key(3));
  const features = async (length: number) => {
    const x = new Int32Array(2 * length);
    x.set([3, 1, 7, 2, 19, 3, 4, 4]);
    return [...(await net.trunk.apply(trunk, tensor(x, [1, length, 2], "int32")).data())];
  };
  const [short, long] = [await features(6), await features(9)];
  expect(short.length).toBe(8);
  for (const [i, value] of long.entries()) expect(value).toBeCloseTo(short[i], 5);
  expect(Math.hypot(...short)).toBeGreaterThan(0.1);
});

const folder = process.env.HYPERGRAD_DATA ?? "../shared/data";
test.skipIf(!existsSync(`${folder}/squad`))(
  "real SQuAD: 35 articles, 11,873 questions",
  async () => {
    const bytes = await readUnpacked(`${folder}/squad/squad_v2_dev.json.gz`);
    const articles = parseSquad(new TextDecoder().decode(bytes));
    const all = articles.flatMap(({ paragraphs }) => paragraphs.flatMap(({ qas }) => qas));
    expect([articles.length, all.length]).toEqual([35, 11873]);
    const both = await squadPools(folder);
    const answered = answeredOnly(both);
    const count = ({ train, valid, test: tested }: typeof both) =>
      [train, valid, tested].map((pool) => pool.articles.flatMap((one) => one.questions).length);
    expect(count(answered).reduce((a, b) => a + b)).toBe(5400);
    expect(count(both).reduce((a, b) => a + b)).toBe(5400 + 5945);
    const titles = [both.train, both.valid, both.test].map((pool) =>
      pool.articles.map((a) => a.title),
    );
    expect(titles.map((list) => list.length)).toEqual([24, 4, 7]);
    expect(new Set(titles.flat()).size).toBe(35);
    // What is trained on is right to the character; some answers are a part of a token, such as the
    // "2" of "CO2".
    const said = answered.train.articles.flatMap(({ questions }) =>
      questions.map(({ right, known: { context: text, tokens, from, to } }) => {
        return judged(text.slice(tokens[from - 1][0], tokens[to - 1][1]), right).exact;
      }),
    );
    expect(said.length).toBe(3709);
    expect(said.filter((exact) => exact === 0).length).toBeLessThan(0.01 * said.length);
  },
);

test.each(ENCODERS)(
  "a span net by %s says of each place whether an answer begins and ends",
  async (encoder) => {
    const domain = spanDomain({ ...options, encoder });
    const params = initNet(domain.net, 1);
    const tasks = stackTasks([0].map(domain.train(1)));
    const { x, y } = tasks.query;
    const flat = { x: tensor(await x.data(), x.shape.slice(1), "int32") };
    const out = predict(domain.net, params, flat.x);
    expect(out.shape).toEqual([3, 15, 2]);
    expect(y.shape).toEqual([1, 3, 2]);
    // The loss is the mean of the two cross entropies of each question.
    const logits = await out.data();
    const labels = await y.data();
    let expected = 0;
    for (let n = 0; n < 3; n++) {
      for (let end = 0; end < 2; end++) {
        const own = Array.from({ length: 15 }, (_, i) => logits[30 * n + 2 * i + end]);
        const total = Math.log(own.reduce((sum, v) => sum + Math.exp(v), 0));
        expected += (total - own[labels[2 * n + end]]) / 6;
      }
    }
    const loss = lossOf(domain)(params, { ...flat, y: tensor(labels, [3, 2], "int32") });
    expect(await loss.item()).toBeCloseTo(expected, 4);
  },
);

describe("the methods of spans", () => {
  const maml = mamlMethod({ order: 2, steps: 1 });
  const work = () => ({ domain: spanDomain(options), seed: 1, flops: 3e7, tell: quiet });
  const names = spanMethods(spanDomain(options), maml, { hidden: 2 }).map(([name]) => name);

  test.each(names)("%s: same bits twice, no leak", async (name) => {
    const one = async () => {
      const own = work();
      const methods = new Map(spanMethods(own.domain, maml, { hidden: 2 }));
      const { times, ...numbers } = await methods.get(name)!(own);
      return numbers;
    };
    const first = await one();
    const before = device.memory().tensors;
    expect(await one()).toEqual(first);
    const left = device.memory().tensors - before;
    // What was trained on all tasks at once is kept for the other methods of its domain.
    const kept = initNet(spanDomain(options).net, 0);
    expect(left).toBe(/tuning|update/.test(name) ? countOf(kept) : 0);
    dispose(kept);
    const { metrics } = first;
    if (name.startsWith("ProtoNet")) {
      expect(metrics).toEqual({});
      return;
    }
    for (const metric of ["last", "exact", "before"]) {
      expect(metrics[metric]).toBeGreaterThanOrEqual(0);
      expect(metrics[metric]).toBeLessThanOrEqual(1);
    }
    expect(metrics.exact).toBeLessThanOrEqual(metrics.last);
  });

  test("what is never answered is right where there is no answer", async () => {
    const { domain } = work();
    const judge = judgeOf(domain, (l: { logits: ReturnType<typeof tensor> }) => l.logits, [0]);
    const out = new Float32Array(3 * 30);
    for (let n = 0; n < 3; n++) out[30 * n] = 1;
    const logits = tensor(out, [3, 15, 2]);
    const { exact } = await judge.scores({ logits }, { stream: domain.test, tasks: 20 });
    const none = Array.from({ length: 20 }, (_, i) => {
      const { query } = domain.test(i) as ReturnType<ReturnType<typeof spanTasks>>;
      return query.questions.filter(({ right }) => right.length === 0).length / 3;
    });
    expect(exact![0]).toEqual(none);
    judge.dispose();
    logits.dispose();
  });

  test("MAML learns from one question which sign announces answers", async () => {
    const domain = spanDomain({
      ...options,
      filters: 16,
      size: 16,
      tasks: 4,
      steps: 5,
      testTasks: 60,
    });
    const { metrics } = await mamlMethod({ order: 2, steps: 1 })({
      ...{ domain, seed: 0, flops: 6e9, tell: quiet },
    });
    // Chance among the three names, or nothing, is a quarter.
    expect(metrics.last).toBeGreaterThan(metrics.before + 0.15);
    expect(metrics.last).toBeGreaterThan(0.4);
  });
});

const countOf = (tree: object): number =>
  Object.values(tree).reduce((n: number, part) => n + ("shape" in part ? 1 : countOf(part)), 0);
