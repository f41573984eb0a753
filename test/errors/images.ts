// Bad calls of convolutions and pools.

import * as o from "../../src/ops/index";
import { any, type ErrorCase, f } from "./case";

export const images: readonly ErrorCase[] = [
  [
    "ShapeError",
    "conv2d: channels differ: x is [8, 28, 28, 3] (n h w c), w is [3, 3, 1, 16] (kh kw c oc). " +
      "With groups 1, w's third size must be 3.",
    () => o.conv2d(f(8, 28, 28, 3), f(3, 3, 1, 16)),
    () => o.conv2d(f(8, 28, 28, 3), f(3, 3, 3, 16)),
  ],
  [
    "ShapeError",
    "conv2d: wrong rank: x is [28, 28, 3], w is [3, 3, 3, 16]. Give x as [n, h, w, c], w as [kh, " +
      "kw, c / groups, oc].",
    () => o.conv2d(f(28, 28, 3), f(3, 3, 3, 16)),
    () => o.conv2d(f(1, 28, 28, 3), f(3, 3, 3, 16)),
  ],
  [
    "ShapeError",
    "conv2d: groups do not fit: 3 channels in, 16 out, groups is 2. It must divide both.",
    () => o.conv2d(f(1, 8, 8, 3), f(3, 3, 1, 16), { groups: 2 }),
    () => o.conv2d(f(1, 8, 8, 4), f(3, 3, 2, 16), { groups: 2 }),
  ],
  [
    "ShapeError",
    "conv2d: the window does not fit: it covers 3, the image has 2 and padding 0 + 0. Use a " +
      "smaller window or more padding.",
    () => o.conv2d(f(1, 2, 2, 1), f(3, 3, 1, 1)),
    () => o.conv2d(f(1, 2, 2, 1), f(3, 3, 1, 1), { padding: 1 }),
  ],
  [
    "ValueError",
    "conv2d: stride is no whole number from 1: stride is 0. Give one number, or [height, width].",
    () => o.conv2d(f(1, 4, 4, 1), f(3, 3, 1, 1), { stride: 0 }),
    () => o.conv2d(f(1, 4, 4, 1), f(3, 3, 1, 1), { stride: 1 }),
  ],
  [
    "ValueError",
    'conv2d: no such padding: padding is "SAME". Use a whole number from 0, [[top, bottom], ' +
      '[left, right]], "same" or "valid".',
    () => o.conv2d(f(1, 4, 4, 1), f(3, 3, 1, 1), { padding: any("SAME") }),
    () => o.conv2d(f(1, 4, 4, 1), f(3, 3, 1, 1), { padding: "same" }),
  ],
  [
    "ShapeError",
    "conv2dInput: g is no output: g is [1, 3, 3, 2], conv2d of [1, 4, 4, 1] by [3, 3, 1, 2] " +
      "gives [1, 2, 2, 2]. Give g that shape.",
    () => o.conv2dInput(f(1, 3, 3, 2), f(3, 3, 1, 2), { size: 4 }),
    () => o.conv2dInput(f(1, 2, 2, 2), f(3, 3, 1, 2), { size: 4 }),
  ],
  [
    "ShapeError",
    "conv2dKernel: g is no output: g is [1, 3, 3, 2], conv2d of [1, 4, 4, 1] by [3, 3, 1, 2] " +
      "gives [1, 2, 2, 2]. Give g that shape.",
    () => o.conv2dKernel(f(1, 4, 4, 1), f(1, 3, 3, 2), { size: 3 }),
    () => o.conv2dKernel(f(1, 4, 4, 1), f(1, 2, 2, 2), { size: 3 }),
  ],
  [
    "ShapeError",
    "conv1d: channels differ: x is [1, 4, 2] (n l c), w is [3, 1, 2] (k c oc). With groups 1, " +
      "w's second size must be 2.",
    () => o.conv1d(f(1, 4, 2), f(3, 1, 2)),
    () => o.conv1d(f(1, 4, 2), f(3, 2, 2)),
  ],
  [
    "ShapeError",
    "convTranspose2d: channels differ: x is [1, 4, 4, 2] (n h w c), w is [3, 3, 1, 3] (kh kw oc " +
      "c). w's last size must be 2.",
    () => o.convTranspose2d(f(1, 4, 4, 2), f(3, 3, 1, 3)),
    () => o.convTranspose2d(f(1, 4, 4, 2), f(3, 3, 1, 2)),
  ],
  [
    "ShapeError",
    "maxPool2d: the window does not fit: it covers 3, the image has 2 and padding 0 + 0. Use a " +
      "smaller window or more padding.",
    () => o.maxPool2d(f(1, 2, 2, 1), { size: 3 }),
    () => o.maxPool2d(f(1, 3, 3, 1), { size: 3 }),
  ],
  [
    "ValueError",
    "avgPool2d: a window of padding alone: padding is 2 and 2, the window covers 2. Use padding " +
      "below the size.",
    () => o.avgPool2d(f(1, 4, 4, 1), { size: 2, padding: 2 }),
    () => o.avgPool2d(f(1, 4, 4, 1), { size: 2, padding: 1 }),
  ],
];
