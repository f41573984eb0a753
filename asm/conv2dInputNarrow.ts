// conv2dInput for so few channels that they would not fill a panel: the product w * transposed g,
// pixels in the lanes, whose rows, one a tap and channel, are added to x in the taps' order.

import { reached } from "./epilogue";
import { ConvForm } from "./forms";
import { Sweep, SWEEP_BYTES, sweep } from "./gemm";
import { listRows } from "./lists";
import { bindB, panelBytes } from "./pack";
import { add } from "./rows";
import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";

/** Pixels of g in a block. */
const BLOCK: i32 = 256;

/** This thread's part of the images of conv2dInput. No size may be 0. */
export function conv2dInputNarrow(g: usize, w: usize, out: usize, form: ConvForm): void {
  const batch = form.batch, n = form.n, h = form.h, width = form.w, c = form.c;
  const kh = form.kh, kw = form.kw, oc = form.oc, oh = form.oh, ow = form.ow;
  const sh = form.sh, sw = form.sw, ph = form.ph, pw = form.pw, dh = form.dh, dw = form.dw;
  const groups = form.groups, gs = form.firstStep, ws = form.secondStep;
  const cg = c / groups;
  const ocg = oc / groups;
  const m = kh * kw * cg;
  const rows = min(oh, max(1, BLOCK / ow));
  const pixels = rows * ow;
  const image = (h * width * c) << 2;
  const listBytes = (m * 8 + 15) & ~15;
  const gBytes = panelBytes(ocg, pixels);
  const base = scratch(SWEEP_BYTES + 16 + listBytes + gBytes + ((m * pixels) << 2));
  const s = changetype<Sweep>(base);
  s.runs = base + SWEEP_BYTES;
  s.runsEnd = s.runs + 4;
  s.len = ocg;
  s.aStep = 4;
  s.add = 0;
  s.fours = 0;
  const list = s.runs + 16;
  const panels = list + listBytes;
  const products = panels + gBytes;
  s.to = products;
  listRows(list, 1, 0, 0, 1, 0, 0, m, oc, pixels);

  const last = endUnit(batch * n);
  for (let u = firstUnit(batch * n); u < last; u++) {
    const i = u / n;
    const dx = out + u * image;
    memory.fill(dx, 0, image);
    for (let group = 0; group < groups; group++) {
      store<u32>(s.runs, <u32>(w + ((i * ws + group * ocg) << 2)));
      for (let y0 = 0; y0 < oh; y0 += rows) {
        const high = min(rows, oh - y0);
        const from = g + ((i * gs + ((u - i * n) * oh + y0) * ow * oc + group * ocg) << 2);
        bindB(s, panels, from, 4, oc << 2, ocg, high * ow, true);
        sweep(list, m, s);
        for (let row = 0; row < m; row++) {
          const tap = row / cg;
          const x0 = (tap % kw) * dw - pw;
          const firstX = max(0, (sw - 1 - x0) / sw);
          const lastX = width > x0 ? min(ow, (width - 1 - x0) / sw + 1) : 0;
          if (lastX <= firstX) continue;
          let src = products + ((row * pixels + firstX) << 2);
          let y = y0 * sh + (tap / kw) * dh - ph;
          const channel = group * cg + row - tap * cg;
          for (let i = 0; i < high; i++, y += sh, src += ow << 2) {
            if (y < 0 || y >= h) continue;
            const to = dx + (((y * width + firstX * sw + x0) * c + channel) << 2);
            add(to, (sw * c) << 2, src, lastX - firstX);
          }
        }
      }
    }
    reached(dx, dx + image);
  }
}
