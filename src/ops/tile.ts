// Whole copies of a tensor side by side, by expand and reshape.

import { ValueError } from "../core/errors";
import { needList, type Shape, show } from "../core/shape";
import type { Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";
import { expand } from "./expand";
import { reshape } from "./reshape";

/**
 * `x` repeated `reps[i]` times along each axis. A shorter list counts from the last axis; a longer
 * one adds leading axes.
 * @throws ValueError unless the numbers are whole ones from 0
 */
export function tile(x: Tensor, reps: readonly number[]): Tensor {
  needTensors("tile", { x });
  needList("tile", "reps", reps);
  if (!reps.every((r) => Number.isInteger(r) && r >= 0)) {
    throw new ValueError(
      `tile: no whole number from 0: reps is ${show(reps)}. Give whole numbers.`,
    );
  }
  const rank = Math.max(reps.length, x.shape.length);
  let shape: Shape = [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  let y = reshape(x, shape);
  for (const [i, r] of [...new Array<number>(rank - reps.length).fill(1), ...reps].entries()) {
    if (r === 1) continue;
    const [before, after] = [shape.slice(0, i), shape.slice(i)];
    shape = shape.map((size, j) => (i === j ? r * size : size));
    const apart = expand(reshape(y, [...before, 1, ...after]), [...before, r, ...after]);
    y = reshape(apart, shape);
  }
  return y;
}
