// Pooling over windows of images. A maximum is the pixel at an integer index, so its gradient puts
// values back by that index; averages and their adjoint are linear.

import { ShapeError, ValueError } from "../core/errors";
import { optionsOf } from "../core/options";
import { type Shape, show, sizeOf } from "../core/shape";
import { needRest } from "../device/rest";
import { constant } from "../tensor/create";
import { type DefinedOp, defineOp, type OpRecord } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { div, mul } from "./arithmetic";
import { needFloats } from "./checks";
import { expand, spread } from "./expand";
import { reshape } from "./reshape";
import { both, type Padding, type Pair, sides, slide } from "./window";

needRest();

/** Sizes as in the kernel table, without n: images [n, h, w, c], results [n, oh, ow, c]. */
export interface PoolForm {
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly kh: number;
  readonly kw: number;
  readonly oh: number;
  readonly ow: number;
  readonly sh: number;
  readonly sw: number;
  readonly ph: number;
  readonly pw: number;
}

type PoolKernel = "maxPoolIndex" | "poolGather" | "poolScatter" | "sumPool" | "sumPoolInput";

const small = (n: number, { oh, ow, c }: PoolForm): Shape => [n, oh, ow, c];
const large = (n: number, { h, w, c }: PoolForm): Shape => [n, h, w, c];

/** The op of a kernel; one without a gradient gives indices. */
/* @__NO_SIDE_EFFECTS__ */
function pooling(
  name: PoolKernel,
  shapeOf: typeof small,
  vjp?: OpRecord<PoolForm>["vjp"],
): DefinedOp<PoolForm> {
  const op: DefinedOp<PoolForm> = defineOp<PoolForm>({
    name,
    kind: vjp && "linear",
    shape: ([x], form) => ({
      shape: shapeOf(x.shape[0], form),
      dtype: vjp === undefined ? "int32" : "float32",
    }),
    run: (calls, xs, y, f) => {
      const params = [f.h, f.w, f.c, f.kh, f.kw, f.oh, f.ow, f.sh, f.sw, f.ph, f.pw];
      const inputs = xs.map((x) => calls.solid(x));
      calls.run(name, inputs, [y.storage], [y.shape[0], ...params]);
    },
    vjp,
    // Images of all examples are more images.
    batch: (xs, batched, form, size) => {
      const whole = spread(xs, batched, size);
      const n = whole[0].shape[1];
      const y = op(
        whole.map((x) => reshape(x, [size * n, ...x.shape.slice(2)])),
        form,
      );
      return reshape(y, [size, n, ...y.shape.slice(1)]);
    },
  });
  return op;
}

const maxPoolIndexOp = pooling("maxPoolIndex", small);

const poolGatherOp: DefinedOp<PoolForm> = pooling("poolGather", small, (g, _, [, idx], form) => [
  () => poolScatterOp([g, idx], form),
  null,
]);

const poolScatterOp: DefinedOp<PoolForm> = pooling("poolScatter", large, (v, _, [, idx], form) => [
  () => poolGatherOp([v, idx], form),
  null,
]);

const sumPoolOp: DefinedOp<PoolForm> = pooling("sumPool", small, (g, _, __, form) => [
  () => sumPoolInputOp([g], form),
]);

const sumPoolInputOp: DefinedOp<PoolForm> = pooling("sumPoolInput", large, (v, _, __, form) => [
  () => sumPoolOp([v], form),
]);

export interface PoolOptions {
  /** Height and width of a window. */
  readonly size: Pair;
  /** Default: the size, so that windows do not overlap. */
  readonly stride?: Pair;
  /** Default 0. */
  readonly padding?: Padding;
}

/** Brings x [..., h, w, c] to [n, h, w, c] and the result of `f` back. */
function overImages(
  name: string,
  x: Tensor,
  options: PoolOptions,
  f: (images: Tensor, form: PoolForm) => Tensor,
): Tensor {
  needFloats(name, { x });
  if (x.shape.length < 3) {
    throw new ShapeError(`${name}: no images: x is ${show(x.shape)}. Give [n, h, w, c].`);
  }
  const { size, stride = size, padding = 0 } = options;
  const [kh, kw] = both(name, "size", size, 1);
  const [sh, sw] = both(name, "stride", stride, 1);
  const [h, w, c] = x.shape.slice(-3);
  const lead = x.shape.slice(0, -3);
  const rows = slide(name, h, kh, sh, sides(name, padding, 0));
  const columns = slide(name, w, kw, sw, sides(name, padding, 1));
  for (const [{ before, after }, k] of [
    [rows, kh],
    [columns, kw],
  ] as const) {
    if (before < k && after < k) continue;
    throw new ValueError(
      `${name}: a window of padding alone: padding is ${before} and ${after}, the window covers ` +
        `${k}. Use padding below the size.`,
    );
  }
  const [oh, ow] = h === 0 || w === 0 ? [0, 0] : [rows.count, columns.count];
  const form = { h, w, c, kh, kw, oh, ow, sh, sw, ph: rows.before, pw: columns.before };
  const y = f(reshape(x, [sizeOf(lead), h, w, c]), form);
  return reshape(y, [...lead, oh, ow, c]);
}

/**
 * The maximum over each window of images x [..., h, w, c]; padding is never chosen. The gradient
 * goes to the first of equal maxima, by rows.
 * @throws ShapeError when the window is larger than the padded image
 * @throws ValueError for padding as large as the window
 */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  optionsOf("maxPool2d", options, ["size", "stride", "padding"]);
  return overImages("maxPool2d", x, options, (images, form) =>
    poolGatherOp([images, maxPoolIndexOp([images], form)], form),
  );
}

export interface AvgPoolOptions extends PoolOptions {
  /** Whether zeros of the padding count in the divisor. Default true: it is the window's size. */
  readonly countPadding?: boolean;
}

/** The mean over each window of images x [..., h, w, c]. */
export function avgPool2d(x: Tensor, options: AvgPoolOptions): Tensor {
  optionsOf("avgPool2d", options, ["size", "stride", "padding", "countPadding"]);
  return overImages("avgPool2d", x, options, (images, form) => {
    const sums = sumPoolOp([images], form);
    if (options.countPadding ?? true) return mul(sums, 1 / (form.kh * form.kw));
    const one = { ...form, c: 1 };
    return div(sums, sumPoolOp([expand(constant(x.device, 1, "float32"), large(1, one))], one));
  });
}
