// The identity whose gradient is zero.

import { type DefinedOp, defineOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { mapTree, type Tree } from "../tensor/tree";

const stopOp: DefinedOp<undefined> = defineOp({
  name: "stopGradient",
  shape: ([x]) => x,
  view: (x) => ({ repeat: x.repeat }),
  run: () => {},
  batch: ([x]) => stopOp([x]),
});

/** The same values, cut from all that made them: no gradient passes. Takes trees too. */
export function stopGradient<T extends Tree>(x: T): T {
  return mapTree((leaf: Tensor) => stopOp([leaf]), x);
}
