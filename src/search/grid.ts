// Grid search: every combination of the levels of the parameters that exist, each once, in the
// space's order with the last parameter changing fastest.

import { needWhole, optionsOf } from "../core/options";
import { type Code, codeOf, type Dimension, fill, type Layout } from "./layout";
import type { Sampler } from "./sampler";

export interface GridOptions {
  /** Levels of each range, ends included: one number, or one a name (default 5). */
  readonly points?: number | Readonly<Record<string, number>>;
}

/** Throws ValueError for a number of points that is not whole and above 0. */
export function grid(options: GridOptions = {}): Sampler {
  const { points = 5 } = optionsOf("grid", options, ["points"]);
  needWhole("grid", typeof points === "number" ? { points } : points, 1);
  return {
    name: "grid",
    options: { points },
    propose({ layout, index, allowed }) {
      let seen = 0;
      for (const code of cells(layout, points)) {
        if (allowed(code) && seen++ === index) return code;
      }
      return undefined;
    },
  };
}

function levels({ name, parameter, size }: Dimension, points: GridOptions["points"]): number[] {
  if (parameter.kind === "choice") return parameter.values.map((_, i) => i);
  const { low, high, log, kind } = parameter;
  const wanted = (typeof points === "number" ? points : points?.[name]) ?? 5;
  const count = Math.min(size, wanted);
  const between = (part: number) => (log ? low * (high / low) ** part : low + part * (high - low));
  const values = Array.from({ length: count }, (_, i) => {
    const value = between(count === 1 ? 0.5 : i / (count - 1));
    return kind === "integer" ? Math.round(value) : value;
  });
  return [...new Set(values)].map((value) => codeOf(parameter, value));
}

/** All cells, as a counter runs: a wheel for each parameter that exists. */
function* cells(layout: Layout, points: GridOptions["points"]): Generator<Code> {
  const wheels = layout.dimensions.map((dimension) => levels(dimension, points));
  const at = wheels.map(() => 0);
  for (;;) {
    const code = fill(layout, (_, d) => wheels[d][at[d]]);
    yield code;
    let d = wheels.length - 1;
    // A wheel of a parameter that does not exist here stands at 0 and is passed over.
    while (d >= 0 && (Number.isNaN(code[d]) || at[d] === wheels[d].length - 1)) at[d--] = 0;
    if (d < 0) return;
    at[d]++;
  }
}
