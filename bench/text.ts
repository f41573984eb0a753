// Figures as people read them, and tables of them.

import type { Result } from "./results";

/** Three digits that mean something. */
export function digits(x: number): string {
  if (x >= 100) return x.toFixed(0);
  return x >= 10 ? x.toFixed(1) : x.toFixed(2);
}

/** `1.23 ms`, `45.6 µs`, `789 ns`. */
export function seconds(s: number): string {
  if (s >= 1) return `${digits(s)} s`;
  if (s >= 1e-3) return `${digits(s * 1e3)} ms`;
  return s >= 1e-6 ? `${digits(s * 1e6)} µs` : `${digits(s * 1e9)} ns`;
}

export const percent = (x: number) => `${(100 * x).toFixed(0)} %`;

/** Columns of text, the first to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[], widths: readonly number[]): string[] {
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}

export const WIDTHS = [60, 9, 9, 7, 8, 6, 8] as const;
export const HEAD = ["", "p10", "median", "spread", "GFLOP/s", "GB/s", "of roof"] as const;

/** A row of the table: spread is (p90 - p10) / median. */
export function cells(r: Result): string[] {
  if (r.problem !== undefined || r.p10 === undefined) return [r.name, r.problem ?? ""];
  const { p10, median = p10, p90 = p10, gflops, gbs, share } = r;
  return [
    r.name,
    seconds(p10),
    seconds(median),
    percent((p90 - p10) / median),
    gflops === undefined ? "" : digits(gflops),
    gbs === undefined ? "" : digits(gbs),
    share === undefined ? "" : percent(share),
  ];
}
