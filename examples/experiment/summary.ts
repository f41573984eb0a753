// Means over seeds with 95 % intervals, and tables of them: a value that is no finite number is
// shown and counted, never left out of sight.

import type { Metric, Plan, Result } from "./experiment";

export interface Cell {
  readonly mean: number;
  /** Half the 95 % interval; NaN where there is nothing to take it from. */
  readonly half: number;
  /** Values that were NaN or infinite. */
  readonly bad: number;
  readonly count: number;
}

export interface Row {
  readonly method: string;
  readonly cells: readonly Cell[];
  readonly note: string;
}

export interface Table {
  readonly group: string;
  readonly metrics: readonly Metric[];
  readonly rows: readonly Row[];
}

// Student's t, 97.5 %, by degrees of freedom from 1.
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13];

/** Mean and interval of numbers; of one number the interval `half`. */
export function cellOf(values: readonly number[], half = Number.NaN): Cell {
  const good = values.filter(Number.isFinite);
  const [n, count] = [good.length, values.length];
  const bad = count - n;
  if (n === 0) return { mean: Number.NaN, half: Number.NaN, bad, count };
  const mean = good.reduce((sum, v) => sum + v, 0) / n;
  if (n === 1) return { mean, half, bad, count };
  const variance = good.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1);
  const t = T[n - 2] ?? 1.96 + 2.5 / n;
  return { mean, half: t * Math.sqrt(variance / n), bad, count };
}

/** One table for each group, methods in the order of the jobs. */
export function tablesOf(plan: Plan, results: readonly Result[]): Table[] {
  const groups = [...new Set(plan.jobs.map(({ group }) => group))];
  return groups.map((group) => {
    const metrics = plan.metrics[group] ?? plan.metrics[""];
    const own = plan.jobs.filter((job) => job.group === group);
    const methods = [...new Set(own.map(({ method }) => method))];
    const rows = methods.map((method) => {
      const found = results.filter((r) => r.group === group && r.method === method);
      const cells = metrics.map(({ name, measured }) => {
        const of = ({ outcome, seconds }: Result) => {
          if (!measured) return outcome.metrics[name] ?? Number.NaN;
          return name === "seconds" ? seconds : (outcome.times?.[name] ?? Number.NaN);
        };
        return cellOf(found.map(of), found[0]?.outcome.halves?.[name]);
      });
      const notes = [...new Set(found.flatMap(({ outcome: { note } }) => note ?? []))];
      return { method, cells, note: notes.slice(0, 3).join("; ") };
    });
    return { group, metrics, rows };
  });
}

/** `97.3 ± 0.4`, of percentages in percent. */
export function cellText({ mean, half, bad, count }: Cell, { form }: Metric): string {
  if (count === 0 || (Number.isNaN(mean) && bad === count)) return count === 0 ? "" : "-";
  const scale = form === "percent" ? 100 : 1;
  const digits = form === "percent" ? 1 : form === "whole" ? 0 : places(mean);
  const large = Math.abs(mean) >= 1e6;
  const shown = (x: number) => (large ? x.toExponential(1) : (scale * x).toFixed(digits));
  const interval = Number.isNaN(half) ? "" : ` ± ${shown(half)}`;
  return `${shown(mean)}${interval}${bad > 0 ? ` (${bad} of ${count} not finite)` : ""}`;
}

function places(x: number): number {
  const size = Math.abs(x);
  if (size >= 100) return 0;
  if (size >= 10) return 1;
  return size >= 1 ? 2 : size >= 0.1 ? 3 : 4;
}

/** Tables as lines of text. */
export function tableText({ group, metrics, rows }: Table): string {
  const head = [
    group,
    ...metrics.map(({ label, form }) => label + (form === "percent" ? " %" : "")),
  ];
  const body = rows.map(({ method, cells }) => [
    method,
    ...cells.map((cell, i) => cellText(cell, metrics[i])),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    row
      .map((t, i) => (i === 0 ? t.padEnd(widths[i]) : t.padStart(widths[i])))
      .join("  ")
      .trimEnd();
  const rule = widths.map((w) => "-".repeat(w)).join("  ");
  return [line(head), rule, ...body.map(line)].join("\n");
}
