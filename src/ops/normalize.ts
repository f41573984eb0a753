// Normalization to mean 0 and variance 1. Two ops: `normalize`, and its adjoint `normalizeInput`,
// whose own gradients are written in y and rstd, so they are right at any order.

import { ShapeError, ValueError } from "../core/errors";
import { optionsOf } from "../core/options";
import { broadcast, sameShape, show } from "../core/shape";
import { needRest } from "../device/rest";
import { apply, type DefinedOp, defineOp, type Op } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { add, div, mul } from "./arithmetic";
import { needFloats } from "./checks";
import { spread } from "./expand";
import { square } from "./math";
import { beneath, type Run, restore, sizes, sum } from "./reduce";

needRest();

interface Normalization extends Run {
  readonly eps: number;
}

/** x to y = (x − mean) · rstd and rstd = 1 / √(variance + eps), over the axes of a run. */
const normalizeOp: Op<Normalization> = {
  name: "normalize",
  kind: "general",
  differentiable: true,
  specs: ([x], { from, to }) => [
    { shape: x.shape, dtype: x.dtype },
    { shape: [...x.shape.slice(0, from), ...x.shape.slice(to)], dtype: x.dtype },
  ],
  view: null,
  run: (calls, [x], [y, rstd], run) => {
    const params = [...sizes(x.shape, run), run.eps];
    calls.run("normalize", [calls.solid(x)], [y.storage, rstd.storage], params);
  },
  // rstd falls as x leaves the mean: d rstd / d x = −rstd² · y / n.
  pull: ([gy, gRstd], [y, rstd], [x], run) => [
    () => {
      const byY = gy === null ? null : normalizeInputOp([gy, y, rstd], run);
      if (gRstd === null) return byY!;
      const [, n] = sizes(x.shape, run);
      const scale = mul(mul(gRstd, square(rstd)), -1 / n);
      const byRstd = mul(restore(scale, x, run), y);
      return byY === null ? byRstd : add(byY, byRstd);
    },
  ],
  batch: ([x], _, run) => apply(normalizeOp, [x], beneath(run)),
};

/**
 * dx = rstd · (g − mean(g) − y · mean(g · y)), linear in g and its own adjoint there. For a
 * cotangent v: by y it is −rstd · (v · mean(g · y) + g · mean(v · y)), by rstd sum(v · dx) / rstd.
 */
const normalizeInputOp: DefinedOp<Run> = defineOp<Run>({
  name: "normalizeInput",
  shape: ([g]) => ({ shape: g.shape, dtype: g.dtype }),
  run: (calls, [g, y, rstd], dx, run) => {
    const inputs = [calls.solid(g), calls.solid(y), calls.solid(rstd)];
    calls.run("normalizeInput", inputs, [dx.storage], sizes(g.shape, run));
  },
  vjp: (v, dx, [g, y, rstd], run) => [
    () => normalizeInputOp([v, y, rstd], run),
    () => {
      const [, n] = sizes(g.shape, run);
      const scale = mul(rstd, -1 / n);
      const byMean = (x: Tensor) => restore(mul(scale, total(mul(x, y), run)), g, run);
      return add(mul(v, byMean(g)), mul(g, byMean(v)));
    },
    () => div(total(mul(v, dx), run), rstd),
  ],
  batch: (xs, batched, run, size) => normalizeInputOp(spread(xs, batched, size), beneath(run)),
});

function total(x: Tensor, { from, to }: Run): Tensor {
  return sum(x, { axis: Array.from({ length: to - from }, (_, i) => from + i) });
}

export interface NormalizeOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

function normalized(
  name: string,
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { from, to }: Run,
  eps: number,
): Tensor {
  if (!(eps >= 0 && Number.isFinite(eps))) {
    throw new ValueError(`${name}: eps is no number from 0: eps is ${eps}. Use 1e-5.`);
  }
  for (const [which, t] of Object.entries({ gamma, beta })) {
    const wide = broadcast(x.shape, t.shape);
    if (wide !== null && sameShape(wide, x.shape)) continue;
    throw new ShapeError(
      `${name}: shapes do not fit: x is ${show(x.shape)}, ${which} is ${show(t.shape)}. ` +
        `${which} must broadcast to x.`,
    );
  }
  const [y] = apply(normalizeOp, [x], { from, to, eps });
  return add(mul(y, gamma), beta);
}

/**
 * Each row of x to mean 0 and variance 1 over the last axis, times gamma, plus beta (Ba et al.
 * 2016). gamma and beta broadcast to x.
 * @throws ShapeError when gamma or beta do not broadcast to x
 */
export function layerNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  options: NormalizeOptions = {},
): Tensor {
  const { eps = 1e-5 } = optionsOf("layerNorm", options, ["eps"]);
  needFloats("layerNorm", { x, gamma, beta });
  const rank = x.shape.length;
  if (rank === 0) {
    throw new ShapeError("layerNorm: a scalar has no axis: x is []. Give at least one axis.");
  }
  return normalized("layerNorm", x, gamma, beta, { from: rank - 1, to: rank }, eps);
}

/**
 * Each channel of x [..., c] to mean 0 and variance 1 over all other axes, by the statistics of
 * this very x, times gamma, plus beta (Ioffe and Szegedy 2015). gamma and beta broadcast to x.
 * @throws ShapeError when x has fewer than two axes, or gamma or beta do not broadcast to it
 */
export function batchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  options: NormalizeOptions = {},
): Tensor {
  const { eps = 1e-5 } = optionsOf("batchNorm", options, ["eps"]);
  needFloats("batchNorm", { x, gamma, beta });
  const rank = x.shape.length;
  if (rank < 2) {
    throw new ShapeError(
      `batchNorm: nothing to take statistics over: x is ${show(x.shape)}. Give [..., channels].`,
    );
  }
  return normalized("batchNorm", x, gamma, beta, { from: 0, to: rank - 1 }, eps);
}
