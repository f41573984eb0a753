// conv2dInput: the gradient of conv2d by its input. A stride s splits the pixels of x into s * s
// phases, each a dense product of patches of g with the taps that reach it, last tap first.

import { conv2dInputFew } from "./conv2dInputFew";
import { conv2dInputNarrow } from "./conv2dInputNarrow";
import { depthwiseSums } from "./depthwise";
import { reachedRows } from "./epilogue";
import { ConvForm } from "./forms";
import { Sweep, SWEEP_BYTES } from "./gemm";
import { listRows, sweepTaps } from "./lists";
import { packPanels, panelBytes } from "./pack";
import { scratch } from "./scratch";
import { endUnit, firstUnit, share } from "./share";
import { copyWindows, imagesAtOnce, rowsAtOnce } from "./windows";

/** Pixels of x in a block. */
const BLOCK: i32 = 1024;

/** The first tap t with t * dilation = phase (mod stride), or `taps` where there is none. */
function firstTap(taps: i32, dilation: i32, stride: i32, phase: i32): i32 {
  let t = 0;
  while (t < taps && (t * dilation - phase) % stride != 0) t++;
  return t;
}

/** From one tap of a phase to the next. */
function tapStep(dilation: i32, stride: i32): i32 {
  let t = 1;
  while ((t * dilation) % stride != 0) t++;
  return t;
}

/** A part of the images of conv2dInput: this thread's. */
export function conv2dInput(g: usize, w: usize, out: usize, form: ConvForm): void {
  const batch = form.batch, n = form.n, h = form.h, width = form.w, c = form.c;
  const kh = form.kh, kw = form.kw, oc = form.oc, oh = form.oh, ow = form.ow;
  const sh = form.sh, sw = form.sw, ph = form.ph, pw = form.pw, dh = form.dh, dw = form.dw;
  const groups = form.groups, gs = form.firstStep, ws = form.secondStep;
  if (batch * n * h * width * c == 0) return;
  if (kh * kw * oc * oh * ow == 0) {
    if (share() != 0) return;
    memory.fill(out, 0, (batch * n * h * width * c) << 2);
    reachedRows(out, batch * n * h * width, c, c);
    return;
  }
  if (groups > 1 && groups == c && groups == oc) {
    depthwiseSums(g, w, out, form, true);
    return;
  }
  const cg = c / groups;
  const ocg = oc / groups;
  if (groups == 1 && c > 1 && c <= 4 && sh == 1 && sw == 1) {
    conv2dInputFew(g, w, out, form);
    return;
  }
  if (cg <= 4) {
    conv2dInputNarrow(g, w, out, form);
    return;
  }
  // pixel y takes g's row (y + ph) / sh, or what lies up to `reach` rows above it
  const reachH = ((kh - 1) * dh) / sh;
  const reachW = ((kw - 1) * dw) / sw;
  const restH = ph % sh;
  const restW = pw % sw;
  const cols = (width - 1 + restW) / sw + reachW + 1;
  const rowStep = cols * ocg;
  const wholeRows = (h - 1 + restH) / sh + reachH + 1;

  let images = imagesAtOnce(n, wholeRows * rowStep, h * width, BLOCK);
  const rows = images ? h : rowsAtOnce(h, width, BLOCK, rowStep, reachH + 2, 1, sh);
  const blocks = (h + rows - 1) / rows;
  images = max(images, 1);
  const imageRows = (min(rows, h) - 1 + restH) / sh + reachH + 1;

  const list = (images * rows * width) << 3;
  const weights = panelBytes(kh * kw * ocg, cg);
  const copyBytes = (images * imageRows * rowStep) << 2;
  const base = scratch(SWEEP_BYTES + kh * kw * 4 + 16 + list + 16 + weights + copyBytes);
  const s = changetype<Sweep>(base);
  s.runs = base + SWEEP_BYTES;
  const lists = s.runs + ((kh * kw * 4 + 15) & ~15);
  const panels = lists + ((list + 15) & ~15);
  const copy = panels + weights;
  s.aStep = 4;
  s.fours = 0;
  s.bStep = 32;
  s.width = (cg & ~7) << 2;
  s.tail = cg & 7;

  const everyH = tapStep(dh, sh);
  const everyW = tapStep(dw, sw);
  const jumpH = ((everyH * dh) / sh) * rowStep;
  const jumpW = ((everyW * dw) / sw) * ocg;
  const units = n * blocks;
  const start = firstUnit(batch * units);
  const last = endUnit(batch * units);
  for (let group = 0; group < groups; group++) {
    let bound = -1;
    for (let u = start; u < last; ) {
      const i = u / units;
      const image = (u - i * units) / blocks;
      const y0 = ((u - i * units) % blocks) * rows;
      const count = blocks > 1 ? 1 : min(images, min(n - image, last - u));
      const high = min(rows, h - y0);
      const src = g + ((i * gs + image * oh * ow * oc + group * ocg) << 2);
      const gy = (y0 + ph) / sh - reachH;
      copyWindows(copy, count, imageRows, cols, ocg, src, gy, pw / sw - reachW, oh, ow, oc);
      const pack = bound < 0 || (i != bound && ws != 0);
      const to = out + ((((i * n + image) * h + y0) * width * c + group * cg) << 2);

      let rowList = lists;
      let panel = panels;
      for (let phaseH = 0; phaseH < sh; phaseH++) {
        const firstY = (phaseH + sh - restH) % sh;
        const firstKy = firstTap(kh, dh, sh, phaseH);
        const countKy = firstKy < kh ? (kh - 1 - firstKy) / everyH + 1 : 0;
        const lastKy = firstKy + (countKy - 1) * everyH;
        const ny = (high - firstY + sh - 1) / sh; // high >= 1, firstY < sh: never negative
        const allY = (rows - firstY + sh - 1) / sh;
        for (let phaseW = 0; phaseW < sw; phaseW++) {
          const firstX = (phaseW + sw - restW) % sw;
          const firstKx = firstTap(kw, dw, sw, phaseW);
          const countKx = firstKx < kw ? (kw - 1 - firstKx) / everyW + 1 : 0;
          const lastKx = firstKx + (countKx - 1) * everyW;
          const nx = (width - firstX + sw - 1) / sw;
          const k = countKy * countKx * ocg;
          const bytes = <usize>k << 5;
          if (bound < 0) {
            const imageStep = imageRows * rowStep;
            const image = h * width * c;
            const row = sh * width * c;
            listRows(rowList, images, imageStep, image, allY, rowStep, row, nx, ocg, sw * c);
          }
          if (pack) {
            let q = panel;
            for (let ky = lastKy; ky >= 0 && k; ky -= everyH) {
              for (let kx = lastKx; kx >= 0; kx -= everyW, q += ocg << 5) {
                const tap = ((ky * kw + kx) * cg * oc + group * ocg + i * ws) << 2;
                packPanels(q, bytes, w + tap, 4, oc << 2, ocg, cg);
              }
            }
          }
          s.b = panel;
          s.bNext = bytes;
          s.tailB = panel + <usize>(cg >> 3) * bytes;
          s.to = to + (((firstY * width + firstX) * c) << 2);
          const merged = jumpW == ocg; // taps side by side are one run
          s.len = merged ? countKx * ocg : ocg;
          const y = (firstY + restH) / sh + reachH - (lastKy * dh - phaseH) / sh;
          const x = (firstX + restW) / sw + reachW - (lastKx * dw - phaseW) / sw;
          const from = copy + ((y * rowStep + x * ocg) << 2);
          const perRow = merged ? 1 : countKx;
          sweepTaps(rowList, count * ny * nx, s, from, k ? countKy : 0, jumpH, perRow, jumpW);
          rowList += (images * allY * nx) << 3;
          panel += panelBytes(k, cg);
        }
      }
      const pixels = count * high * width;
      if (group == groups - 1) reachedRows(to - ((group * cg) << 2), pixels, c, c);
      bound = i;
      u += count;
    }
  }
}
