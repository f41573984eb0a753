// The op that fusion makes: a list of scalar functions applied element by element.

import { functionList } from "../device/functions";
import type { Op, Output, Spec } from "../tensor/op";
import type { Reading } from "./access";

/** registers[to] = f(registers[from...]): first the inputs, then the outputs, then others. */
export interface Step {
  readonly f: number;
  readonly from: readonly number[];
  readonly to: number;
}

export interface Chain {
  readonly size: number;
  /** How each input is read. */
  readonly repeats: readonly (Reading | null)[];
  readonly steps: readonly Step[];
  readonly specs: readonly Spec[];
  /** The last `count` outputs are sums over the rows of [outer, rows, columns], made of `parts`
   * equal ones. */
  readonly sums?: {
    readonly count: number;
    readonly outer: number;
    readonly rows: number;
    readonly columns: number;
    readonly parts: number;
  };
  /** The input that the node before writes, whose kernel call this one is then a part of. */
  readonly follows?: number;
}

const NO_SUMS = { count: 0, outer: 0, rows: 0, columns: 1, parts: 1 };

export const chainOp: Op<Chain> = {
  name: "chain",
  kind: "general",
  differentiable: false,
  describe: ({ steps, sums }) => {
    const names: string[] = steps.map(({ f }) => functionList[f].name);
    if (sums !== undefined) names.push(sums.count > 1 ? `${sums.count} sums` : "sum");
    return names.join(" ");
  },
  specs: (_, { specs }) => [...specs],
  view: null,
  run: (calls, xs, ys, { size, repeats, steps, sums, follows }) => {
    const { count, outer, rows, columns, parts } = sums ?? NO_SUMS;
    const params = [size, xs.length, ys.length, steps.length, count, rows / parts, columns];
    for (const repeat of repeats) {
      params.push(repeat?.inner ?? 1, repeat?.mid ?? size, repeat?.span ?? size);
    }
    for (const { f, from, to } of steps) {
      params.push(f, from[0], from[1] ?? from[0], from[2] ?? from[0], to);
    }
    const outputs = ys.map((y) => y.storage);
    const partial = (y: Output) => calls.temporary(y.size * parts, y.dtype);
    const summed = parts > 1 ? ys.slice(ys.length - count).map(partial) : [];
    calls.run(
      "chain",
      xs.map((x) => x.storage!),
      [...outputs.slice(0, outputs.length - summed.length), ...summed],
      params,
      follows !== undefined,
    );
    for (const [k, terms] of summed.entries()) {
      calls.run("sum", [terms], [outputs[ys.length - count + k]], [outer, parts, columns]);
    }
  },
  pull: () => [],
};
