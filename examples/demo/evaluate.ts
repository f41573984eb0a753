// The table of a run: every learner on the same fixed test tasks after each number of inner steps,
// with 95 % intervals. A task whose result is no finite number is counted and shown, never dropped.

import type { Learner } from "./learn";
import type { Settings } from "./options";
import type { Tasks } from "./tasks";

export interface Cell {
  mean: number;
  /** Half the 95 % interval: 1.96 s / sqrt(tasks). */
  half: number;
  /** Tasks whose loss or predictions were NaN or infinite. */
  bad: number;
}

export interface Row {
  label: string;
  /** One a column, in the order of `columnsOf`; null when it was not trained. */
  cells: Cell[] | null;
}

/** Inner steps that the table shows. Images also show 3, their protocol's number at test time. */
export function columnsOf(settings: Settings): number[] {
  return settings.task === "sinusoid" ? [0, 1, 5, 10] : [0, 1, 3, 5, 10];
}

/** The inner steps of the headline and of the pictures. */
export function headlineSteps(settings: Settings): number {
  return settings.task === "sinusoid" ? 1 : 3;
}

/** Scores of one learner: [task][column]. `tick` is called after each task and may throw. */
export async function evaluate(
  learner: Learner,
  tasks: Tasks,
  settings: Settings,
  tick: () => void | Promise<void>,
): Promise<number[][]> {
  const columns = columnsOf(settings);
  const scores: number[][] = [];
  for (let i = 0; i < settings.testTasks; i++) {
    scores.push((await learner.test(tasks.test(i), columns)).scores);
    await tick();
  }
  return scores;
}

/** Mean and interval of each column. With several runs (seeds), tasks are averaged over the runs
 * first, so that the interval is over tasks. A prediction that is no number is a wrong one. */
export function summarize(runs: readonly number[][][], measure: Tasks["measure"]): Cell[] {
  const tasks = runs[0].length;
  const value = (x: number) => (measure === "accuracy" && Number.isNaN(x) ? 0 : x);
  return runs[0][0].map((_, column) => {
    const values = Array.from({ length: tasks }, (_, i) => {
      return runs.reduce((sum, run) => sum + value(run[i][column]), 0) / runs.length;
    });
    const mean = values.reduce((sum, v) => sum + v, 0) / tasks;
    const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    const half = (1.96 * Math.sqrt(squares / (tasks - 1))) / Math.sqrt(tasks);
    const bad = runs.flat().filter((task) => !Number.isFinite(task[column])).length;
    return { mean, half, bad };
  });
}

/** `97.3 ± 0.4 %` for accuracies, `0.412 ± 0.031` for MSE. */
export function cellText(cell: Cell, measure: Tasks["measure"]): string {
  const { mean, half, bad } = cell;
  const shown =
    measure === "accuracy"
      ? `${(100 * mean).toFixed(1)} ± ${(100 * half).toFixed(1)} %`
      : `${mean.toFixed(3)} ± ${half.toFixed(3)}`;
  return bad > 0 ? `${shown} (${bad} not finite)` : shown;
}

/** The table as lines of text, columns beyond the trained number of steps starred. */
export function tableText(rows: readonly Row[], settings: Settings, tasks: Tasks): string {
  const columns = columnsOf(settings);
  const head = ["", ...columns.map((k) => columnText(k, settings))];
  const body = rows.map(({ label, cells }) => [
    label,
    ...columns.map((_, i) => (cells ? cellText(cells[i], tasks.measure) : "not trained")),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((row) => row[i].length)));
  const line = (row: string[]) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join("  ");
  const rule = widths.map((w) => "-".repeat(w)).join("  ");
  return [line(head), rule, ...body.map(line)].join("\n");
}

/** `1 step`, `5 steps*`. */
export function columnText(k: number, settings: Settings): string {
  return `${k} ${k === 1 ? "step" : "steps"}${k > settings.steps ? "*" : ""}`;
}
