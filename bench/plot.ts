// The plot of a run against the peers: how many times our time each one takes, on a log scale.

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Run } from "./results";
import { bySide } from "./tables";

const SIDES = ["tfjs", "jax-js", "onnxruntime", "PyTorch"] as const;
const COLORS = ["#f59e0b", "#2563eb", "#059669", "#dc2626"];

/** SVG text. Contests in which no peer was right and timed are left out. */
export function peersPlot(run: Run): string {
  const points = [...bySide(run)].flatMap(([contest, sides]) => {
    const own = sides.get("hypergrad")?.p10;
    return SIDES.flatMap((side) => {
      const theirs = sides.get(side)?.p10;
      return own === undefined || theirs === undefined
        ? []
        : [{ contest, side, ratio: theirs / own }];
    });
  });
  const contests = [...new Set(points.map((p) => p.contest))];
  const { document } = parseHTML("<html><body></body></html>");
  const chart = Plot.plot({
    document,
    width: 760,
    height: 40 + 18 * contests.length,
    marginLeft: 270,
    x: { type: "log", label: "time, as times hypergrad's", grid: true, tickFormat: String },
    y: { domain: contests, label: null },
    color: { domain: [...SIDES], range: COLORS, legend: false },
    marks: [
      Plot.ruleX([1], { stroke: "black" }),
      Plot.dot(points, { x: "ratio", y: "contest", fill: "side", r: 4, title: "side" }),
    ],
  });
  const legend = SIDES.map(
    (side, i) =>
      `<circle cx="${280 + 110 * i}" cy="8" r="4" fill="${COLORS[i]}"/>` +
      `<text x="${290 + 110 * i}" y="12" font-size="11" text-anchor="start">${side}</text>`,
  );
  chart.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return chart.outerHTML.replace("</svg>", `${legend.join("")}</svg>`);
}
