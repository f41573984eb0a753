// Recurrent networks of one layer and direction as functions of a whole sequence. The LSTM is a
// fused op; the others are loops over steps in ops, differentiable to any order as they stand.

import { lstm } from "../fused/lstm";
import { stackSteps, unstackSteps } from "../fused/steps";
import { sigmoid } from "../ops/activation";
import { add, mul, sub } from "../ops/arithmetic";
import { where } from "../ops/compare";
import { expand } from "../ops/expand";
import { tanh } from "../ops/math";
import { matmul } from "../ops/matmul";
import { concat, splitAlong } from "../ops/movement";
import { type Key, normal, split } from "../ops/random";
import { expandDims } from "../ops/reshape";
import { constant } from "../tensor/create";
import { ones, zeros } from "../tensor/fill";
import type { Tensor } from "../tensor/tensor";
import type { Tree } from "../tensor/tree";

/** The state between steps, each tensor [b, units]. */
export type CellState = { readonly h: Tensor } | { readonly h: Tensor; readonly c: Tensor };

/** A recurrent network of one layer. */
export interface Cell<P extends Tree, S extends CellState> {
  init(key: Key, inputs: number, units: number): P;
  /** x [t, b, inputs] to y [t, b, units], 0 where the mask [t, b] is not set, and the last
   * state. */
  run(params: P, x: Tensor, state?: S, mask?: Tensor): { readonly y: Tensor; readonly state: S };
}

/** Weights of x and of the state: deviations 1 / √inputs and 1 / √units keep their scale. */
function weights(key: Key, inputs: number, units: number, gates: number) {
  const [kx, kh] = split(key, 2);
  return {
    wx: normal(kx, [inputs, gates * units], { std: 1 / Math.sqrt(inputs) }),
    wh: normal(kh, [units, gates * units], { std: 1 / Math.sqrt(units) }),
  };
}

/** A long short-term memory, gates i, f, g, o; see `lstm`. The forget gate's bias begins at 1
 * (Jozefowicz et al. 2015), all others at 0. */
export const lstmCell: Cell<
  { readonly wx: Tensor; readonly wh: Tensor; readonly b: Tensor },
  { readonly h: Tensor; readonly c: Tensor }
> = {
  init: (key, inputs, units) => {
    const b = concat([zeros([units]), ones([units]), zeros([2 * units])], 0);
    return { ...weights(key, inputs, units, 4), b };
  },
  run: (params, x, state, mask) => {
    const { y, h, c } = lstm(x, params, { h0: state?.h, c0: state?.c, mask });
    return { y, state: { h, c } };
  },
};

/**
 * A gated recurrent unit (Cho et al. 2014), gates r, z, n, the reset gate acting behind the product
 * with h, as in cuDNN: r, z = σ(x wx + h wh + b), n = tanh(x wx + b + r (h wh + bh)),
 * h ← (1 − z) n + z h. wx [inputs, 3 units], wh [units, 3 units], b [3 units], bh [units].
 */
export const gruCell: Cell<
  { readonly wx: Tensor; readonly wh: Tensor; readonly b: Tensor; readonly bh: Tensor },
  { readonly h: Tensor }
> = {
  init: (key, inputs, units) => ({
    ...weights(key, inputs, units, 3),
    b: zeros([3 * units]),
    bh: zeros([units]),
  }),
  run: ({ wx, wh, b, bh }, x, state, mask) => {
    const units = wh.shape[0];
    return loop(add(matmul(x, wx), b), units, state, mask, (z, h) => {
      const [xs, xn] = splitAlong(z, [2 * units, units], -1);
      const [hs, hn] = splitAlong(matmul(h, wh), [2 * units, units], -1);
      const [reset, keep] = splitAlong(sigmoid(add(xs, hs)), 2, -1);
      const n = tanh(add(xn, mul(reset, add(hn, bh))));
      return add(n, mul(keep, sub(h, n)));
    });
  },
};

/** h ← activation(x wx + h wh + b) (Elman 1990): wx [inputs, units], wh [units, units]. */
export function rnnCell(
  activation: (x: Tensor) => Tensor,
): Cell<{ readonly wx: Tensor; readonly wh: Tensor; readonly b: Tensor }, { readonly h: Tensor }> {
  return {
    init: (key, inputs, units) => ({ ...weights(key, inputs, units, 1), b: zeros([units]) }),
    run: ({ wx, wh, b }, x, state, mask) =>
      loop(add(matmul(x, wx), b), wh.shape[0], state, mask, (z, h) =>
        activation(add(z, matmul(h, wh))),
      ),
  };
}

/** Step after step over z [t, b, ...], carrying h past steps that the mask leaves out. */
function loop(
  z: Tensor,
  units: number,
  state: { readonly h: Tensor } | undefined,
  mask: Tensor | undefined,
  step: (z: Tensor, h: Tensor) => Tensor,
): { y: Tensor; state: { h: Tensor } } {
  const [t, rows] = z.shape;
  const zero = (shape: number[]) => expand(constant(z.device, 0, "float32"), shape);
  let h = state?.h ?? zero([rows, units]);
  if (t === 0) return { y: zero([0, rows, units]), state: { h } };
  const lives = mask === undefined ? null : unstackSteps(expandDims(mask, -1), 0);
  const ys = unstackSteps(z, 0).map((zs, s) => {
    const next = step(zs, h);
    h = lives === null ? next : where(lives[s], next, h);
    return lives === null ? h : where(lives[s], h, 0);
  });
  return { y: stackSteps(ys, 0), state: { h } };
}
