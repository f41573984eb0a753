// Reductions over axes. A kernel reduces one run of neighbouring axes; others take several calls.

import type { DType } from "../core/dtype";
import { DTypeError, ShapeError } from "../core/errors";
import { optionsOf } from "../core/options";
import { axesOf, axisOf, type Shape, show, sizeOf } from "../core/shape";
import type { KernelName } from "../device/kernels";
import { type DefinedOp, defineOp, type Kind, type OpRecord } from "../tensor/op";
import { isTensor, type Tensor } from "../tensor/tensor";
import { div, mul, sub } from "./arithmetic";
import { cast } from "./cast";
import { needFloats, needTensors } from "./checks";
import { equal, greater, logicalNot } from "./compare";
import { expand } from "./expand";
import { scatterAlong } from "./gather";
import { square } from "./math";
import { reshape } from "./reshape";

export interface ReduceOptions {
  /** The axes to reduce, from the end when negative; all when left out. */
  readonly axis?: number | readonly number[];
  /** Keep reduced axes with size 1. */
  readonly keepDims?: boolean;
}

/** The reduced axes `from .. to - 1`, neighbours. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** Sizes before, in and after the reduced axes: x as [outer, n, inner]. */
export function sizes(shape: Shape, { from, to }: Run): [number, number, number] {
  return [sizeOf(shape.slice(0, from)), sizeOf(shape.slice(from, to)), sizeOf(shape.slice(to))];
}

interface Reduction {
  readonly float32?: KernelName;
  readonly int32?: KernelName;
  readonly gives?: DType;
  readonly kind?: Kind;
  readonly vjp?: OpRecord<Run>["vjp"];
  /** Whether a long row may be reduced in parts, and these by the same kernel once more. */
  readonly inParts?: boolean;
}

/** Few long rows are reduced in so many parts each, which threads share: one row is never split. */
const PARTS = 16;
const LONG = 65_536;

/** A reduction over a run of axes, in one record. */
/* @__NO_SIDE_EFFECTS__ */
export function reduction(name: string, def: Reduction): DefinedOp<Run> {
  const reduce: DefinedOp<Run> = defineOp<Run>({
    name,
    kind: def.kind,
    shape: ([x], { from, to }) => {
      if (x.dtype === "bool" || def[x.dtype] === undefined) {
        throw new DTypeError(`${name}: wrong dtype: x is ${x.dtype}. Use cast(x, "float32").`);
      }
      const shape = [...x.shape.slice(0, from), ...x.shape.slice(to)];
      return { shape, dtype: def.gives ?? x.dtype };
    },
    run: (calls, [x], y, run) => {
      const kernel = def[x.dtype as "float32" | "int32"]!;
      const [outer, n, inner] = sizes(x.shape, run);
      const long = inner === 1 && outer < PARTS && n >= LONG && n % PARTS === 0;
      if (def.inParts && long) {
        const some = calls.temporary(outer * PARTS, y.dtype);
        calls.run(kernel, [calls.solid(x)], [some], [outer * PARTS, n / PARTS, 1]);
        calls.run(kernel, [some], [y.storage], [outer, PARTS, 1]);
      } else calls.run(kernel, [calls.solid(x)], [y.storage], [outer, n, inner]);
    },
    vjp: def.vjp,
    batch: ([x], _, run) => reduce([x], beneath(run)),
  });
  return reduce;
}

/** The same run where one axis stands before all others. */
export function beneath<R extends Run>(run: R): R {
  return { ...run, from: run.from + 1, to: run.to + 1 };
}

/** A reduced tensor with its axes back, repeated: what the gradient of a reduction needs. */
export function restore(y: Tensor, x: Tensor, { from, to }: Run): Tensor {
  const kept = x.shape.map((size, i) => (i >= from && i < to ? 1 : size));
  return expand(reshape(y, kept), x.shape);
}

export const sumOp = reduction("sum", {
  float32: "sum",
  int32: "intSum",
  kind: "linear",
  inParts: true,
  vjp: (g, _, [x], run) => [() => restore(g, x, run)],
});

const extreme = /* @__NO_SIDE_EFFECTS__ */ (
  name: "max" | "min",
  int32: KernelName,
  arg: () => DefinedOp<Run>,
) =>
  reduction(name, {
    float32: name,
    int32,
    // The first of equals takes the gradient; where it stands does not depend on x.
    vjp: (g, _, [x], run) => [
      () => {
        const [outer, n, inner] = sizes(x.shape, run);
        const at = reshape(arg()([x], run), [outer, 1, inner]);
        return reshape(scatterAlong(reshape(g, [outer, 1, inner]), at, 1, n), x.shape);
      },
    ],
  });

const argmaxOp = reduction("argmax", { float32: "argmax", gives: "int32" });
const argminOp = reduction("argmin", { float32: "argmin", gives: "int32" });
export const maxOp = extreme("max", "intMax", () => argmaxOp);
const minOp = extreme("min", "intMin", () => argminOp);

export function reduceOptions(name: string, options: ReduceOptions): ReduceOptions {
  return optionsOf(name, options, ["axis", "keepDims"]);
}

/** Applies a reduction to runs of neighbouring axes, the last first. */
export function reduceAxes(
  name: string,
  op: (xs: readonly Tensor[], run: Run) => Tensor,
  x: Tensor,
  options: ReduceOptions,
): Tensor {
  const { axis, keepDims = false } = reduceOptions(name, options);
  if (!isTensor(name, x)) needTensors(name, { x });
  const axes = axesOf(name, axis, x.shape.length);
  let y = x;
  if (axes.length === 0 && x.shape.length === 0) y = op([x], { from: 0, to: 0 });
  for (let end = axes.length - 1; end >= 0; ) {
    let start = end;
    while (start > 0 && axes[start - 1] === axes[start] - 1) start--;
    y = op([y], { from: axes[start], to: axes[end] + 1 });
    end = start - 1;
  }
  if (!keepDims) return y;
  return reshape(
    y,
    x.shape.map((size, i) => (axes.includes(i) ? 1 : size)),
  );
}

/** Bool counts as 0 and 1. */
function numeric(x: Tensor): Tensor {
  return x?.dtype === "bool" ? cast(x, "int32") : x;
}

/** Sum over axes; of bool: how many are true, int32. The sum of nothing is 0. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduceAxes("sum", sumOp, numeric(x), options);
}

/** Whether any element over axes is true, bool; everything but 0 is. Of nothing: false. */
export function any(x: Tensor, options: ReduceOptions = {}): Tensor {
  return greater(reduceAxes("any", sumOp, numeric(cast(x, "bool")), options), 0);
}

/** Whether all elements over axes are true, bool; everything but 0 is. Of nothing: true. */
export function all(x: Tensor, options: ReduceOptions = {}): Tensor {
  const wrong = logicalNot(cast(x, "bool"));
  return equal(reduceAxes("all", sumOp, numeric(wrong), options), 0);
}

/** Mean over axes, float32. Of int32 and bool as well. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  needTensors("mean", { x });
  const y = reduceAxes("mean", sumOp, cast(x, "float32"), options);
  return mul(y, y.size / x.size);
}

export interface VarianceOptions extends ReduceOptions {
  /** What the divisor is less than the number of elements: 1 for a sample's. Default 0. */
  readonly ddof?: number;
}

/** Variance over axes: the mean squared distance from the mean, less `ddof` in the divisor. */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  const { centred, rest, ddof } = deviations("variance", x, options);
  const total = sum(square(centred), rest);
  return div(total, x.size / total.size - ddof);
}

/** The distances from the mean over axes. */
export function deviations(name: string, x: Tensor, options: VarianceOptions) {
  const { ddof = 0, ...rest } = optionsOf(name, options, ["axis", "keepDims", "ddof"]);
  needFloats(name, { x });
  axesOf(name, rest.axis, x.shape.length);
  const centred = sub(x, mean(x, { axis: rest.axis, keepDims: true }));
  return { centred, rest, ddof };
}

function nonEmpty(name: string, x: Tensor, axis: ReduceOptions["axis"]): void {
  needTensors(name, { x });
  for (const a of axesOf(name, axis, x.shape.length)) {
    if (x.shape[a] === 0) {
      throw new ShapeError(
        `${name}: nothing to choose from: axis ${a} of x ${show(x.shape)} has size 0. ` +
          "Give at least one element.",
      );
    }
  }
}

/** Largest element over axes; NaN if any is. The gradient goes to the first of equals. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  nonEmpty("max", x, reduceOptions("max", options).axis);
  return reduceAxes("max", maxOp, numeric(x), options);
}

/** Smallest element over axes; NaN if any is. The gradient goes to the first of equals. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  nonEmpty("min", x, reduceOptions("min", options).axis);
  return reduceAxes("min", minOp, numeric(x), options);
}

function arg(name: "argmax" | "argmin", x: Tensor, options: ArgOptions): Tensor {
  const { axis, keepDims = false } = optionsOf(name, options, ["axis", "keepDims"]);
  nonEmpty(name, x, axis);
  if (x.dtype === "int32") {
    // Above 2²⁴ neighbours are one float32: look for what equals the extreme instead.
    const best = (name === "argmax" ? max : min)(x, { axis, keepDims: true });
    return arg("argmax", equal(x, best), options);
  }
  const op = name === "argmax" ? argmaxOp : argminOp;
  const floats = cast(x, "float32");
  const flat = axis === undefined ? reshape(floats, [x.size]) : floats;
  const at = axisOf(name, axis ?? 0, flat.shape.length);
  const y = op([flat], { from: at, to: at + 1 });
  if (!keepDims) return y;
  return reshape(
    y,
    x.shape.map((size, i) => (axis === undefined || i === at ? 1 : size)),
  );
}

export interface ArgOptions {
  /** One axis; left out: over all elements, as if x were flat. */
  readonly axis?: number;
  readonly keepDims?: boolean;
}

/** Where the largest element stands along an axis, int32: the first of equals, the first NaN. */
export function argmax(x: Tensor, options: ArgOptions = {}): Tensor {
  return arg("argmax", x, options);
}

/** Where the smallest element stands along an axis, int32: the first of equals, the first NaN. */
export function argmin(x: Tensor, options: ArgOptions = {}): Tensor {
  return arg("argmin", x, options);
}
