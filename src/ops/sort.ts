// Order along an axis. Only the indices are sorted; values are gathered by them, which gives sort
// its gradient.

import { DTypeError, ShapeError } from "../core/errors";
import { optionsOf } from "../core/options";
import { axisOf, show, sizeOf } from "../core/shape";
import { needRest } from "../device/rest";
import { type DefinedOp, defineOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";
import { gatherAlong } from "./gather";
import { atLast, slice } from "./movement";

needRest();

/** Along the last axis. */
const argsortOp: DefinedOp<boolean> = defineOp<boolean>({
  name: "argsort",
  shape: ([x]) => ({ shape: x.shape, dtype: "int32" }),
  run: (calls, [x], y, descending) => {
    const kernel = x.dtype === "float32" ? "argsort" : "intArgsort";
    const params = [sizeOf(x.shape.slice(0, -1)), x.shape[x.shape.length - 1], descending ? 1 : 0];
    calls.run(kernel, [calls.solid(x)], [y.storage], params);
  },
  batch: ([x], _, descending) => argsortOp([x], descending),
});

export interface SortOptions {
  /** Default: the last. */
  readonly axis?: number;
  /** Largest first. */
  readonly descending?: boolean;
}

function sortable(name: string, x: Tensor, axis: number): number {
  needTensors(name, { x });
  if (x.dtype === "bool") {
    throw new DTypeError(`${name}: wrong dtype: x is bool. Use cast(x, "int32").`);
  }
  return axisOf(name, axis, x.shape.length);
}

/** Where the elements stand in order, int32: equal ones keep their order, NaN comes last. */
export function argsort(x: Tensor, options: SortOptions = {}): Tensor {
  const { axis = -1, descending = false } = optionsOf("argsort", options, ["axis", "descending"]);
  return atLast(x, sortable("argsort", x, axis), (rows) => argsortOp([rows], descending));
}

/** The elements in order along an axis, NaN last. */
export function sort(x: Tensor, options: SortOptions = {}): Tensor {
  const { axis = -1, descending = false } = optionsOf("sort", options, ["axis", "descending"]);
  return atLast(x, sortable("sort", x, axis), (rows) =>
    gatherAlong(rows, argsortOp([rows], descending), -1),
  );
}

/**
 * The `k` largest elements along an axis, largest first, and where they stand (int32).
 * @throws ShapeError when the axis has fewer than k elements
 */
export function topK(x: Tensor, k: number, axis = -1): { values: Tensor; indices: Tensor } {
  const at = sortable("topK", x, axis);
  if (!Number.isInteger(k) || k < 0 || k > x.shape[at]) {
    throw new ShapeError(
      `topK: no ${k} elements: axis ${at} of x ${show(x.shape)} has size ${x.shape[at]}. ` +
        `Use 0 to ${x.shape[at]}.`,
    );
  }
  const start = x.shape.map(() => 0);
  const indices = atLast(x, at, (rows) =>
    slice(argsortOp([rows], true), start, [...rows.shape.slice(0, -1), k]),
  );
  return { values: gatherAlong(x, indices, at), indices };
}
