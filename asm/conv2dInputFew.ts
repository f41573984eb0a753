// conv2dInput of stride 1 for two to four channels: the product of g's pixels, where they lie, and
// w transposed has a column for each tap and channel; each pixel of x then gathers its taps'
// columns, by rising row and column of g's window within a block.

import { reached } from "./epilogue";
import { ConvForm } from "./forms";
import { Sweep, SWEEP_BYTES, sweep } from "./gemm";
import { listRows } from "./lists";
import { packPanels, panelBytes } from "./pack";
import { scratch } from "./scratch";
import { endUnit, firstUnit } from "./share";
import { loadPart, storePart } from "./simd";

/** Pixels of g in a block: their products stay in L2 cache. */
const BLOCK: i32 = 1024;

/** The sum of the taps whose columns `list` names, behind `at`. */
// @ts-ignore: decorator
@inline
function gathered(at: usize, list: usize, end: usize): v128 {
  let sum = f32x4.splat(0);
  for (; list < end; list += 4) sum = f32x4.add(sum, v128.load(at + <usize>load<i32>(list)));
  return sum;
}

/** This thread's part of the images. No size may be 0; g and w as in conv2dInput, of one group. */
export function conv2dInputFew(g: usize, w: usize, out: usize, form: ConvForm): void {
  const batch = form.batch, n = form.n, h = form.h, width = form.w, c = form.c;
  const kh = form.kh, kw = form.kw, oc = form.oc, oh = form.oh, ow = form.ow;
  const ph = form.ph, pw = form.pw, dh = form.dh, dw = form.dw;
  const gs = form.firstStep, ws = form.secondStep;
  const taps = kh * kw;
  const columns = (taps * c + 7) & ~7;
  const pitch = columns << 2;
  const rows = min(oh, max(1, BLOCK / ow));
  const pixels = rows * ow;
  const tapBytes = (taps * 4 + 15) & ~15;
  const listBytes = <usize>pixels << 3;
  const panels = panelBytes(oc, taps * c);
  const products = <usize>(pixels * pitch + 16); // a load may end behind the last column
  const base = scratch(SWEEP_BYTES + 16 + tapBytes + listBytes + 16 + panels + products);
  const s = changetype<Sweep>(base);
  s.runs = base + SWEEP_BYTES;
  s.runsEnd = s.runs + 4;
  const tapList = s.runs + 16;
  const list = tapList + tapBytes;
  const panel = list + ((listBytes + 15) & ~15);
  const product = panel + panels;
  s.len = oc;
  s.aStep = 4;
  s.add = 0;
  s.fours = 0;
  s.tail = 0;
  s.width = pitch;
  s.b = panel;
  s.bStep = 32;
  s.bNext = <usize>oc << 5;
  s.to = product;
  listRows(list, 1, 0, 0, 1, 0, 0, pixels, oc, columns);
  // where all taps of a row lie inside g
  const from = min(width, max(0, (kw - 1) * dw - pw));
  const to = max(from, min(width - 1, ow - pw)); // the last pixel is stored in part

  const last = endUnit(batch * n);
  let bound = -1;
  for (let u = firstUnit(batch * n); u < last; u++) {
    const i = u / n;
    if (bound < 0 || (i != bound && ws != 0)) {
      packPanels(panel, <usize>oc << 5, w + ((i * ws) << 2), 4, oc << 2, oc, taps * c);
      bound = i;
    }
    const dx = out + ((u * h * width * c) << 2);
    memory.fill(dx, 0, (h * width * c) << 2);
    for (let y0 = 0; y0 < oh; y0 += rows) {
      const high = min(rows, oh - y0);
      store<u32>(s.runs, <u32>(g + ((i * gs + ((u - i * n) * oh + y0) * ow * oc) << 2)));
      sweep(list, high * ow, s);
      const bottom = min(h, y0 + high + (kh - 1) * dh - ph);
      for (let y = max(0, y0 - ph); y < bottom; y++) {
        let end = tapList;
        for (let ky = 0; ky < kh; ky++) {
          const oy = y + ph - ky * dh - y0;
          if (oy < 0 || oy >= high) continue;
          for (let kx = 0; kx < kw; kx++, end += 4) {
            store<i32>(end, (oy * ow + pw - kx * dw) * pitch + (((ky * kw + kx) * c) << 2));
          }
        }
        if (end == tapList) continue;
        // a block further up added to this row already
        const more = y0 > 0 && y + ph - (kh - 1) * dh < y0;
        const row = dx + ((y * width * c) << 2);
        for (let x = 0; x < width; x++) {
          const to4 = row + ((x * c) << 2);
          const at = product + x * pitch;
          if (x >= from && x < to && !more) {
            v128.store(to4, gathered(at, tapList, end)); // what is too much, the next ones replace
            continue;
          }
          let sum = more ? loadPart(to4, c) : f32x4.splat(0);
          for (let t = tapList, kx = 0; t < end; t += 4, kx = kx + 1 == kw ? 0 : kx + 1) {
            const ox = x + pw - kx * dw;
            if (ox < 0 || ox >= ow) continue;
            sum = f32x4.add(sum, v128.load(at + <usize>load<i32>(t)));
          }
          storePart(to4, sum, c);
        }
      }
    }
    reached(dx, dx + ((h * width * c) << 2));
  }
}
