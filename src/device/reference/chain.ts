// A chain of scalar functions at every element, as programs fuse them, and sums at its end.

import { functionList } from "../functions";
import type { Body } from "./body";

export const chain: Body = (inputs, outputs, params) => {
  const [n, count, , steps, sums, rows, columns] = params;
  const repeats = params.slice(7, 7 + 3 * count);
  const code = params.slice(7 + 3 * count);
  const summed = count + outputs.length - sums;
  const totals = outputs.slice(outputs.length - sums).map(({ length }) => new Float64Array(length));
  const registers: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < count; j++) {
      const [inner, mid, span] = repeats.slice(3 * j, 3 * j + 3);
      const part = Math.floor(i / span);
      const at = Math.floor((i - part * span) / inner) % mid;
      registers[j] = inputs[j][part * mid + at];
    }
    for (let s = 0; s < 5 * steps; s += 5) {
      const [f, x, y, z, to] = code.slice(s, s + 5);
      const value = functionList[f].js(registers[x], registers[y], registers[z]);
      registers[to] = value;
      if (to >= count && to < summed) outputs[to - count][i] = value;
    }
    const place = Math.floor(i / (rows * columns)) * columns + (i % columns);
    for (let k = 0; k < sums; k++) totals[k][place] += registers[summed + k];
  }
  for (const [k, total] of totals.entries()) outputs[outputs.length - sums + k].set(total);
};
