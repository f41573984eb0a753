// Meta-training of the learned sampler: on functions drawn from a Gaussian process, a prior or one
// that earlier studies were told of, whose gradient passes through every point that the LSTM asks.

import { needWhole } from "../core/options";
import { type Stream, stream } from "../core/random";
import { lstm } from "../fused/lstm";
import { valueAndGrad } from "../grad/index";
import { lstmCell } from "../nn/cells";
import { sigmoid } from "../ops/activation";
import { add, maximum, minimum, mul, sub } from "../ops/arithmetic";
import { cos } from "../ops/math";
import { matmul } from "../ops/matmul";
import { concat } from "../ops/movement";
import { key as keyOf, normal, split } from "../ops/random";
import { mean, sum } from "../ops/reduce";
import { expandDims, reshape } from "../ops/reshape";
import { adam, clipByNorm } from "../optim/index";
import { tensor } from "../tensor/create";
import { full, zeros } from "../tensor/fill";
import { dispose, scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { cholesky, solveLower, solveUpper } from "./cholesky";
import { layoutOf } from "./layout";
import { type LearnedNet, pointOf } from "./learned";
import { type StudyJSON, takeEarlier } from "./saved";
import type { Space } from "./space";

export interface TrainLearnedOptions {
  /** Of the studies that it is for. */
  readonly space: Space;
  /** Studies of other data sets: every second function is one that fits what one of them was
   * told. Left out, all are of the prior. */
  readonly studies?: readonly StudyJSON[];
  /** Points that a search asks (default 30). */
  readonly horizon?: number;
  /** Units of the LSTM (default 32). */
  readonly units?: number;
  /** Functions of a meta-step (default 64). */
  readonly tasks?: number;
  /** Meta-steps (default 300). */
  readonly steps?: number;
  /** Adam's rate (default 5e-3, falling to none). */
  readonly lr?: number;
  readonly seed: number;
  /** Runs a step as one program, such as `compile`; left out, step by step. */
  readonly compile?: <F extends (...xs: never[]) => unknown>(f: F) => F;
  /** Told the meta-loss of each meta-step. */
  readonly tell?: (step: number, loss: number) => void | Promise<void>;
}

const FEATURES = 96;
// Variance of what earlier studies were told around the function, where theirs is 1.
const NOISE = 0.05;

type Net = {
  readonly cell: { readonly wx: Tensor; readonly wh: Tensor; readonly b: Tensor };
  readonly w: Tensor;
  readonly c: Tensor;
};
/** What an earlier study was told: points in [0, 1] and standardised values. */
interface Told {
  readonly points: readonly (readonly number[])[];
  readonly values: readonly number[];
}
/** y = √(2 / features) Σ a cos(x w + p): w [tasks, d, features], p and a [tasks, 1, features]. */
type Functions = { readonly w: Tensor; readonly p: Tensor; readonly a: Tensor };

/**
 * A net for `learned`, by Adam on the observed improvement: the mean over functions and steps of
 * how far each point falls below the best before it, and a small share of the values themselves,
 * which have a gradient everywhere (Chen et al., ICML 2017). Functions have Matérn 5/2 kernels
 * with a length from 0.15 to 0.8 in each of two dimensions, longer in more, by random features.
 * Throws ValueError for counts below 1.
 */
export async function trainLearned(options: TrainLearnedOptions): Promise<LearnedNet> {
  const { horizon = 30, units = 32, tasks = 64, steps = 300, lr = 5e-3 } = options;
  const { seed, compile = <F>(f: F) => f, tell } = options;
  needWhole("trainLearned", { horizon, units, tasks, steps }, 1);
  const layout = layoutOf(options.space);
  const dimensions = layout.dimensions.length;
  const earlier = takeEarlier(layout, options.studies ?? [], seed).map(
    (study): Told => ({
      points: study.map(({ code }) => pointOf(layout.dimensions, code)),
      values: study.map(({ value }) => value),
    }),
  );
  let state = scope(() => {
    const [a, b] = split(keyOf(seed), 2);
    const net: Net = {
      cell: lstmCell.init(a, dimensions + 3, units),
      w: normal(b, [units, dimensions], { std: 0.5 / Math.sqrt(units) }),
      c: zeros([dimensions]),
    };
    return { net, adam: adam({ lr: 0 }).init(net) };
  });
  const gradient = valueAndGrad((net: Net, f: Functions) => objective(net, f, horizon, units));
  type State = typeof state;
  const step = compile((s: State, f: Functions, rate: Tensor) => {
    const [loss, grads] = gradient(s.net, f);
    const [net, moved] = adam({ lr: rate }).update(clipByNorm(grads, 1), s.adam, s.net);
    return { state: { net, adam: moved }, loss };
  });
  for (let k = 0; k < steps; k++) {
    const [f, rate] = [
      draw({ dimensions, tasks, earlier }, stream(seed, k + 1)),
      tensor(lr * (1 - k / steps)),
    ];
    const next = scope(() => step(state, f, rate));
    dispose({ state, f, rate });
    state = next.state;
    const loss = await next.loss.item();
    next.loss.dispose();
    await tell?.(k, loss);
  }
  const list = async (t: Tensor) => Array.from(await t.data());
  const { cell, w, c } = state.net;
  const learned: LearnedNet = {
    ...{ dimensions, units, wx: await list(cell.wx), wh: await list(cell.wh) },
    ...{ b: await list(cell.b), w: await list(w), c: await list(c) },
  };
  dispose(state);
  return learned;
}

interface Drawn {
  readonly dimensions: number;
  readonly tasks: number;
  readonly earlier: readonly Told[];
}

/** Functions of a meta-step: frequencies of a Matérn 5/2 kernel are Student-t with 5 degrees. */
function draw({ dimensions, tasks, earlier }: Drawn, random: Stream): Functions {
  const w = new Float32Array(tasks * dimensions * FEATURES);
  const p = new Float32Array(tasks * FEATURES);
  const a = new Float32Array(tasks * FEATURES);
  for (let t = 0; t < tasks; t++) {
    const waves = w.subarray(t * dimensions * FEATURES, (t + 1) * dimensions * FEATURES);
    const phases = p.subarray(t * FEATURES, (t + 1) * FEATURES);
    // By the root of the dimensions, as distances grow (Hvarfner et al., ICML 2024).
    const lengths = Array.from(
      { length: dimensions },
      () => Math.sqrt(dimensions / 2) * 0.15 * (0.8 / 0.15) ** random.uniform(),
    );
    for (let j = 0; j < FEATURES; j++) {
      let chi = 0;
      for (let i = 0; i < 5; i++) chi += random.normal() ** 2;
      const wide = Math.sqrt(5 / chi);
      for (let d = 0; d < dimensions; d++) {
        waves[d * FEATURES + j] = (random.normal() * wide) / lengths[d];
      }
      phases[j] = 2 * Math.PI * random.uniform();
    }
    const normals = Float64Array.from({ length: FEATURES }, () => random.normal());
    const told = t % 2 === 1 ? earlier[(t >> 1) % earlier.length] : undefined;
    const weights = told === undefined ? normals : posterior(told, waves, phases, normals);
    a.set(
      weights.map((v) => v * Math.sqrt(2 / FEATURES)),
      t * FEATURES,
    );
  }
  return {
    w: tensor(w, [tasks, dimensions, FEATURES]),
    p: tensor(p, [tasks, 1, FEATURES]),
    a: tensor(a, [tasks, 1, FEATURES]),
  };
}

/** Weights of a function that fits what was told: of their normal posterior A⁻¹Φᵀy/s² + L⁻ᵀz, with
 * A = ΦᵀΦ/s² + I = LLᵀ and features Φ (Rahimi and Recht, "Random features", 2007). */
function posterior(
  { points, values }: Told,
  waves: Float32Array,
  phases: Float32Array,
  normals: Float64Array,
): Float64Array {
  const matrix = new Float64Array(FEATURES * FEATURES);
  const right = new Float64Array(FEATURES);
  for (let j = 0; j < FEATURES; j++) matrix[j * FEATURES + j] = 1;
  for (const [i, point] of points.entries()) {
    const row = Float64Array.from(phases, (phase, j) => {
      const angle = point.reduce((sum, x, d) => sum + x * waves[d * FEATURES + j], phase);
      return Math.sqrt(2 / FEATURES) * Math.cos(angle);
    });
    for (let j = 0; j < FEATURES; j++) {
      right[j] += (row[j] * values[i]) / NOISE;
      for (let k = 0; k <= j; k++) matrix[j * FEATURES + k] += (row[j] * row[k]) / NOISE;
    }
  }
  const l = cholesky(matrix, FEATURES)!; // no eigenvalue is below 1
  const mean = solveUpper(l, solveLower(l, right, FEATURES), FEATURES);
  const spread = solveUpper(l, normals, FEATURES);
  return mean.map((m, j) => m + spread[j]);
}

function objective(net: Net, f: Functions, horizon: number, units: number): Tensor {
  const [tasks, dimensions] = f.w.shape;
  let h = full([tasks, units], 0);
  let c = full([tasks, units], 0);
  let x = full([tasks, dimensions + 3], 0);
  let best: Tensor | null = null;
  const parts: Tensor[] = [];
  for (let t = 0; t < horizon; t++) {
    const next = lstm(expandDims(x, 0), net.cell, { h0: h, c0: c });
    h = next.h;
    c = next.c;
    const point = sigmoid(add(matmul(h, net.w), net.c));
    const waves = cos(add(matmul(expandDims(point, 1), f.w), f.p));
    const y = reshape(sum(mul(waves, f.a), { axis: 2 }), [tasks, 1]);
    const gain = best === null ? y : mul(maximum(sub(best, y), 0), -1);
    parts.push(mean(add(gain, mul(y, 0.1))));
    best = best === null ? y : minimum(best, y);
    x = concat([point, y, best, full([tasks, 1], 1)], 1);
  }
  return mul(parts.reduce(add), 1 / horizon);
}
