// The roofline plot: speed against arithmetic per byte, both on log scales, under the lines of the
// measured copy and peak.

import type { Result } from "../results";
import { digits } from "../text";

const WIDTH = 760;
const HEIGHT = 360;
const LEFT = 56;
const BOTTOM = 40;
const TOP = 12;
const RIGHT = 16;

const NAMESPACE = "http://www.w3.org/2000/svg";

function shape(name: string, attributes: Record<string, string | number>, text = ""): SVGElement {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}

/** Powers of ten from below `low` to above `high`. */
function decades(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/** The plot of the rows that do arithmetic on memory; null when there is none, or no roof. */
export function roofline(results: readonly Result[]): SVGElement | null {
  const points = results.filter((r) => r.intensity !== undefined && r.gflops !== undefined);
  const peak = results.find((r) => r.name === "peak arithmetic")?.gflops;
  const copies = results.filter((r) => r.group === "roofs" && r.gbs !== undefined);
  const memory = copies.at(-1)?.gbs;
  if (points.length === 0 || peak === undefined || memory === undefined) return null;
  const xs = points.map((r) => r.intensity!);
  const ys = points.map((r) => r.gflops!);
  const across = decades(Math.min(...xs) / 2, Math.max(...xs) * 2);
  const up = decades(Math.min(...ys) / 2, peak);
  const place = (ticks: number[], from: number, to: number) => (value: number) => {
    const [low, high] = [Math.log10(ticks[0]), Math.log10(ticks[ticks.length - 1])];
    return from + ((Math.log10(value) - low) / (high - low)) * (to - from);
  };
  const x = place(across, LEFT, WIDTH - RIGHT);
  const y = place(up, HEIGHT - BOTTOM, TOP);
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, role: "img" });
  svg.append(shape("title", {}, "Roofline: GFLOP/s against flops a byte"));
  for (const tick of across) {
    svg.append(
      shape("line", { class: "grid", x1: x(tick), x2: x(tick), y1: TOP, y2: HEIGHT - BOTTOM }),
      shape("text", { x: x(tick), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, `${tick}`),
    );
  }
  for (const tick of up) {
    svg.append(
      shape("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }),
      shape("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, `${tick}`),
    );
  }
  const low = across[0];
  const high = across[across.length - 1];
  const ridge = peak / memory;
  const bottom = Math.max(low * memory, up[0]);
  const start = bottom / memory;
  const corner = start < ridge ? `M${x(start)},${y(bottom)} L${x(ridge)},${y(peak)}` : "";
  const flat = `${corner === "" ? "M" : "L"}${x(Math.max(low, Math.min(ridge, high)))},${y(peak)}`;
  svg.append(
    shape("path", { class: "roof", d: `${corner} ${flat} L${x(high)},${y(peak)}` }),
    shape(
      "text",
      { x: WIDTH - RIGHT, y: y(peak) - 5, "text-anchor": "end" },
      `peak ${digits(peak)} GFLOP/s, copy from memory ${digits(memory)} GB/s`,
    ),
    shape("text", { x: LEFT, y: HEIGHT - 6 }, "flops a byte"),
    shape("text", { x: LEFT + 6, y: TOP + 14 }, "GFLOP/s"),
  );
  for (const r of points) {
    const dot = shape("circle", { cx: x(r.intensity!), cy: y(r.gflops!), r: 4 });
    dot.append(shape("title", {}, `${r.name}: ${digits(r.gflops!)} GFLOP/s`));
    svg.append(dot);
  }
  return svg;
}
