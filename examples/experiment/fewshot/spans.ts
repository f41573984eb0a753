// Few-shot tasks of questions on one article, each answered by a span of a window of its paragraph:
// the tasks, the net with a span head, and how an answer is scored.

import {
  concat,
  crossEntropy,
  data,
  expand,
  expandDims,
  max,
  mul,
  nn,
  relu,
  scope,
  slice,
  split,
  type Tensor,
  transpose,
} from "hypergrad";
import { bestSpan, type Judgement, judged } from "./answers";
import type { Domain, Net } from "./domain";
import { type Encoder, type EncoderParams, placeEncoder, type Words } from "./encoder";
import { TEST_KEY, VALID_KEY } from "./streams";
import type { TextDomainOptions } from "./text";

/** A question with a part of its paragraph. */
export interface Window {
  /** [1 + asked + seen, 1 + marks]: nothing, the question, the passage; words and their marks. */
  readonly x: Int32Array;
  /** First and last place of the answer: 0 is nothing, 1 the first token of the passage. Both 0
   * where the window has no answer. */
  readonly from: number;
  readonly to: number;
  readonly context: string;
  /** The characters of the context that each token of the passage is. */
  readonly tokens: readonly (readonly [from: number, to: number])[];
}

export interface Question {
  readonly id: string;
  /** All right answers; none where the paragraph has none. */
  readonly right: readonly string[];
  /** Chosen by one who knows the answer: to learn from. */
  readonly known: Window;
  /** Chosen by the question alone: to be asked. */
  readonly blind: Window;
}

export interface Article {
  readonly title: string;
  readonly questions: readonly Question[];
}

export interface SpanPool extends Words {
  readonly articles: readonly Article[];
  /** Words of a question and of a passage. */
  readonly asked: number;
  readonly seen: number;
  /** Every question has an answer. */
  readonly answered: boolean;
}

export interface SpanPools {
  readonly train: SpanPool;
  readonly valid: SpanPool;
  readonly test: SpanPool;
}

interface SpanSide {
  readonly x: Int32Array;
  /** [n, 2]: the first and the last place of the answer. */
  readonly y: Int32Array;
  readonly shape: readonly number[];
  readonly windows: readonly Window[];
  readonly questions: readonly Question[];
}

export interface SpanTask {
  readonly support: SpanSide;
  readonly query: SpanSide;
  readonly article: number;
  /** "There is no answer" is one that may be given. */
  readonly nothing: boolean;
}

interface SpanTaskOptions {
  /** Questions to learn from. */
  readonly shot: number;
  readonly query: number;
  readonly seed: number;
  /** Which window those of the query are asked on. */
  readonly asked: "known" | "blind";
}

/**
 * Tasks by index: an article, and questions on it without replacement.
 * @throws Error that names the articles with fewer questions than a task takes
 */
export function spanTasks(pool: SpanPool, options: SpanTaskOptions): (index: number) => SpanTask {
  const { shot, query, seed, asked } = options;
  const few = pool.articles.filter(({ questions }) => questions.length < shot + query);
  if (few.length > 0) {
    const list = few.map(({ title, questions }) => `"${title}" has ${questions.length}`);
    throw new Error(
      `spanTasks: articles with too few questions: ${list.join(", ")}; a task takes ` +
        `${shot} + ${query}. Leave ${few.length === 1 ? "it" : "them"} out, or ask fewer.`,
    );
  }
  const shape = [1 + pool.asked + pool.seen, 1 + pool.marks];
  const side = (questions: readonly Question[], which: "known" | "blind"): SpanSide => {
    const windows = questions.map((question) => question[which]);
    const size = shape[0] * shape[1];
    const x = new Int32Array(windows.length * size);
    for (const [i, window] of windows.entries()) x.set(window.x, i * size);
    const y = Int32Array.from(windows.flatMap(({ from, to }) => [from, to]));
    return { x, y, shape: [windows.length, ...shape], windows, questions };
  };
  return (index) => {
    const random = data.stream(seed, index);
    const article = random.integer(pool.articles.length);
    const { questions } = pool.articles[article];
    const chosen = random.choose(questions.length, shot + query).map((i) => questions[i]);
    return {
      support: side(chosen.slice(0, shot), "known"),
      query: side(chosen.slice(shot), asked),
      article,
      nothing: !pool.answered,
    };
  };
}

/** Mean over the questions of a task's query of exact match and F1; `out` is of all of them,
 * [n, 1 + seen, 2]. */
export function spanScores(out: Float32Array, { query, nothing }: SpanTask): Judgement {
  const n = query.windows.length;
  const each = query.windows.map(({ context, tokens }, i) => {
    const own = out.subarray((i * out.length) / n, ((i + 1) * out.length) / n);
    const [from, to] = bestSpan(own, { places: 1 + tokens.length, nothing });
    const said = from === 0 ? "" : context.slice(tokens[from - 1][0], tokens[to - 1][1]);
    return judged(said, query.questions[i].right);
  });
  const mean = (of: (one: Judgement) => number) => each.reduce((sum, one) => sum + of(one), 0) / n;
  return { exact: mean(({ exact }) => exact), f1: mean(({ f1 }) => f1) };
}

/** Cross entropy of where the answer begins, and of where it ends, [n, places, 2] and [n, 2]. */
export function spanLoss(out: Tensor, y: Tensor): Tensor {
  return crossEntropy(transpose(out, [0, 2, 1]), y);
}

interface SpanNetOptions extends Pick<SpanPool, "asked" | "seen" | keyof Words> {
  readonly size: number;
  readonly filters: number;
  readonly encoder?: Encoder;
}

type SpanParams = { readonly encoder: EncoderParams; readonly both: nn.LinearParams };

/**
 * Each place of the passage beside the question, [n, 1 + seen, filters]: what the encoder sees
 * there, the largest of what it sees in the question, and their product, through a convolution;
 * place 0, for no answer, has the largest of what it sees in the passage. The head says of each
 * place whether the answer begins and ends there.
 */
function spanNet({ asked, seen, filters, ...options }: SpanNetOptions): Net {
  const encoder = placeEncoder({ ...options, filters });
  const conv = nn.conv1d(3 * filters, filters, { size: 3, padding: 1 });
  const headOf = (outputs: number) => nn.linear(filters, outputs);
  return {
    trunk: {
      init: (key) =>
        scope((): SpanParams => {
          const [a, b] = split(key, 2);
          return { encoder: encoder.init(a), both: conv.init(b) };
        }),
      apply: (params, x) =>
        scope(() => {
          const own = params as SpanParams;
          const [n] = x.shape;
          const places = encoder.apply(own.encoder, x);
          const part = (from: number, length: number) =>
            slice(places, [0, from, 0], [n, length, filters]);
          const most = (y: Tensor) => expandDims(max(y, { axis: 1 }), 1);
          const passage = part(1 + asked, seen);
          const all = concat([most(passage), passage], 1);
          const question = expand(most(part(1, asked)), all.shape);
          const both = concat([all, question, mul(all, question)], 2);
          return relu(conv.apply(own.both, both));
        }),
    },
    head: headOf(2),
    headOf,
  };
}

export interface SpanDomainOptions extends Omit<TextDomainOptions, "pools" | "threshold"> {
  readonly pools: SpanPools;
}

export function spanDomain(options: SpanDomainOptions): Domain {
  const { name, pools, shot, query = 5, steps, innerLr, outerLr = 1e-3, tasks = 4 } = options;
  const { size = 32, filters, encoder = "convolution", testTasks, validTasks } = options;
  const { train, valid, test } = pools;
  const net = spanNet({ ...train, size, filters, encoder });
  const stream =
    (pool: SpanPool, asked: "known" | "blind") =>
    (seed: number, own = shot) =>
      spanTasks(pool, { shot: own, query, seed, asked });
  const questions = ({ articles }: SpanPool) => {
    const count = articles.reduce((sum, article) => sum + article.questions.length, 0);
    return `${articles.length} articles of ${count} questions`;
  };
  const found = test.articles.flatMap((article) => article.questions);
  const inside = found.filter(({ right, blind }) => right.length === 0 || blind.from > 0).length;
  return {
    ...{ name, kind: "spans", net, way: 1, shot, query, steps, testSteps: steps, innerLr, outerLr },
    ...{ metaBatch: tasks, testTasks, validTasks, threshold: 1, spans: train },
    moves: (path) => !path.includes("tables"),
    about:
      `${name}: training ${questions(train)}, validation ${questions(valid)}, test ` +
      `${questions(test)}${train.answered ? ", all with an answer" : ""}; ${shot} to learn from, ` +
      `${query} asked; windows of ${train.seen} words chosen by the question alone, in which ` +
      `${((100 * inside) / found.length).toFixed(1)} % of the tested questions can be answered; ` +
      `embedding of ${size} numbers a word, learned from nothing, ${encoder}, ${filters} ` +
      `features, span head; no task moves the embeddings; ${tasks} tasks a meta-step, inner rate ` +
      `${innerLr}, outer rate ${outerLr}`,
    train: stream(train, "known"),
    valid: stream(valid, "blind")(VALID_KEY),
    test: stream(test, "blind")(TEST_KEY),
  };
}

/** Logits [1 + seen, 2] of where answers begin and end in the training windows: the best that can
 * be said without reading. */
export function placeCounts({ articles, seen }: SpanPool): Float32Array {
  const counts = new Float32Array(2 * (1 + seen)).fill(0.5);
  for (const { from, to } of articles.flatMap(({ questions }) => questions.map((q) => q.known))) {
    counts[2 * from]++;
    counts[2 * to + 1]++;
  }
  return counts.map(Math.log);
}
