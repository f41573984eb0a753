// Checks that many ops make before anything is allocated, with one text each.

import { brief, DTypeError, ShapeError } from "../core/errors";
import { type Shape, sameShape, show } from "../core/shape";
import { isTensor, type Tensor } from "../tensor/tensor";

/** Tensors by the names that error texts print. */
export type Named = Readonly<Record<string, Tensor>>;

/** Throws TypeError unless all are tensors. */
export function needTensors(name: string, xs: Named): void {
  for (const which in xs) {
    if (isTensor(name, xs[which])) continue;
    const x: unknown = xs[which];
    const list = Array.isArray(x) && x.some((item) => isTensor(name, item));
    const make = list ? "stack" : "tensor";
    throw new TypeError(`${name}: ${which} is no tensor: ${brief(x)}. Use ${make}(${which}).`);
  }
}

/** Throws DTypeError unless all are float32. */
export function needFloats(name: string, xs: Named): void {
  needTensors(name, xs);
  for (const which in xs) {
    if (xs[which].dtype === "float32") continue;
    const all = Object.entries(xs).map(([key, x]) => `${key} is ${x.dtype}`);
    throw new DTypeError(`${name}: wrong dtype: ${all.join(", ")}. Use cast(${which}, "float32").`);
  }
}

/** Throws DTypeError unless `x` is int32. */
export function needInts(name: string, which: string, x: Tensor): void {
  needTensors(name, { [which]: x });
  if (x.dtype === "int32") return;
  throw new DTypeError(
    `${name}: wrong dtype: ${which} is ${x.dtype}, not int32. Use cast(${which}, "int32").`,
  );
}

/** Throws DTypeError unless `x` is bool. */
export function needBools(name: string, which: string, x: Tensor): void {
  needTensors(name, { [which]: x });
  if (x.dtype === "bool") return;
  throw new DTypeError(
    `${name}: the ${which} is ${x.dtype}, not bool. Use a comparison, or cast(${which}, "bool").`,
  );
}

/** Throws ShapeError unless both have one shape. */
export function needSameShape(
  name: string,
  [a, aShape]: readonly [string, Shape],
  [b, bShape]: readonly [string, Shape],
): void {
  if (sameShape(aShape, bShape)) return;
  throw new ShapeError(
    `${name}: shapes differ: ${a} is ${show(aShape)}, ${b} is ${show(bShape)}. ` +
      "Give both one shape; nothing broadcasts here.",
  );
}
