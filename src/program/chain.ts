// The op that fusion makes: a list of scalar functions applied element by element.

import { functionList } from "../device/functions";
import type { Op, Spec } from "../tensor/op";
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
}

export const chainOp: Op<Chain> = {
  name: "chain",
  kind: "general",
  differentiable: false,
  describe: ({ steps }) => steps.map(({ f }) => functionList[f].name).join(" "),
  specs: (_, { specs }) => [...specs],
  view: null,
  run: (calls, xs, ys, { size, repeats, steps }) => {
    const params = [size, xs.length, ys.length, steps.length];
    for (const repeat of repeats) {
      params.push(repeat?.inner ?? 1, repeat?.mid ?? size, repeat?.span ?? size);
    }
    for (const { f, from, to } of steps) {
      params.push(f, from[0], from[1] ?? from[0], from[2] ?? from[0], to);
    }
    calls.run(
      "chain",
      xs.map((x) => x.storage!),
      ys.map((y) => y.storage),
      params,
    );
  },
  pull: () => [],
};
