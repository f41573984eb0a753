// Plans of matmul and the convolutions: four readers of operands on the same gemm kernels.

import conv2d from "../../../kernels/conv2d.wgsl";
import conv2dInput from "../../../kernels/conv2dInput.wgsl";
import conv2dInputTaps from "../../../kernels/conv2dInputTaps.wgsl";
import conv2dKernel from "../../../kernels/conv2dKernel.wgsl";
import conv2dKernelTaps from "../../../kernels/conv2dKernelTaps.wgsl";
import conv2dTaps from "../../../kernels/conv2dTaps.wgsl";
import gemmDirect from "../../../kernels/gemmDirect.wgsl";
import gemmDot from "../../../kernels/gemmDot.wgsl";
import gemmEach from "../../../kernels/gemmEach.wgsl";
import gemmSkinny from "../../../kernels/gemmSkinny.wgsl";
import gemmTile from "../../../kernels/gemmTile.wgsl";
import gemmTile128 from "../../../kernels/gemmTile128.wgsl";
import matmul from "../../../kernels/matmul.wgsl";
import type { Block } from "./buffers";
import {
  choose,
  directShape,
  type Size,
  skinnyColumns,
  tapsShape,
  VARIANTS,
  type Variant,
  WEIGHTS,
  WINDOW,
} from "./gemm";
import type { Plan, Recorder } from "./plan";
import { type Program, program, table } from "./program";
import { sumLines } from "./reductions";

interface Body {
  readonly file: string;
  readonly text: string;
  readonly constants: Readonly<Record<string, number>>;
}

/** The file and overrides of each variant; `gemmSkinny` has its own, by operand. */
const bodies: Record<Exclude<Variant, "taps">, Body> = {
  dot: { file: "gemmDot.wgsl", text: gemmDot, constants: {} },
  skinny: { file: "gemmSkinny.wgsl", text: gemmSkinny, constants: {} },
  each: { file: "gemmEach.wgsl", text: gemmEach, constants: {} },
  direct: { file: "gemmDirect.wgsl", text: gemmDirect, constants: {} },
  tile128: { file: "gemmTile128.wgsl", text: gemmTile128, constants: {} },
  tile64: { file: "gemmTile.wgsl", text: gemmTile, constants: { SIDE: 16, SLOTS: 512 } },
  tile32: { file: "gemmTile.wgsl", text: gemmTile, constants: { SIDE: 8, SLOTS: 256 } },
};

/** Flags of a program, as bits: transposes, vec4 reads, and which side of a skinny product. */
const TA = 1;
const TB = 2;
const VA = 4;
const VB = 8;
const SWAP = 16;
/** What follows the flags in a code: the shape of a direct kernel's workgroup, and the variant. */
const SHAPE = 32;
const VARIANT = 256;
const bits = (flags: number, bit: number) => Number((flags & bit) !== 0);

/** Neighbours in the long operand of a skinny product go along k. */
const alongK = (flags: number) => (flags & SWAP ? (flags & TA) === 0 : (flags & TB) !== 0);

const READS = { reads: 2, writes: 1 };

/** The programs of a reader, by variant and flags; only those in use are compiled. `taps`: the body
 * of that variant, which matmul has not. */
function reader(name: string, text: string, taps?: string) {
  const part = { file: `${name}.wgsl`, text };
  const make = table((code): Program => {
    const flags = code % SHAPE;
    const variant = VARIANTS[Math.floor(code / VARIANT)];
    const own = { file: `${name}Taps.wgsl`, text: taps ?? "", constants: {} };
    const body: Body = variant === "taps" ? own : bodies[variant];
    const constants = { ...body.constants, VA: bits(flags, VA), VB: bits(flags, VB) };
    if (taps === undefined) Object.assign(constants, { TA: bits(flags, TA), TB: bits(flags, TB) });
    if (variant === "direct") {
      const X = 2 ** (Math.floor(code / SHAPE) % 8);
      Object.assign(constants, { X, Y: 64 / X });
    }
    if (variant === "taps") {
      const X = 2 ** (Math.floor(code / SHAPE) % 8);
      Object.assign(constants, { X, Y: 16 / X });
      if (name === "conv2dInput") Object.assign(constants, { ONE: bits(flags, SWAP) });
    }
    if (variant === "skinny") {
      const COLS = skinnyColumns(alongK(flags));
      const slices = { COLS, SLICES: 256 / COLS, FIRST_K: Number(alongK(flags)) };
      Object.assign(constants, slices, { SWAP: bits(flags, SWAP) });
    }
    return program(name, [part, body], READS, [], constants);
  });
  return (variant: Variant, flags: number, size: Size): Program => {
    // Variants that read one element at a time are the same for all alignments.
    const blocks = variant === "direct" || variant.startsWith("tile");
    let used = blocks ? flags & ~SWAP : flags & (variant === "skinny" ? ~(VA | VB) : TA | TB);
    if (variant === "taps") used = (flags & (VA | VB)) | (size.n === 1 ? SWAP : 0);
    const shape =
      variant === "direct" ? directShape(size) : variant === "taps" ? tapsShape(size) : 0;
    return make(VARIANTS.indexOf(variant) * VARIANT + shape * SHAPE + used);
  };
}

type Reader = ReturnType<typeof reader>;

const readers = {
  matmul: reader("matmul", matmul),
  conv2d: reader("conv2d", conv2d, conv2dTaps),
  conv2dInput: reader("conv2dInput", conv2dInput, conv2dInputTaps),
  conv2dKernel: reader("conv2dKernel", conv2dKernel, conv2dKernelTaps),
};

/** Runs a product: `before` are its uniform words up to (splits, chunk), `after` those behind. */
function gemm(
  to: Recorder,
  read: Reader,
  flags: number,
  size: Size,
  [a, b, out]: readonly [Block, Block, Block],
  before: readonly number[],
  after: readonly number[] = [],
): void {
  if (size.total === 0) return;
  const { variant, groups, splits, chunk } = choose(
    size,
    alongK(flags),
    to.choosing.variant,
    to.choosing.products,
  );
  const chosen = read(variant, flags, size);
  const words = [...before, splits, chunk, ...after];
  if (splits === 1) {
    to.dispatch(chosen, [a, b, out], words, groups);
    return;
  }
  const parts = to.scratch(splits * size.total);
  to.dispatch(chosen, [a, b, parts], words, groups * splits);
  sumLines(to, parts, out, [1, splits, size.total]);
  to.release(parts);
}

const four = (...sizes: readonly number[]) => sizes.every((size) => size % 4 === 0);

const matmulPlan: Plan = (to, inputs, outputs, params) =>
  matmulFrom(to, inputs, outputs, params, 0);

/** matmul whose first operand begins `aStart` elements into its block. */
export function matmulFrom(
  to: Recorder,
  [a, b]: readonly Block[],
  [out]: readonly Block[],
  [batch, m, k, n, ta, tb, aStep, bStep]: readonly number[],
  aStart: number,
): void {
  let flags = (ta ? TA : 0) | (tb ? TB : 0);
  if (four(ta ? m : k, aStep, aStart)) flags |= VA;
  if (four(tb ? k : n, bStep)) flags |= VB;
  if (n < m) flags |= SWAP;
  const size = {
    ...{ z: batch, m, k, n, groups: 1 },
    ...{ total: batch * m * n, plain: true, taps: 0, software: to.choosing.software },
  };
  gemm(to, readers.matmul, flags, size, [a, b, out], [batch, m, k, n, aStep, bStep], [aStart]);
}

/** Whether a convolution is a product of matrices: 1 x 1, no stride, padding or groups. */
function isMatmul([, , , , , kh, kw, , , , sh, sw, ph, pw, , , groups]: readonly number[]) {
  return kh * kw * sh * sw * groups === 1 && ph + pw === 0;
}

const conv2dPlan: Plan = (to, [x, w], [out], params) => {
  const [batch, n, , , c, kh, kw, oc, oh, ow] = params;
  const [groups, xs, ws] = params.slice(16);
  const m = n * oh * ow;
  if (isMatmul(params)) {
    matmulPlan(to, [x, w], [out], [batch, m, c, oc, 0, 0, xs, ws]);
    return;
  }
  const [cg, og] = [c / groups, oc / groups];
  const flags = (four(cg, xs) ? VA : 0) | (four(og, ws) ? VB : 0);
  const size = {
    ...{ z: batch * groups, m, k: kh * kw * cg, n: og, groups },
    ...{ total: batch * m * oc, plain: false, software: to.choosing.software },
    taps: four(cg, xs, og, ws) ? WINDOW : 0,
  };
  gemm(to, readers.conv2d, flags, size, [x, w, out], params);
};

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

const conv2dInputPlan: Plan = (to, [g, w], [out], params) => {
  const [batch, n, h, width, c, kh, kw, oc, oh, ow, sh, sw, , , dh, dw] = params;
  const [groups, gs, ws] = params.slice(16);
  if (isMatmul(params)) {
    matmulPlan(to, [g, w], [out], [batch, n * oh * ow, oc, c, 0, 1, gs, ws]);
    return;
  }
  const [cg, og] = [c / groups, oc / groups];
  const [ty, tx] = [sh / gcd(sh, dh), sw / gcd(sw, dw)];
  const flags = (four(og, gs) ? VA : 0) | (four(og, ws) ? VB : 0);
  const size = {
    z: batch * groups * sh * sw,
    m: n * Math.ceil(h / sh) * Math.ceil(width / sw),
    k: Math.ceil(kh / ty) * Math.ceil(kw / tx) * og,
    ...{
      n: cg,
      groups,
      total: batch * n * h * width * c,
      plain: false,
      taps: four(og, gs, ws) ? WINDOW : 0,
      software: to.choosing.software,
    },
  };
  gemm(to, readers.conv2dInput, flags, size, [g, w, out], params, [ty, tx]);
};

const conv2dKernelPlan: Plan = (to, [x, g], [out], params) => {
  const [batch, n, , , c, kh, kw, oc, oh, ow] = params;
  const [groups, xs, gs] = params.slice(16);
  if (isMatmul(params)) {
    matmulPlan(to, [x, g], [out], [batch, c, n * oh * ow, oc, 1, 0, xs, gs]);
    return;
  }
  const [cg, og] = [c / groups, oc / groups];
  const m = kh * kw * cg;
  const flags = (four(cg, xs) ? VA : 0) | (four(og, gs) ? VB : 0);
  const size = {
    ...{ z: batch * groups, m, k: n * oh * ow, n: og, groups },
    ...{ total: batch * m * oc, plain: false, software: to.choosing.software },
    taps: four(og, gs) ? WEIGHTS : 0,
  };
  gemm(to, readers.conv2dKernel, flags, size, [x, g, out], params);
};

export const products = {
  matmul: matmulPlan,
  conv2d: conv2dPlan,
  conv2dInput: conv2dInputPlan,
  conv2dKernel: conv2dKernelPlan,
} satisfies Record<string, Plan>;
