// The LSTM over a whole sequence: one product for all inputs, then one kernel for all steps; its
// gradients are one kernel for all steps too, and products. Right at any order.

import { ShapeError, ValueError } from "../core/errors";
import { optionsOf } from "../core/options";
import { sameShape, show } from "../core/shape";
import { needBools, needFloats, needInts } from "../ops/checks";
import { where } from "../ops/compare";
import { expand } from "../ops/expand";
import { matmul } from "../ops/matmul";
import { slice } from "../ops/movement";
import { expandDims, reshape } from "../ops/reshape";
import { constant } from "../tensor/create";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { lstmForward } from "./lstmOps";
import { maskOf } from "./steps";

/** Weights of an LSTM from i inputs to h units, gates in the order i, f, g, o. */
export type LstmParams = {
  /** Of the inputs, [i, 4h]. */
  readonly wx: Tensor;
  /** Of the state before, [h, 4h]. */
  readonly wh: Tensor;
  /** [4h] */
  readonly b: Tensor;
};

export interface LstmOptions {
  /** The state before the first step, [b, h]. Default: zeros. */
  readonly h0?: Tensor;
  /** The cell before the first step, [b, h]. Default: zeros. */
  readonly c0?: Tensor;
  /** Which steps are there, bool [t, b]: past others the state is carried, and y is 0 there. */
  readonly mask?: Tensor;
  /** How many steps each sequence has, int32 [b]: a mask of the first ones. */
  readonly lengths?: Tensor;
}

export type LstmResult = {
  /** The state after each step, [t, b, h]. */
  readonly y: Tensor;
  /** The state after the last step, [b, h]. */
  readonly h: Tensor;
  /** The cell after the last step, [b, h]. */
  readonly c: Tensor;
};

/**
 * A long short-term memory (Hochreiter and Schmidhuber 1997, with forget gates) over x [t, b, i]:
 * i, f, o = σ(·), g = tanh(·) of x wx + h wh + b; c ← f c + i g; h ← o tanh(c).
 * @throws ShapeError when sizes do not fit
 * @throws ValueError when both mask and lengths are given
 */
export function lstm(x: Tensor, params: LstmParams, options: LstmOptions = {}): LstmResult {
  const { wx, wh, b } = optionsOf("lstm", params, ["wx", "wh", "b"]);
  check(x, params, optionsOf("lstm", options, ["h0", "c0", "mask", "lengths"]));
  const [t, rows] = x.shape;
  const h = wh.shape[0];
  return scope(() => {
    const zero = expand(constant(x.device, 0, "float32"), [rows, h]);
    const { h0 = zero, c0 = zero, lengths } = options;
    if (t === 0) return { y: expand(constant(x.device, 0, "float32"), [0, rows, h]), h: h0, c: c0 };
    const mask = lengths === undefined ? (options.mask ?? null) : maskOf(lengths, t);
    const [hs, cells] = lstmForward(matmul(x, wx), wh, b, h0, c0, mask);
    return {
      y: mask === null ? hs : where(expandDims(mask, -1), hs, 0),
      h: reshape(slice(hs, [t - 1], [1]), [rows, h]),
      c: reshape(slice(cells, [t - 1, 0, 4 * h], [1, rows, h]), [rows, h]),
    };
  });
}

function check(x: Tensor, { wx, wh, b }: LstmParams, options: LstmOptions): void {
  const { h0, c0, mask, lengths } = options;
  needFloats("lstm", { x, wx, wh, b, ...(h0 && { h0 }), ...(c0 && { c0 }) });
  const h = wh.shape[0];
  const fits =
    x.shape.length === 3 &&
    sameShape(wx.shape, [x.shape[2], 4 * h]) &&
    sameShape(wh.shape, [h, 4 * h]) &&
    sameShape(b.shape, [4 * h]);
  if (!fits) {
    const all = Object.entries({ x, wx, wh, b }).map(([name, p]) => `${name} is ${show(p.shape)}`);
    throw new ShapeError(
      `lstm: sizes do not fit: ${all.join(", ")}. Give x [t, b, i], wx [i, 4h], wh [h, 4h], b ` +
        "[4h].",
    );
  }
  const [t, rows] = x.shape;
  const more: [string, Tensor | undefined, number[]][] = [
    ["h0", h0, [rows, h]],
    ["c0", c0, [rows, h]],
    ["mask", mask, [t, rows]],
    ["lengths", lengths, [rows]],
  ];
  for (const [name, given, shape] of more) {
    if (given === undefined || sameShape(given.shape, shape)) continue;
    throw new ShapeError(
      `lstm: sizes do not fit: ${name} is ${show(given.shape)}, x is ${show(x.shape)} (t b i). ` +
        `Give ${name} ${show(shape)}.`,
    );
  }
  if (mask !== undefined) needBools("lstm", "mask", mask);
  if (lengths !== undefined) needInts("lstm", "lengths", lengths);
  if (mask !== undefined && lengths !== undefined) {
    throw new ValueError("lstm: both mask and lengths are given. Give one of them.");
  }
}
