// conv2dKernel: the gradient of conv2d by its weights, a product over pixels of the transposed
// patches, read where they overlap in a padded copy, with g; blocks of pixels are added in order.

import { depthwiseKernel } from "./depthwise";
import { ConvForm } from "./forms";
import { Sweep, SWEEP_BYTES, sweep } from "./gemm";
import { listRows, listRuns } from "./lists";
import { bindB, panelBytes } from "./pack";
import { scratch } from "./scratch";
import { endUnit, even, firstUnit, shares } from "./share";
import { copyWindows, imagesAtOnce, rowsAtOnce } from "./windows";

/** Pixels whose products are summed before they are added to the others'. */
const BLOCK: i32 = 256;
/** With up to this many rows g is read where it lies. */
const FEW_ROWS: i32 = 16;

/** A part of the batch, or of the taps' channels, of conv2dKernel: this thread's. */
export function conv2dKernel(x: usize, g: usize, out: usize, form: ConvForm): void {
  const batch = form.batch, n = form.n, h = form.h, width = form.w, c = form.c;
  const kh = form.kh, kw = form.kw, oc = form.oc, oh = form.oh, ow = form.ow;
  const sh = form.sh, sw = form.sw, ph = form.ph, pw = form.pw, dh = form.dh, dw = form.dw;
  const groups = form.groups, xs = form.firstStep, gs = form.secondStep;
  if (groups > 1 && groups == c && groups == oc) {
    depthwiseKernel(x, g, out, form);
    return;
  }
  const cg = c / groups;
  const ocg = oc / groups;
  const m = kh * kw * cg;
  if (batch * m * oc == 0) return;
  const pixels = oh * ow;
  const alone = even(batch, shares());
  const first = alone ? firstUnit(batch) : 0;
  const last = alone ? endUnit(batch) : batch;
  const m0 = alone ? 0 : firstUnit(m);
  const m1 = alone ? m : endUnit(m);
  if (n * pixels == 0) {
    for (let i = first; i < last; i++) {
      memory.fill(out + (((i * m + m0) * oc) << 2), 0, ((m1 - m0) * oc) << 2);
    }
    return;
  }
  const spanH = (kh - 1) * dh + 1;
  const endH = (oh - 1) * sh + spanH;
  const endW = (ow - 1) * sw + (kw - 1) * dw + 1;
  const inPlace = groups == 1 && ph == 0 && pw == 0 && endH <= h && endW <= width;
  const cols = inPlace ? width : endW;
  const rowStep = cols * cg;

  let images = imagesAtOnce(n, inPlace ? 0 : endH * rowStep, pixels, BLOCK);
  const rows = images ? oh : rowsAtOnce(oh, ow, BLOCK, inPlace ? 0 : rowStep, spanH, sh, 1);
  images = max(images, 1);
  const imageRows = inPlace ? h : (rows - 1) * sh + spanH;
  const across = (ow + BLOCK - 1) / BLOCK; // parts of a row that is longer than a block
  const len = (ow + across - 1) / across;

  const runBytes = (images * rows * 4 + 15) & ~15;
  const packed = m > FEW_ROWS;
  const gBytes = packed ? panelBytes(images * rows * len, ocg) : (images * rows * len) << 5;
  const copyBytes = inPlace ? 0 : (images * imageRows * rowStep) << 2;
  const base = scratch(SWEEP_BYTES + runBytes + ((m * 8 + 15) & ~15) + gBytes + copyBytes);
  const s = changetype<Sweep>(base);
  s.runs = base + SWEEP_BYTES;
  const list = s.runs + runBytes;
  const panels = list + ((m * 8 + 15) & ~15);
  const copy = panels + gBytes;

  listRows(list, kh, dh * rowStep, kw * cg * oc, kw, dw * cg, cg * oc, cg, 1, oc);
  s.aStep = (sw * cg) << 2;
  s.fours = 0;
  for (let i = first; i < last; i++) {
    for (let group = 0; group < groups; group++) {
      s.add = 0;
      s.to = out + ((i * m * oc + group * ocg) << 2);
      for (let image = 0; image < n; image += images) {
        const count = min(images, n - image);
        const src = x + ((i * xs + image * h * width * c + group * cg) << 2);
        for (let y = 0; y < oh; y += rows) {
          const high = min(rows, oh - y);
          let a = copy;
          if (inPlace) a = src + ((y * sh * width * c) << 2);
          else copyWindows(copy, count, imageRows, cols, cg, src, y * sh - ph, -pw, h, width, c);
          const gy = g + ((i * gs + ((image * oh + y) * ow) * oc + group * ocg) << 2);
          for (let x0 = 0; x0 < ow; x0 += len) {
            s.len = min(len, ow - x0);
            const from = a + ((x0 * sw * cg) << 2);
            const runLen = s.len * sw * cg;
            const imageStep = imageRows * rowStep;
            s.runsEnd = listRuns(s.runs, from, count, imageStep, high, sh * rowStep, runLen);
            bindB(s, panels, gy + ((x0 * oc) << 2), oc << 2, 4, count * high * s.len, ocg, packed);
            sweep(list + (m0 << 3), m1 - m0, s);
            s.add = 1;
          }
        }
      }
    }
  }
}
