// Running sums. The gradient of one is the running sum from the other end.

import { optionsOf } from "../core/options";
import { axisOf } from "../core/shape";
import { needRest } from "../device/rest";
import { type DefinedOp, defineOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { needFloats } from "./checks";
import { sizes } from "./reduce";
import { reshape } from "./reshape";

needRest();

interface Cumulation {
  readonly axis: number;
  readonly reverse: boolean;
}

const cumsumOp: DefinedOp<Cumulation> = defineOp<Cumulation>({
  name: "cumsum",
  kind: "linear",
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  run: (calls, [x], y, { axis, reverse }) => {
    const params = [...sizes(x.shape, { from: axis, to: axis + 1 }), reverse ? 1 : 0];
    calls.run("cumsum", [calls.solid(x)], [y.storage], params);
  },
  vjp: (g, _, __, { axis, reverse }) => [() => cumsumOp([g], { axis, reverse: !reverse })],
  batch: ([x], _, { axis, reverse }) => cumsumOp([x], { axis: axis + 1, reverse }),
});

export interface CumsumOptions {
  /** One axis; left out: over all elements, as if x were flat. */
  readonly axis?: number;
  /** Sum from the end. */
  readonly reverse?: boolean;
}

/** Running sum along an axis: element i is the sum of elements 0 to i. */
export function cumsum(x: Tensor, options: CumsumOptions = {}): Tensor {
  const { axis, reverse = false } = optionsOf("cumsum", options, ["axis", "reverse"]);
  needFloats("cumsum", { x });
  const rows = axis === undefined ? reshape(x, [x.size]) : x;
  return cumsumOp([rows], { axis: axisOf("cumsum", axis ?? 0, rows.shape.length), reverse });
}
