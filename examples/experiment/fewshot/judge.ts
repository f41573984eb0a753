// How an adapted learner does on fixed test tasks after every number of steps, all tasks of a chunk
// in one program.

import { compile, type data, dispose, type Tensor, type Tree, vmap } from "hypergrad";
import type { Outcome, Point, Tell } from "../experiment";
import { type Domain, type HostTask, type Stream, stackTasks } from "./domain";
import { type SpanTask, spanScores } from "./spans";

/** Outputs for a task's query inputs after so many steps on its support. */
export type Predict<L extends Tree> = (learned: L, task: data.TaskTensors, steps: number) => Tensor;

/** Scores by number of steps, from 0: of each task. */
export type Scores = {
  /** Accuracy, mean squared error, or F1 over the words of answers; NaN where an output was no
   * finite number. */
  readonly score: readonly number[][];
  readonly f1: readonly number[][];
  /** Of answers: how many are right to the word. */
  readonly exact?: readonly number[][];
};

interface JudgeOptions {
  readonly stream: Stream;
  readonly tasks: number;
  readonly tell?: Tell;
}

interface Judge<L extends Tree> {
  scores(learned: L, options: JudgeOptions): Promise<Scores>;
  dispose(): void;
}

const CHUNK = 20;

/** Scores of any learners after these numbers of steps, by one program. */
export function judgeOf<L extends Tree>(
  domain: Pick<Domain, "kind" | "way">,
  predict: Predict<L>,
  columns: readonly number[],
): Judge<L> {
  const all = compile((l: L, batch: data.TaskTensors) =>
    columns.map((k) => vmap((task: data.TaskTensors) => predict(l, task, k))(batch)),
  );
  return {
    async scores(learned, { stream, tasks, tell }) {
      const chunk = Math.min(CHUNK, tasks);
      const score: number[][] = columns.map(() => []);
      const f1: number[][] = columns.map(() => []);
      const exact: number[][] = columns.map(() => []);
      for (let from = 0; from < tasks; from += chunk) {
        const list = Array.from({ length: chunk }, (_, i) => stream(from + i));
        const batch = stackTasks(list);
        const outs = all(learned, batch);
        for (const [c, out] of outs.entries()) {
          const values = await out.data();
          const size = values.length / chunk;
          for (const [i, task] of list.entries()) {
            if (from + i >= tasks) break;
            const own = values.subarray(i * size, (i + 1) * size) as Float32Array;
            const found = scoreOf(domain, own, task);
            score[c].push(found.score);
            f1[c].push(found.f1);
            if (found.exact !== undefined) exact[c].push(found.exact);
          }
        }
        dispose({ batch, outs } as unknown as Tree);
        await tell?.(from + chunk, tasks, "testing");
      }
      return { score, f1, exact };
    },
    dispose: () => all.dispose(),
  };
}

function scoreOf(
  { kind, way }: Pick<Domain, "kind" | "way">,
  out: Float32Array,
  task: HostTask,
): { readonly score: number; readonly f1: number; readonly exact?: number } {
  const { query } = task;
  const finite = out.every(Number.isFinite);
  if (kind === "points") {
    let total = 0;
    for (let i = 0; i < out.length; i++) total += (out[i] - query.y[i]) ** 2;
    return { score: finite ? total / out.length : Number.NaN, f1: Number.NaN };
  }
  if (!finite) return { score: Number.NaN, f1: Number.NaN, exact: Number.NaN };
  if (kind === "spans") {
    const { exact, f1 } = spanScores(out, task as SpanTask);
    return { score: f1, f1, exact };
  }
  const n = query.y.length;
  const hits = new Array<number>(way).fill(0);
  const guessed = new Array<number>(way).fill(0);
  const there = new Array<number>(way).fill(0);
  for (let i = 0; i < n; i++) {
    let best = 0;
    for (let c = 1; c < way; c++) if (out[i * way + c] > out[i * way + best]) best = c;
    guessed[best]++;
    there[query.y[i]]++;
    if (best === query.y[i]) hits[best]++;
  }
  const each = hits.map((hit, c) => (hit === 0 ? 0 : (2 * hit) / (guessed[c] + there[c])));
  const right = hits.reduce((a, b) => a + b, 0);
  return { score: right / n, f1: each.reduce((a, b) => a + b, 0) / way };
}

/** The mean over tasks; a prediction that is no number is a wrong one. */
export function meanOf({ kind }: Pick<Domain, "kind">, values: readonly number[]): number {
  const counted = values.map((v) => (kind !== "points" && Number.isNaN(v) ? 0 : v));
  return counted.reduce((a, b) => a + b, 0) / counted.length;
}

/** What a job reports of scores after 0, 1, … steps; those of tasks elsewhere have other names. */
export function outcomeOf(
  domain: Domain,
  scores: Scores,
  flops: number,
  elsewhere?: Scores,
): Outcome {
  const own = reportOf(domain, scores, domain.threshold);
  const there = elsewhere && reportOf(domain, elsewhere, domain.elsewhere!.threshold);
  const renamed = <T>(all: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(all).map(([name, value]) => [`${name}There`, value]));
  return {
    metrics: { ...own.metrics, flops: flops / 1e9, ...(there && renamed(there.metrics)) },
    halves: { ...own.halves, ...(there && renamed(there.halves)) },
    curves: { steps: own.curve, ...(there && { stepsThere: there.curve }) },
  };
}

function reportOf(domain: Domain, { score, f1, exact }: Scores, threshold: number) {
  const { kind, testSteps, steps } = domain;
  const [images, spans] = [kind === "images", kind === "spans"];
  const at = Math.min(testSteps, score.length - 1);
  const first = Math.min(steps, at);
  const means = score.map((values) => meanOf(domain, values));
  const passed = means.findIndex((v) => (kind === "points" ? v <= threshold : v >= threshold));
  const half = (values: readonly number[]) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    return (1.96 * Math.sqrt(squares / (values.length - 1))) / Math.sqrt(values.length);
  };
  return {
    metrics: {
      first: means[first],
      last: means[at],
      ...(images ? { f1: meanOf(domain, f1[at]) } : {}),
      ...(spans ? { before: means[0], exact: meanOf(domain, exact![at]) } : {}),
      toThreshold: passed < 0 ? Number.NaN : passed,
      notFinite: score[at].filter((v) => !Number.isFinite(v)).length,
    },
    halves: {
      ...{ first: half(score[first]), last: half(score[at]) },
      ...(spans ? { before: half(score[0]), exact: half(exact![at]) } : {}),
    },
    curve: means.map((v, k): Point => [k, v]),
  };
}
