// The report's charts, drawn by Observable Plot into SVG text.

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

export interface Curve {
  label: string;
  points: readonly { x: number; y: number }[];
}

interface CurvesOptions {
  x: string;
  y: string;
  /** Percent on the y axis. */
  percent?: boolean;
  log?: boolean;
  width?: number;
  height?: number;
  /** Single points beside the curves. */
  dots?: readonly { x: number; y: number }[];
}

const COLORS = ["#2563eb", "#dc2626", "#6b7280", "#059669"];

/** Curves on common axes, with a legend when there are several, as SVG text. */
export function curves(list: readonly Curve[], options: CurvesOptions): string {
  const { document } = parseHTML("<html><body></body></html>");
  const { x, y, percent = false, log = false, width = 560, height = 280, dots = [] } = options;
  const rows = list.flatMap(({ label, points }) => points.map((p) => ({ ...p, label })));
  const chart = Plot.plot({
    document,
    width,
    height,
    marginLeft: 50,
    x: { label: x, nice: true },
    y: {
      label: y,
      grid: true,
      percent,
      type: log ? "log" : "linear",
      tickFormat: log ? String : undefined,
    },
    color: { domain: list.map((c) => c.label), range: COLORS.slice(0, list.length) },
    marks: [
      Plot.line(rows, { x: "x", y: "y", stroke: "label", strokeWidth: 1.6 }),
      Plot.dot(dots, { x: "x", y: "y", fill: "black", r: 2.5 }),
    ],
  });
  chart.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const legend = list.map(
    ({ label }, i) => `<span><i style="background:${COLORS[i]}"></i>${label}</span>`,
  );
  const key = list.length > 1 ? `<div class="legend">${legend.join(" ")}</div>` : "";
  return `<figure>${key}${chart.outerHTML}</figure>`;
}

/** Means of `count` blocks of a curve: what a noisy history shows at a glance. */
export function smooth(values: readonly number[], count = 120): { x: number; y: number }[] {
  const size = Math.max(1, Math.ceil(values.length / count));
  const points: { x: number; y: number }[] = [];
  for (let i = 0; i < values.length; i += size) {
    const block = values.slice(i, i + size).filter(Number.isFinite);
    const y = block.reduce((sum, v) => sum + v, 0) / block.length;
    if (block.length > 0) points.push({ x: i + block.length / 2, y });
  }
  return points;
}
