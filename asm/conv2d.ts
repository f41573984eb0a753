// conv2d: a patch row is kw * c contiguous floats of a padded copy, so the tiles of matmul read
// patches where they lie, kh runs a tile; each output is summed in the order ky, kx, c.

import { depthwiseSums } from "./depthwise";
import { reachedRows } from "./epilogue";
import { ConvForm } from "./forms";
import { Sweep, SWEEP_BYTES } from "./gemm";
import { listRows, sweepTaps } from "./lists";
import { bindB, panelBytes } from "./pack";
import { scratch } from "./scratch";
import { endUnit, firstUnit, share } from "./share";
import { copyWindows, imagesAtOnce, rowsAtOnce } from "./windows";

/** Pixels of output in a block. */
const BLOCK: i32 = 1024;
/** With up to this many pixels the weights are read where they lie. */
const FEW_PIXELS: i32 = 32;

/** A part of the images of conv2d: this thread's. */
export function conv2d(x: usize, w: usize, out: usize, form: ConvForm): void {
  const batch = form.batch, n = form.n, h = form.h, width = form.w, c = form.c;
  const kh = form.kh, kw = form.kw, oc = form.oc, oh = form.oh, ow = form.ow;
  const sh = form.sh, sw = form.sw, ph = form.ph, pw = form.pw, dh = form.dh, dw = form.dw;
  const groups = form.groups, xs = form.firstStep, ws = form.secondStep;
  const pixels = oh * ow;
  if (batch * n * pixels * oc == 0) return;
  if (kh * kw * c == 0) {
    if (share() != 0) return;
    memory.fill(out, 0, (batch * n * pixels * oc) << 2);
    reachedRows(out, batch * n * pixels, oc, oc);
    return;
  }
  if (groups > 1 && groups == c && groups == oc) {
    depthwiseSums(x, w, out, form, false);
    return;
  }
  const cg = c / groups;
  const ocg = oc / groups;
  const k = kh * kw * cg;
  const spanH = (kh - 1) * dh + 1;
  const spanW = (kw - 1) * dw + 1;
  const endH = (oh - 1) * sh + spanH;
  const endW = (ow - 1) * sw + spanW;
  const inPlace = groups == 1 && ph == 0 && pw == 0 && endH <= h && endW <= width;
  const cols = inPlace ? width : endW;

  let images = imagesAtOnce(n, inPlace ? 0 : endH * cols * cg, pixels, BLOCK);
  const rows = images ? oh : rowsAtOnce(oh, ow, BLOCK, inPlace ? 0 : cols * cg, spanH, sh, 1);
  const blocks = (oh + rows - 1) / rows;
  images = max(images, 1);
  const imageRows = inPlace ? h : (rows - 1) * sh + spanH;

  const table = <usize>(images * rows * ow) << 3;
  const packed = n * pixels > FEW_PIXELS;
  const weights = packed ? panelBytes(k, ocg) : <usize>k << 5;
  const copyBytes = inPlace ? 0 : (images * imageRows * cols * cg) << 2;
  const base = scratch(SWEEP_BYTES + kh * kw * 4 + 16 + table + weights + copyBytes);
  const s = changetype<Sweep>(base);
  s.runs = base + SWEEP_BYTES;
  const list = s.runs + ((kh * kw * 4 + 15) & ~15);
  const panels = list + ((table + 15) & ~15);
  const copy = panels + weights;

  const rowStep = cols * cg;
  const inRow = sh * rowStep;
  const outRow = ow * oc;
  listRows(list, images, imageRows * rowStep, oh * outRow, rows, inRow, outRow, ow, sw * cg, oc);
  const perRow = dw == 1 ? 1 : kw; // taps side by side are one run
  s.len = dw == 1 ? kw * cg : cg;
  s.aStep = 4;
  s.fours = 0;

  const units = n * blocks;
  const last = endUnit(batch * units);
  for (let g = 0; g < groups; g++) {
    let bound = -1;
    for (let u = firstUnit(batch * units); u < last; ) {
      const i = u / units;
      const image = (u - i * units) / blocks;
      const y = ((u - i * units) % blocks) * rows;
      const count = blocks > 1 ? 1 : min(images, min(n - image, last - u));
      const high = min(rows, oh - y);
      if (bound < 0 || (i != bound && ws != 0)) {
        const from = w + ((i * ws + g * ocg) << 2);
        bindB(s, panels, from, oc << 2, 4, k, ocg, packed);
      }
      bound = i;
      const src = x + ((i * xs + image * h * width * c + g * cg) << 2);
      let a = copy;
      if (inPlace) a = src + ((y * sh * width * c) << 2);
      else copyWindows(copy, count, imageRows, cols, cg, src, y * sh - ph, -pw, h, width, c);
      s.to = out + ((((i * n + image) * oh + y) * ow * oc + g * ocg) << 2);
      sweepTaps(list, count * high * ow, s, a, kh, dh * rowStep, perRow, dw * cg);
      if (g == groups - 1) reachedRows(s.to - ((g * ocg) << 2), count * high * ow, oc, oc);
      u += count;
    }
  }
}
