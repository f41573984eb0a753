// Pooling over windows of images. A maximum is the pixel at an integer index, so its gradient puts
// values back by that index; averages and their adjoint are linear.

import { ShapeError, ValueError } from "../core/errors";
import { optionsOf } from "../core/options";
import { type Shape, show, sizeOf } from "../core/shape";
import { needRest } from "../device/rest";
import { constant } from "../tensor/create";
import {
  type BatchRule,
  type Calls,
  type DefinedOp,
  defineOp,
  type Operand,
  type Output,
} from "../tensor/op";
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

function call(kernel: PoolKernel) {
  return (calls: Calls, xs: readonly Operand[], y: Output, f: PoolForm) => {
    const params = [f.h, f.w, f.c, f.kh, f.kw, f.oh, f.ow, f.sh, f.sw, f.ph, f.pw];
    const inputs = xs.map((x) => calls.solid(x));
    calls.run(kernel, inputs, [y.storage], [y.shape[0], ...params]);
  };
}

const small = (n: number, { oh, ow, c }: PoolForm): Shape => [n, oh, ow, c];
const large = (n: number, { h, w, c }: PoolForm): Shape => [n, h, w, c];

/** Images of all examples are more images. */
function overExamples(op: (xs: readonly Tensor[], form: PoolForm) => Tensor): BatchRule<PoolForm> {
  return (xs, batched, form, size) => {
    const whole = spread(xs, batched, size);
    const n = whole[0].shape[1];
    const y = op(
      whole.map((x) => reshape(x, [size * n, ...x.shape.slice(2)])),
      form,
    );
    return reshape(y, [size, n, ...y.shape.slice(1)]);
  };
}

const maxPoolIndexOp: DefinedOp<PoolForm> = defineOp<PoolForm>({
  name: "maxPoolIndex",
  shape: ([x], form) => ({ shape: small(x.shape[0], form), dtype: "int32" }),
  run: call("maxPoolIndex"),
  batch: overExamples((xs, form) => maxPoolIndexOp(xs, form)),
});

const poolGatherOp: DefinedOp<PoolForm> = defineOp<PoolForm>({
  name: "poolGather",
  kind: "linear",
  shape: ([x], form) => ({ shape: small(x.shape[0], form), dtype: "float32" }),
  run: call("poolGather"),
  vjp: (g, _, [, idx], form) => [() => poolScatterOp([g, idx], form), null],
  batch: overExamples((xs, form) => poolGatherOp(xs, form)),
});

const poolScatterOp: DefinedOp<PoolForm> = defineOp<PoolForm>({
  name: "poolScatter",
  kind: "linear",
  shape: ([g], form) => ({ shape: large(g.shape[0], form), dtype: "float32" }),
  run: call("poolScatter"),
  vjp: (v, _, [, idx], form) => [() => poolGatherOp([v, idx], form), null],
  batch: overExamples((xs, form) => poolScatterOp(xs, form)),
});

const sumPoolOp: DefinedOp<PoolForm> = defineOp<PoolForm>({
  name: "sumPool",
  kind: "linear",
  shape: ([x], form) => ({ shape: small(x.shape[0], form), dtype: "float32" }),
  run: call("sumPool"),
  vjp: (g, _, __, form) => [() => sumPoolInputOp([g], form)],
  batch: overExamples((xs, form) => sumPoolOp(xs, form)),
});

const sumPoolInputOp: DefinedOp<PoolForm> = defineOp<PoolForm>({
  name: "sumPoolInput",
  kind: "linear",
  shape: ([g], form) => ({ shape: large(g.shape[0], form), dtype: "float32" }),
  run: call("sumPoolInput"),
  vjp: (v, _, __, form) => [() => sumPoolOp([v], form)],
  batch: overExamples((xs, form) => sumPoolInputOp(xs, form)),
});

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
