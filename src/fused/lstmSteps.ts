// What the two LSTM kernels mean, in ops, step by step: their test, and the gradient of the
// backward one. Sizes as in the kernel table; an axis of sets of sequences may stand before all.

import { sigmoid } from "../ops/activation";
import { add, mul, sub } from "../ops/arithmetic";
import { cast } from "../ops/cast";
import { logicalNot, where } from "../ops/compare";
import { square, tanh } from "../ops/math";
import { matmul } from "../ops/matmul";
import { concat, slice, splitAlong } from "../ops/movement";
import { expandDims, reshape } from "../ops/reshape";
import type { Tensor } from "../tensor/tensor";
import { stackSteps, unstackSteps } from "./steps";

interface ForwardInputs {
  /** [t, b, 4h] */
  readonly z: Tensor;
  /** [h, 4h] */
  readonly wh: Tensor;
  /** [4h] */
  readonly bias: Tensor;
  /** [b, h] */
  readonly h0: Tensor;
  readonly c0: Tensor;
  /** [t, b], bool; every step is live when left out. */
  readonly mask?: Tensor;
}

/** All states [t, b, h], and i f g o c of each step, [t, b, 5h]. */
export function lstmSteps({ z, wh, bias, h0, c0, mask }: ForwardInputs): [Tensor, Tensor] {
  const time = z.shape.length - 3;
  const wide = [...bias.shape.slice(0, -1), 1, 1, bias.shape[bias.shape.length - 1]];
  const lives = mask === undefined ? [] : unstackSteps(expandDims(mask, -1), time);
  const states: Tensor[] = [];
  const cells: Tensor[] = [];
  let h = h0;
  let c = c0;
  for (const [s, zs] of unstackSteps(add(z, reshape(bias, wide)), time).entries()) {
    const parts = splitAlong(add(zs, matmul(h, wh)), 4, -1);
    const [i, f, g, o] = parts.map((a, gate) => (gate === 2 ? tanh(a) : sigmoid(a)));
    const live = (x: Tensor, other: Tensor | 0) =>
      mask === undefined ? x : where(lives[s], x, other);
    const next = add(mul(f, c), mul(i, g));
    h = live(mul(o, tanh(next)), h);
    c = live(next, c);
    states.push(h);
    cells.push(concat([live(i, 0), live(f, 0), live(g, 0), live(o, 0), c], -1));
  }
  return [stackSteps(states, time), stackSteps(cells, time)];
}

interface BackwardInputs {
  /** [t, b, 5h], as lstmSteps gives it. */
  readonly cells: Tensor;
  /** [b, h] */
  readonly c0: Tensor;
  /** [h, 4h] */
  readonly wh: Tensor;
  /** [t, b], bool */
  readonly mask?: Tensor;
  /** Cotangent of the states, [t, b, h]. */
  readonly gh: Tensor;
  /** Cotangent of cells, zero when left out. */
  readonly gcells?: Tensor;
}

/**
 * The gradients by z, h0 and c0. dz of a step is linear in dh and dc alone: all factors are worked
 * out for the whole sequence at once, and only what one step owes the next runs step by step.
 */
export function lstmBackwardSteps(inputs: BackwardInputs): [Tensor, Tensor, Tensor] {
  const { cells, c0, wh, mask, gh, gcells } = inputs;
  const time = cells.shape.length - 3;
  const live = mask === undefined ? null : expandDims(mask, -1);
  const only = (x: Tensor) => (live === null ? x : where(live, x, 0));
  const steps = (x: Tensor) => unstackSteps(x, time);
  const [i, f, g, o, c] = splitAlong(cells, 5, -1).map((x, k) => (k === 4 ? x : only(x)));
  const y = tanh(c);
  const slopes = [mul(i, sub(1, i)), mul(f, sub(1, f)), only(sub(1, square(g))), mul(o, sub(1, o))];
  const byC = [g, shifted(c0, c, time), i].map((x, k) => steps(mul(x, slopes[k])));
  const byH = steps(mul(y, slopes[3]));
  const toC = steps(mul(o, sub(1, square(y))));
  const dead = live === null ? null : cast(logicalNot(live), "float32");
  const kept = steps(dead === null ? f : add(f, dead));
  const carried = dead === null ? null : steps(dead);
  const given = steps(gh);
  const own = gcells === undefined ? null : splitAlong(gcells, 5, -1);
  const ownC = own === null ? null : steps(own[4]);
  const ownZ =
    own === null
      ? null
      : steps(
          concat(
            slopes.map((slope, k) => mul(own[k], slope)),
            -1,
          ),
        );

  const dzs: Tensor[] = new Array(given.length);
  let dh: Tensor | null = null;
  let dc: Tensor | null = null;
  for (let s = given.length - 1; s >= 0; s--) {
    const total: Tensor = dh === null ? given[s] : add(dh, given[s]);
    const through = mul(total, toC[s]);
    const before = dc === null ? through : add(dc, through);
    const sum = ownC === null ? before : add(before, ownC[s]);
    const dz = concat([...byC.map((k) => mul(sum, k[s])), mul(total, byH[s])], -1);
    dzs[s] = ownZ === null ? dz : add(dz, ownZ[s]);
    dc = mul(sum, kept[s]);
    const next = matmul(dzs[s], wh, { transposeB: true });
    dh = carried === null ? next : add(next, mul(total, carried[s]));
  }
  return [stackSteps(dzs, time), dh!, dc!];
}

/** What stood before each step: `first`, then all of xs but the last. */
export function shifted(first: Tensor, xs: Tensor, time: number): Tensor {
  const start = expandDims(first, time);
  if (xs.shape[time] === 1) return start;
  const size = xs.shape.map((n, axis) => (axis === time ? n - 1 : n));
  return concat([start, slice(xs, [], size)], time);
}
