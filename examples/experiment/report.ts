// The report of a run as one HTML file: tables, curves and settings; nothing in it is fetched from
// elsewhere.

import { type Curve, curves } from "../demo/charts";
import { style as common, escape } from "../html";
import type { Chart, Plan, Point, Result } from "./experiment";
import type { Record } from "./record";
import { cellText, type Table, tablesOf } from "./summary";

/** The report as HTML text. */
export function reportOf(title: string, plan: Plan, record: Record, command: string): string {
  const { settings, results, device, version, digest } = record;
  const tables = tablesOf(plan, results);
  const facts: [string, string][] = [
    ["command", command],
    ["version", version],
    ["device", device],
    ["digest", `${digest} (of all numbers but times)`],
    ...Object.entries(settings).map(([k, v]): [string, string] => [k, String(v)]),
  ];
  const sections = tables.map((table) => {
    const own = results.filter(({ group }) => group === table.group);
    const drawn = plan.charts.map((chart) => chartOf(chart, table, own));
    const charts = `<div class="row">${drawn.join("")}</div>`;
    return `<h2>${escape(table.group)}</h2>\n${tableOf(table)}${charts}`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>hypergrad: ${escape(settings.experiment)}</title>
<style>${style}</style>
<h1>${escape(title)}</h1>
${plan.about.map((line) => `<p>${escape(line)}</p>`).join("\n")}
${sections.join("\n")}
<h2>What it says</h2>
<ul>${plan
    .verdict(results)
    .map((line) => `<li>${escape(line)}</li>`)
    .join("")}</ul>
<h2>Setting</h2>
<dl>${facts.map(([k, v]) => `<dt>${escape(k)}</dt><dd>${escape(v)}</dd>`).join("")}</dl>
</html>
`;
}

function tableOf({ metrics, rows }: Table): string {
  const head = metrics.map(
    ({ label, form }) => `<th>${escape(label)}${form === "percent" ? ", %" : ""}</th>`,
  );
  const best = metrics.map(({ better }, i) => {
    const values = rows.map(({ cells }) => cells[i].mean).filter(Number.isFinite);
    if (better === "neither" || values.length === 0) return Number.NaN;
    return better === "higher" ? Math.max(...values) : Math.min(...values);
  });
  const body = rows.map(({ method, cells, note }) => {
    const shown = cells.map((cell, i) => {
      const mark = cell.mean === best[i] ? ' class="best"' : "";
      return `<td${mark}>${escape(cellText(cell, metrics[i]))}</td>`;
    });
    const last = `<td class="note">${escape(note)}</td>`;
    return `<tr><th>${escape(method)}</th>${shown.join("")}${last}</tr>`;
  });
  return `<table><tr><th></th>${head.join("")}<th></th></tr>${body.join("")}</table>`;
}

/** One curve a method: the mean over its seeds. */
function chartOf(chart: Chart, table: Table, results: readonly Result[]): string {
  const list = table.rows.flatMap(({ method }): Curve[] => {
    const own = results.flatMap(({ method: m, outcome }) => {
      const points = m === method ? outcome.curves?.[chart.curve] : undefined;
      return points === undefined ? [] : [points];
    });
    const points = meanCurve(own).filter(({ y }) => !chart.log || y > 0);
    return points.length === 0 ? [] : [{ label: method, points }];
  });
  if (list.length === 0) return "";
  const { x, y, log, percent } = chart;
  return curves(list, { x, y, log, percent, height: 320 });
}

/** Points at which every seed has a finite value. */
export function meanCurve(list: readonly (readonly Point[])[]): { x: number; y: number }[] {
  const [first = [], ...others] = list;
  return first.flatMap(([x, y], i) => {
    const ys = [y, ...others.map((points) => points[i]?.[1])];
    if (!ys.every((v) => Number.isFinite(v))) return [];
    return [{ x, y: ys.reduce((a, b) => a + b, 0) / ys.length }];
  });
}

const style = `${common}
td.note { color: #555; font-size: .85em; text-align: left; } td.best { font-weight: 700; }
.row { margin-top: 1rem; } .legend { font-size: .85em; max-width: 35rem; }
`;
