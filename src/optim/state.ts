// The tensors that optimizer states begin with, and what they change by.

import { device } from "../device/current";
import { add, sub } from "../ops/arithmetic";
import { expand } from "../ops/expand";
import { constant, type Like } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { leaves, mapTree, type Tree } from "../tensor/tree";

/** A float32 scalar on the device of the parameters. */
export function scalar(params: Tree, value: number): Tensor {
  const on = leaves(params)[0]?.device ?? device();
  return add(constant(on, value, "float32"), 0);
}

/** A tree of zeros of the form of the parameters. */
export function zerosOf<P extends Tree>(params: P): P {
  return mapTree((p) => expand(constant(p.device, 0, "float32"), p.shape), params);
}

/** What a moving mean takes in: 1 − share. */
export function rest(share: Like): Like {
  return typeof share === "number" ? 1 - share : sub(1, share);
}
