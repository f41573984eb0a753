// Shapes of the same elements: no kernel runs, memory is shared.

import { ShapeError } from "../core/errors";
import { axesOf, axisOf, checkShape, type Shape, sameShape, show, sizeOf } from "../core/shape";
import { type DefinedOp, defineOp } from "../tensor/op";
import { isTensor, type Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";

const reshapeOp: DefinedOp<Shape> = defineOp<Shape>({
  name: "reshape",
  kind: "linear",
  shape: ([x], shape) => ({ shape, dtype: x.dtype }),
  view: (x) => ({ repeat: x.repeat }),
  run: () => {},
  vjp: (g, _, [x]) => [() => reshape(g, x.shape)],
  batch: ([x], _, shape, size) => reshape(x, [size, ...shape]),
});

/**
 * The same elements in another shape; one size may be -1 and is worked out.
 * @throws ShapeError when the numbers of elements differ
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (!isTensor("reshape", x)) needTensors("reshape", { x });
  if (!Array.isArray(shape)) checkShape("reshape", shape);
  if (sameShape(x.shape, shape)) return x;
  let form = shape;
  const open = shape.indexOf(-1);
  if (open >= 0) {
    if (shape.indexOf(-1, open + 1) >= 0) {
      throw new ShapeError(
        `reshape: more than one size is -1: asked for ${show(shape)}. Leave one size open.`,
      );
    }
    const rest = shape.reduce((n, size, i) => (i === open ? n : n * size), 1);
    form = shape.map((size, i) => (i === open ? x.size / rest : size));
    if (!Number.isInteger(form[open])) throw misfit(x, shape);
    if (sameShape(x.shape, form)) return x;
  }
  checkShape("reshape", form);
  if (sizeOf(form) !== x.size) throw misfit(x, shape);
  return reshapeOp([x], form);
}

function misfit(x: Tensor, shape: Shape): ShapeError {
  return new ShapeError(
    `reshape: sizes differ: x is ${show(x.shape)} with ${x.size} elements, asked for ` +
      `${show(shape)}. Ask for a shape of ${x.size} elements.`,
  );
}

/** Puts in an axis of size 1 so that it stands at `axis` of the result. */
export function expandDims(x: Tensor, axis: number): Tensor {
  needTensors("expandDims", { x });
  const at = axisOf("expandDims", axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/**
 * Takes out axes of size 1: those named, or all.
 * @throws ShapeError when a named axis has another size
 */
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  needTensors("squeeze", { x });
  const out = axis === undefined ? undefined : axesOf("squeeze", axis, x.shape.length);
  for (const a of out ?? []) {
    if (x.shape[a] !== 1) {
      throw new ShapeError(
        `squeeze: size is not 1: axis ${a} of x ${show(x.shape)} has size ${x.shape[a]}. Leave ` +
          "it out.",
      );
    }
  }
  return reshape(
    x,
    x.shape.filter((size, i) => (out === undefined ? size !== 1 : !out.includes(i))),
  );
}
