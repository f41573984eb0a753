// Plans of matmul and the convolutions: four readers of operands on the same gemm kernels.

import conv2d from "../../../kernels/conv2d.wgsl";
import conv2dInput from "../../../kernels/conv2dInput.wgsl";
import conv2dInputLines from "../../../kernels/conv2dInputLines.wgsl";
import conv2dInputRows from "../../../kernels/conv2dInputRows.wgsl";
import conv2dInputTaps from "../../../kernels/conv2dInputTaps.wgsl";
import conv2dKernel from "../../../kernels/conv2dKernel.wgsl";
import conv2dKernelSlide from "../../../kernels/conv2dKernelSlide.wgsl";
import conv2dKernelTaps from "../../../kernels/conv2dKernelTaps.wgsl";
import conv2dTaps from "../../../kernels/conv2dTaps.wgsl";
import matmul from "../../../kernels/matmul.wgsl";
import type { Block } from "./buffers";
import { choose, type Size } from "./gemm";
import {
  alongK,
  blocksPart,
  FOURS,
  PAIRS,
  type Reader,
  reader,
  SLIDES,
  SWAP,
  TA,
  TB,
  TWO,
  VA,
  VB,
} from "./gemmPrograms";
import { ceilDiv, type Plan, type Recorder } from "./plan";
import { part } from "./program";
import { sumLines } from "./reductions";

const inputLines = part("conv2dInputLines", conv2dInputLines);

const readers = {
  matmul: reader("matmul", matmul, TA | TB | VA | VB),
  conv2d: reader("conv2d", conv2d, VA | VB, {
    taps: { parts: [part("conv2dTaps", conv2dTaps)], heeds: VA | SLIDES | TWO | PAIRS },
  }),
  conv2dInput: reader("conv2dInput", conv2dInput, VA | VB, {
    rows: {
      parts: [inputLines, part("conv2dInputRows", conv2dInputRows)],
      heeds: SLIDES | PAIRS,
    },
    taps: {
      parts: [inputLines, part("conv2dInputTaps", conv2dInputTaps)],
      heeds: SLIDES | PAIRS,
    },
  }),
  conv2dKernel: reader("conv2dKernel", conv2dKernel, VA | VB, {
    slide: { parts: [part("conv2dKernelSlide", conv2dKernelSlide)], heeds: TWO },
    taps: { parts: [blocksPart, part("conv2dKernelTaps", conv2dKernelTaps)], heeds: VA },
  }),
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
  const chosen = read(variant, flags);
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
  // There four numbers are no faster than one by one: all layouts share the pipeline of these.
  if (to.choosing.software && (flags & FOURS) !== FOURS) flags &= ~FOURS;
  if (n < m) flags |= SWAP;
  const size = {
    ...{ z: batch, m, k, n, groups: 1 },
    ...{ total: batch * m * n, plain: true, byTaps: {}, software: to.choosing.software },
  };
  const apart = [aStart, ta ? 1 : k, ta ? m : 1, tb ? 1 : n, tb ? k : 1];
  gemm(to, readers.matmul, flags, size, [a, b, out], [batch, m, k, n, aStep, bStep], apart);
}

/** Whether a convolution is a product of matrices: 1 x 1, no stride, padding or groups. */
function isMatmul([, , , , , kh, kw, , , , sh, sw, ph, pw, , , groups]: readonly number[]) {
  return kh * kw * sh * sw * groups === 1 && ph + pw === 0;
}

/** Invocations that keep the cores of a CPU busy: two cores with four workgroups each. */
const BUSY = 64;

/** Blocks of the kernels by taps that sum over a window, each of some rows of one of `images` by
 * four columns; as many rows as leave enough blocks, for the weights are read once a block, and of
 * a number that divides the height if one is near, as neighbours wait for each other. */
function rowBlocks(images: number, height: number, n: number) {
  const across = images * ceilDiv(n, 4);
  const least = ceilDiv(height, Math.min(height, ceilDiv(BUSY, across)));
  let rows = least;
  while (height % rows !== 0 && rows < 2 * least) rows += 1;
  if (height % rows !== 0) rows = least;
  return { rows, taps: { blocks: across * ceilDiv(height, rows), splits: false } };
}

/** What a kernel by taps heeds of windows of this size; `across`: how many taps lie from a pixel to
 * the next. */
function windowFlags(kh: number, kw: number, across: number) {
  if (Math.max(kh, kw) <= 2) return PAIRS;
  if (kw < 3) return 0;
  return across === 1 ? SLIDES : across === 2 ? TWO : 0;
}

const conv2dPlan: Plan = (to, [x, w], [out], params) => {
  const [batch, n, , , c, kh, kw, oc, oh, ow, , sw, , , , dw] = params;
  const [groups, xs, ws] = params.slice(16);
  const m = n * oh * ow;
  if (isMatmul(params)) {
    matmulPlan(to, [x, w], [out], [batch, m, c, oc, 0, 0, xs, ws]);
    return;
  }
  const [cg, og] = [c / groups, oc / groups];
  const fours = (four(cg, xs) ? VA : 0) | (four(og, ws) ? VB : 0);
  const { rows, taps } = rowBlocks(batch * groups * n, oh, og);
  const size = {
    ...{ z: batch * groups, m, k: kh * kw * cg, n: og, groups },
    ...{ total: batch * m * oc, plain: false, software: to.choosing.software },
    byTaps: four(og, ws) && cg > 0 ? { taps } : {}, // without terms nothing would be written
  };
  const flags = fours | windowFlags(kh, kw, sw / dw);
  gemm(to, readers.conv2d, flags, size, [x, w, out], params, [rows]);
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
  const [rows, columns] = [ceilDiv(h, sh), ceilDiv(width, sw)]; // of a phase
  const z = batch * groups * sh * sw;
  const fours = (four(og, gs) ? VA : 0) | (four(og, ws) ? VB : 0);
  const fewest = Math.floor(kw / tx); // columns of a phase
  const across = fewest >= 3 ? sw / (tx * dw) : 0; // taps from a pixel to the next
  const window = windowFlags(ceilDiv(kh, ty), ceilDiv(kw, tx), across);
  const blocks = rowBlocks(z * n, rows, cg);
  const apart = (ty * dh) / sh; // of rows that meet the same rows of g
  const fourRows = { blocks: z * n * apart * ceilDiv(rows, 4 * apart), splits: false };
  const size = {
    z,
    m: n * rows * columns,
    k: ceilDiv(kh, ty) * ceilDiv(kw, tx) * og,
    ...{
      n: cg,
      groups,
      total: batch * n * h * width * c,
      plain: false,
      byTaps: !(four(og, gs, ws) && og > 0)
        ? {}
        : { taps: blocks.taps, ...(cg === 1 ? { rows: fourRows } : {}) },
      software: to.choosing.software,
    },
  };
  gemm(to, readers.conv2dInput, fours | window, size, [g, w, out], params, [ty, tx, blocks.rows]);
};

const conv2dKernelPlan: Plan = (to, [x, g], [out], params) => {
  const [batch, n, , , c, kh, kw, oc, oh, ow, , sw, , , , dw] = params;
  const [groups, xs, gs] = params.slice(16);
  if (isMatmul(params)) {
    matmulPlan(to, [x, g], [out], [batch, c, n * oh * ow, oc, 1, 0, xs, gs]);
    return;
  }
  const [cg, og] = [c / groups, oc / groups];
  const m = kh * kw * cg;
  const fours = (four(cg, xs) ? VA : 0) | (four(og, gs) ? VB : 0);
  const eights = batch * groups * ceilDiv(og, 8);
  const taps = { blocks: eights * ceilDiv(m, 8), splits: true };
  const slide = { blocks: ((eights * cg) / 4) * kh * ceilDiv(kw, 3), splits: true };
  // Of four taps a third would be computed in vain.
  const slides = four(cg, xs) && kw >= 3 && kw !== 4 && (sw === dw || sw === 2 * dw);
  const size = {
    ...{ z: batch * groups, m, k: n * oh * ow, n: og, groups },
    ...{ total: batch * m * oc, plain: false, software: to.choosing.software },
    byTaps: four(og, gs) ? { taps, ...(slides ? { slide } : {}) } : {},
  };
  const flags = fours | (sw === 2 * dw ? TWO : 0);
  gemm(to, readers.conv2dKernel, flags, size, [x, g, out], params);
};

export const products = {
  matmul: matmulPlan,
  conv2d: conv2dPlan,
  conv2dInput: conv2dInputPlan,
  conv2dKernel: conv2dKernelPlan,
} satisfies Record<string, Plan>;
