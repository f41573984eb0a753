// The page's charts, drawn by uPlot: sizes come from their boxes, which never change with what is
// in them, and colours from the page's style.

import uPlot from "uplot";
import type { Line } from "./settings";

/** Kept points of a history: when there are more, neighbours are averaged. */
const MOST = 600;

/** A line that stands for any number of values: block means, so that memory stays flat. */
export class History {
  #sums: number[] = [];
  #block = 1;
  #open = { sum: 0, count: 0 };

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#open.sum += value;
    if (++this.#open.count < this.#block) return;
    this.#sums.push(this.#open.sum / this.#block);
    this.#open = { sum: 0, count: 0 };
    if (this.#sums.length < MOST) return;
    const half = this.#sums.length / 2;
    this.#sums = Array.from(
      { length: half },
      (_, i) => (this.#sums[2 * i] + this.#sums[2 * i + 1]) / 2,
    );
    this.#block *= 2;
  }

  /** Steps and mean values. */
  points(): { x: number[]; y: number[] } {
    const x = this.#sums.map((_, i) => (i + 0.5) * this.#block + 0.5);
    return { x, y: this.#sums };
  }

  get last(): number | undefined {
    return this.#sums[this.#sums.length - 1];
  }
}

interface ChartOptions {
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logarithmic?: boolean;
}

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name);
/** Distances of marks on the x axis. */
const WHOLE = [1, 2, 5]
  .flatMap((n) => [n, 10 * n, 100 * n, 1e3 * n, 1e4 * n, 1e5 * n])
  .sort((a, b) => a - b);
const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4"];

/** A chart in a box of the page; what it shows is told in words to those who do not see it. */
export class Chart {
  #plot: uPlot | null = null;
  #form = "";
  #drawing: { x: readonly number[]; lines: readonly Line[]; options: ChartOptions } | null = null;

  constructor(private readonly box: HTMLElement) {
    new ResizeObserver(() => this.#resize()).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#again());
  }

  draw(x: readonly number[], lines: readonly Line[], options: ChartOptions): void {
    this.#drawing = { x, lines, options };
    const form = JSON.stringify([options, lines.map(({ label, dashed }) => [label, dashed])]);
    if (form !== this.#form) this.#make(form);
    this.#plot?.setData([x as number[], ...lines.map(({ y }) => y as (number | null)[])]);
    this.box.setAttribute("aria-label", this.#words());
  }

  clear(): void {
    this.#plot?.destroy();
    this.#plot = null;
    this.#form = "";
    this.#drawing = null;
    this.box.setAttribute("aria-label", `${this.box.dataset.name}: nothing yet`);
  }

  #words(): string {
    const { lines, options } = this.#drawing!;
    const ends = lines.map(({ label, y }) => `${label} ${y[y.length - 1]?.toPrecision(3) ?? "–"}`);
    return `${this.box.dataset.name}, ${options.yLabel} by ${options.xLabel}: ${ends.join(", ")}`;
  }

  #make(form: string): void {
    this.#plot?.destroy();
    this.#form = form;
    const { lines, options } = this.#drawing!;
    const axis = { stroke: css("--text"), grid: { stroke: css("--grid") }, font: "12px system-ui" };
    const ticks = { ticks: { stroke: css("--grid") }, labelFont: "12px system-ui", labelSize: 16 };
    this.#plot = new uPlot(
      {
        ...this.#size(),
        scales: { x: { time: false }, y: { distr: options.logarithmic ? 3 : 1 } },
        axes: [
          { ...axis, ...ticks, label: options.xLabel, size: 30, incrs: WHOLE },
          { ...axis, ...ticks, label: options.yLabel, size: 48 },
        ],
        cursor: { show: false },
        legend: { show: false },
        series: [
          {},
          ...lines.map(({ label, dashed }, i) => ({
            label,
            stroke: css(COLOURS[i % COLOURS.length]),
            width: 2,
            ...(dashed ? { dash: [6, 5] } : {}),
            points: { show: false },
          })),
        ],
      },
      [[], ...lines.map(() => [])] as uPlot.AlignedData,
      this.box,
    );
    this.#legend(lines);
  }

  #legend(lines: readonly Line[]): void {
    const legend = this.box.parentElement!.querySelector(".legend")!;
    legend.replaceChildren(
      ...lines.map(({ label }, i) => {
        const item = document.createElement("span");
        const mark = document.createElement("i");
        mark.style.background = `var(${COLOURS[i % COLOURS.length]})`;
        item.append(mark, label);
        return item;
      }),
    );
  }

  #size() {
    return { width: this.box.clientWidth, height: this.box.clientHeight };
  }

  #resize(): void {
    this.#plot?.setSize(this.#size());
  }

  #again(): void {
    if (this.#drawing === null) return;
    const { x, lines, options } = this.#drawing;
    this.#form = "";
    this.draw(x, lines, options);
  }
}
