// What a run says in words: its settings, and its table with the headline below. The same wherever
// it runs.

import { cellText, columnsOf, columnText, headlineSteps, type Row, tableText } from "./evaluate";
import type { Settings } from "./options";
import type { Result } from "./run";
import type { Tasks } from "./tasks";

/** One line of what was asked for. */
export function settingText(s: Settings): string {
  return (
    `orders ${s.orders.join(" and ")}, ${s.iterations} meta-steps of ${s.metaBatch} tasks, ` +
    `${s.steps} inner ${s.steps === 1 ? "step" : "steps"} of ${s.innerLr}, ` +
    `Adam ${s.outerLr}` +
    `${s.outerDecay > 0 ? ` falling over the last ${100 * s.outerDecay} %` : ""}, ` +
    `${s.filters} ${s.task === "sinusoid" ? "hidden units" : "filters"}, ` +
    `seed ${s.seed}${s.seeds > 1 ? ` to ${s.seed + s.seeds - 1}` : ""}`
  );
}

/** The row of the headline: second order, or first where only that was trained. */
export function bestRow({ rows }: Pick<Result, "rows">): Row {
  return rows.find((row) => row.cells !== null) as Row;
}

/** The table, and the headline. */
export function resultText(settings: Settings, result: Pick<Result, "rows">, tasks: Tasks): string {
  const steps = headlineSteps(settings);
  const { label, cells } = bestRow(result);
  const shown = cellText(cells![columnsOf(settings).indexOf(steps)], tasks.measure);
  return `
${tasks.measure} over ${settings.testTasks} fixed test tasks, 95 % interval
${tableText(result.rows, settings, tasks)}
* more inner steps than in training

${label} after ${columnText(steps, settings)}: ${shown}`;
}
