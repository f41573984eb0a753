// Convolution. conv2d, conv2dInput and conv2dKernel are the three derivatives of one trilinear
// form, so the gradients of each are the other two.

import { ShapeError } from "../core/errors";
import { optionsOf } from "../core/options";
import { type Shape, sameShape, show } from "../core/shape";
import { needRest } from "../device/rest";
import { type DefinedOp, defineOp, type OpRecord } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { type Named, needFloats } from "./checks";
import { apart, expand } from "./expand";
import { sum } from "./reduce";
import { reshape } from "./reshape";
import { both, type Padding, type Pair, sides, slide } from "./window";

needRest();

/** The form's sizes, as in the kernel table: x [n, h, w, c], kernel [kh, kw, c / groups, oc], g
 * [n, oh, ow, oc]; stride s, padding before p, dilation d, by height and width. */
export interface ConvForm {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly kh: number;
  readonly kw: number;
  readonly oc: number;
  readonly oh: number;
  readonly ow: number;
  readonly sh: number;
  readonly sw: number;
  readonly ph: number;
  readonly pw: number;
  readonly dh: number;
  readonly dw: number;
  readonly groups: number;
}

const imageOf = ({ n, h, w, c }: ConvForm): Shape => [n, h, w, c];
const kernelOf = ({ kh, kw, c, groups, oc }: ConvForm): Shape => [kh, kw, c / groups, oc];
const outputOf = ({ n, oh, ow, oc }: ConvForm): Shape => [n, oh, ow, oc];

/**
 * One derivative of the form. An operand with a leading batch axis holds one of its kind for each
 * of many convolutions; one without serves them all.
 */
/* @__NO_SIDE_EFFECTS__ */
function derivative(
  name: "conv2d" | "conv2dInput" | "conv2dKernel",
  shapeOf: (form: ConvForm) => Shape,
  vjp: OpRecord<ConvForm>["vjp"],
): DefinedOp<ConvForm> {
  const op: DefinedOp<ConvForm> = defineOp<ConvForm>({
    name,
    kind: "bilinear",
    shape: ([a, b], form) => {
      const batched = a.shape.length === 5 ? a : b;
      const lead = batched.shape.slice(0, batched.shape.length - 4);
      return { shape: [...lead, ...shapeOf(form)], dtype: "float32" };
    },
    run: (calls, [a, b], y, f) => {
      const batch = y.shape.length === 5 ? y.shape[0] : 1;
      const [left, as] = apart(calls, a, 4);
      const [right, bs] = apart(calls, b, 4);
      // One kernel for all: one convolution of more images.
      const lead = name !== "conv2dKernel" && as > 0 && bs === 0 ? [1, batch * f.n] : [batch, f.n];
      const image = [f.h, f.w, f.c, f.kh, f.kw, f.oc, f.oh, f.ow];
      const slides = [f.sh, f.sw, f.ph, f.pw, f.dh, f.dw, f.groups];
      calls.run(name, [left, right], [y.storage], [...lead, ...image, ...slides, as, bs]);
    },
    vjp,
    batch: ([a, b], [inA, inB], form, size) => {
      const rank = Math.max(a.shape.length - (inA ? 1 : 0), b.shape.length - (inB ? 1 : 0));
      if (rank === 4) {
        return inB || name === "conv2dKernel" ? op([a, b], form) : many(op, a, b, form);
      }
      // Convolutions of convolutions: an operand that differs along either axis gets both.
      const axes = [size, (a.shape.length - (inA ? 1 : 0) === 5 ? a : b).shape.at(-5)!];
      const flat = (x: Tensor, batched: boolean) => {
        if (x.shape.length === 4) return x;
        const own = x.shape.slice(-4);
        const apart = batched && x.shape.length === 5 ? reshape(x, [size, 1, ...own]) : x;
        return reshape(expand(apart, [...axes, ...own]), [axes[0] * axes[1], ...own]);
      };
      const y = op([flat(a, inA), flat(b, inB)], form);
      return reshape(y, [...axes, ...y.shape.slice(1)]);
    },
  });
  return op;
}

/** One kernel for all images x [batch, n, ...]: one convolution of more images. */
function many(op: DefinedOp<ConvForm>, x: Tensor, k: Tensor, form: ConvForm): Tensor {
  const [batch, n, ...own] = x.shape;
  const y = op([reshape(x, [batch * n, ...own]), k], { ...form, n: batch * n });
  return reshape(y, [batch, n, ...y.shape.slice(1)]);
}

const conv2dOp: DefinedOp<ConvForm> = derivative("conv2d", outputOf, (g, _, [x, w], form) => [
  () => shared(conv2dInputOp([g, w], form), x),
  () => shared(conv2dKernelOp([x, g], form), w),
]);

const conv2dInputOp: DefinedOp<ConvForm> = derivative(
  "conv2dInput",
  imageOf,
  (v, _, [g, w], form) => [
    () => shared(conv2dOp([v, w], form), g),
    () => shared(conv2dKernelOp([v, g], form), w),
  ],
);

const conv2dKernelOp: DefinedOp<ConvForm> = derivative(
  "conv2dKernel",
  kernelOf,
  (u, _, [x, g], form) => [
    () => shared(conv2dInputOp([g, u], form), x),
    () => shared(conv2dOp([x, u], form), g),
  ],
);

/** The gradient of an operand that served many convolutions is the sum over them. */
function shared(gradient: Tensor, x: Tensor): Tensor {
  return gradient.shape.length === x.shape.length ? gradient : sum(gradient, { axis: 0 });
}

export interface ConvOptions {
  /** Default 1. */
  readonly stride?: Pair;
  /** Default 0. */
  readonly padding?: Padding;
  /** Distance between the kernel's taps. Default 1. */
  readonly dilation?: Pair;
  /** Channels fall into so many groups that do not see each other. Default 1. */
  readonly groups?: number;
}

export const CONV_OPTIONS = ["stride", "padding", "dilation", "groups"] as const;

/** The form of a convolution of x by a kernel of these shapes, both of rank 4. */
function formOf(name: string, x: Shape, k: Shape, options: ConvOptions): ConvForm {
  const [n, h, w, c] = x;
  const [kh, kw, , oc] = k;
  const { padding = 0, groups = 1 } = options;
  const [sh, sw] = both(name, "stride", options.stride ?? 1, 1);
  const [dh, dw] = both(name, "dilation", options.dilation ?? 1, 1);
  checkGroups(name, c, oc, groups);
  if (kh === 0 || kw === 0) {
    throw new ShapeError(`${name}: an empty kernel: w is ${show(k)}. Give it a size from 1.`);
  }
  const rows = slide(name, h, (kh - 1) * dh + 1, sh, sides(name, padding, 0));
  const columns = slide(name, w, (kw - 1) * dw + 1, sw, sides(name, padding, 1));
  const windows = { oh: rows.count, ow: columns.count, ph: rows.before, pw: columns.before };
  return { n, h, w, c, kh, kw, oc, ...windows, sh, sw, dh, dw, groups };
}

function checkGroups(name: string, c: number, oc: number, groups: number): void {
  both(name, "groups", groups, 1);
  if (c % groups === 0 && oc % groups === 0) return;
  throw new ShapeError(
    `${name}: groups do not fit: ${c} channels in, ${oc} out, groups is ${groups}. ` +
      "It must divide both.",
  );
}

/** Throws unless all are float32 of one of these ranks; `form` tells what they should be. */
function checkRank(name: string, ranks: readonly number[], xs: Named, form: string): void {
  needFloats(name, xs);
  for (const which in xs) {
    if (ranks.includes(xs[which].shape.length)) continue;
    const all = Object.entries(xs).map(([key, x]) => `${key} is ${show(x.shape)}`);
    throw new ShapeError(`${name}: wrong rank: ${all.join(", ")}. Give ${form}.`);
  }
}

function channels(name: string, x: Tensor, w: Tensor, groups: number): ShapeError {
  return new ShapeError(
    `${name}: channels differ: x is ${show(x.shape)} (n h w c), w is ${show(w.shape)} ` +
      `(kh kw c oc). With groups ${groups}, w's third size must be ` +
      `${x.shape[x.shape.length - 1] / groups}.`,
  );
}

/**
 * Convolution of images x [n, h, w, c] by w [kh, kw, c / groups, oc]: [n, oh, ow, oc]. As is usual,
 * the kernel is not flipped. Both may have a leading axis of one size, for as many convolutions at
 * once; where only one has it, the other serves them all.
 * @throws ShapeError when ranks, channels or groups do not fit, or the kernel is larger than the
 * padded image
 * @throws ValueError for a stride, dilation or padding that is no whole number in range
 */
export function conv2d(x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor {
  optionsOf("conv2d", options, CONV_OPTIONS);
  checkRank("conv2d", [4, 5], { x, w }, "x as [n, h, w, c], w as [kh, kw, c / groups, oc]");
  const [image, kernel] = [x.shape.slice(-4), w.shape.slice(-4)];
  const form = formOf("conv2d", image, kernel, options);
  if (kernel[2] !== image[3] / form.groups) throw channels("conv2d", x, w, form.groups);
  if (x.shape.length === 5 && w.shape.length === 5 && x.shape[0] !== w.shape[0]) {
    throw new ShapeError(
      `conv2d: batches differ: x is ${show(x.shape)}, w is ${show(w.shape)}. ` +
        "Their first sizes must be equal.",
    );
  }
  if (x.shape.length === 4 || w.shape.length === 5) return conv2dOp([x, w], form);
  return many(conv2dOp, x, w, form);
}

export interface ConvInputOptions extends ConvOptions {
  /** Height and width of x. */
  readonly size: Pair;
}

/**
 * The gradient of conv2d(x, w) by x, as an op: g [n, oh, ow, oc], w [kh, kw, c / groups, oc] give
 * [n, h, w, c].
 * @throws ShapeError when g is no output of such a convolution
 */
export function conv2dInput(g: Tensor, w: Tensor, options: ConvInputOptions): Tensor {
  optionsOf("conv2dInput", options, [...CONV_OPTIONS, "size"]);
  checkRank("conv2dInput", [4], { g, w }, "g as [n, oh, ow, oc], w as [kh, kw, c / groups, oc]");
  const [height, width] = both("conv2dInput", "size", options.size, 0);
  const c = w.shape[2] * (options.groups ?? 1);
  const form = formOf("conv2dInput", [g.shape[0], height, width, c], w.shape, options);
  checkOutput("conv2dInput", g, form);
  return conv2dInputOp([g, w], form);
}

export interface ConvKernelOptions extends ConvOptions {
  /** Height and width of the kernel. */
  readonly size: Pair;
}

/**
 * The gradient of conv2d(x, w) by w, as an op: x [n, h, w, c], g [n, oh, ow, oc] give
 * [kh, kw, c / groups, oc].
 * @throws ShapeError when g is no output of such a convolution
 */
export function conv2dKernel(x: Tensor, g: Tensor, options: ConvKernelOptions): Tensor {
  optionsOf("conv2dKernel", options, [...CONV_OPTIONS, "size"]);
  checkRank("conv2dKernel", [4], { x, g }, "x as [n, h, w, c], g as [n, oh, ow, oc]");
  const [kh, kw] = both("conv2dKernel", "size", options.size, 1);
  const k = [kh, kw, x.shape[3] / (options.groups ?? 1), g.shape[3]];
  const form = formOf("conv2dKernel", x.shape, k, options);
  checkOutput("conv2dKernel", g, form);
  return conv2dKernelOp([x, g], form);
}

function checkOutput(name: string, g: Tensor, form: ConvForm): void {
  const want = outputOf(form);
  if (sameShape(g.shape, want)) return;
  throw new ShapeError(
    `${name}: g is no output: g is ${show(g.shape)}, conv2d of ${show(imageOf(form))} by ` +
      `${show(kernelOf(form))} gives ${show(want)}. Give g that shape.`,
  );
}

export interface Conv1dOptions {
  /** Default 1. */
  readonly stride?: number;
  /** One number for both ends, [before, after], "same" or "valid". Default 0. */
  readonly padding?: number | readonly [number, number] | "same" | "valid";
  /** Default 1. */
  readonly dilation?: number;
  /** Default 1. */
  readonly groups?: number;
}

/** Convolution of sequences x [n, l, c] by w [k, c / groups, oc]: [n, ol, oc]. */
export function conv1d(x: Tensor, w: Tensor, options: Conv1dOptions = {}): Tensor {
  optionsOf("conv1d", options, CONV_OPTIONS);
  checkRank("conv1d", [3], { x, w }, "x as [n, l, c], w as [k, c / groups, oc]");
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const ends = typeof padding === "number" ? ([padding, padding] as const) : padding;
  const [n, l, c] = x.shape;
  const form = formOf("conv1d", [n, 1, l, c], [1, ...w.shape], {
    stride: [1, stride],
    padding: typeof ends === "string" ? ends : [[0, 0], ends],
    dilation: [1, dilation],
    groups,
  });
  if (w.shape[1] !== c / groups) {
    throw new ShapeError(
      `conv1d: channels differ: x is ${show(x.shape)} (n l c), w is ${show(w.shape)} (k c oc). ` +
        `With groups ${groups}, w's second size must be ${c / groups}.`,
    );
  }
  const y = conv2dOp([reshape(x, imageOf(form)), reshape(w, kernelOf(form))], form);
  return reshape(y, [n, form.ow, form.oc]);
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added at the end, below the stride, to choose among the sizes that the
   * convolution would bring to that of x. Default 0. */
  readonly outputPadding?: Pair;
}

/**
 * Transposed convolution: the adjoint of the conv2d with the same w and options, which takes its
 * result's shape to that of x. x [n, h, w, c], w [kh, kw, oc / groups, c] give [n, oh, ow, oc] with
 * oh = (h − 1) · stride − padding + dilation · (kh − 1) + 1 + outputPadding; with padding "same" it
 * is h · stride.
 */
export function convTranspose2d(x: Tensor, w: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const name = "convTranspose2d";
  optionsOf(name, options, [...CONV_OPTIONS, "outputPadding"]);
  checkRank(name, [4], { x, w }, "x as [n, h, w, c], w as [kh, kw, oc / groups, c]");
  const { padding = 0, groups = 1 } = options;
  const stride = both(name, "stride", options.stride ?? 1, 1);
  const dilation = both(name, "dilation", options.dilation ?? 1, 1);
  const more = both(name, "outputPadding", options.outputPadding ?? 0, 0);
  if (w.shape[3] !== x.shape[3]) {
    throw new ShapeError(
      `${name}: channels differ: x is ${show(x.shape)} (n h w c), w is ${show(w.shape)} ` +
        `(kh kw oc c). w's last size must be ${x.shape[3]}.`,
    );
  }
  const sizes = ([0, 1] as const).map((i) => {
    const ends = sides(name, padding, i);
    if (ends === "same") return x.shape[1 + i] * stride[i];
    const extent = (w.shape[i] - 1) * dilation[i] + 1;
    return (x.shape[1 + i] - 1) * stride[i] + extent - ends[0] - ends[1] + more[i];
  });
  if (padding === "same" ? more[0] + more[1] > 0 : more.some((m, i) => m >= stride[i])) {
    throw new ShapeError(
      `${name}: outputPadding does not fit: outputPadding is ${show(more)}, stride is ` +
        `${show(stride)}, padding is ${JSON.stringify(padding)}. It must be below the stride, ` +
        'and 0 with "same".',
    );
  }
  if (sizes.some((size, i) => size < 0 && x.shape[1 + i] > 0)) {
    throw new ShapeError(
      `${name}: nothing is left: x is ${show(x.shape)}, padding is ${JSON.stringify(padding)}, ` +
        `the result would be ${show(sizes)}. Use less padding.`,
    );
  }
  const [height, width] = sizes.map((size, i) => (x.shape[1 + i] === 0 ? 0 : size));
  const image = [x.shape[0], height, width, w.shape[2] * groups];
  return conv2dInputOp([x, w], formOf(name, image, w.shape, options));
}
