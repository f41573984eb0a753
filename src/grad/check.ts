// Gradients against central differences, to any order.

import { HypergradError, named } from "../core/errors";
import { optionsOf } from "../core/options";
import { stream } from "../core/random";
import { sizeOf } from "../core/shape";
import { treePaths } from "../core/tree";
import { add, mul } from "../ops/arithmetic";
import { sum } from "../ops/reduce";
import { upload } from "../tensor/create";
import { dispose, scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { leavesOf, refill, type Tree } from "../tensor/tree";
import { grad } from "./grad";
import { floatLeaves } from "./vjp";

export interface CheckOptions {
  /** Derivatives are checked up to this order. Default 2. */
  readonly order?: number;
  /** Step of the differences. Default 1e-3 on the reference device, 1e-2 elsewhere. */
  readonly eps?: number;
  /** Largest relative error allowed. Default 1e-6 on the reference device, 2e-2 elsewhere. */
  readonly tolerance?: number;
  /** Seed of the random directions. Default 0. */
  readonly seed?: number;
}

export interface CheckReport {
  /** Largest relative error found at each order, from order 1. */
  readonly errors: readonly number[];
  /** Entries compared, all orders together. */
  readonly entries: number;
}

/** A wrong gradient: which order and entry, and both values. */
export class GradientError extends HypergradError {}
named("GradientError", GradientError);

/**
 * Compares gradients of `f` at `xs` with central differences of five points, entry by entry. Order
 * k checks the gradient of the (k − 1)-th derivative along fixed random directions; outputs are
 * weighted at random first. An error is relative to the larger of the two values and of the root
 * mean square over the input.
 * @throws GradientError at the first wrong entry
 */
export async function checkGrads<X extends Tree[]>(
  f: (...xs: X) => Tree,
  xs: [...X],
  options: CheckOptions = {},
): Promise<CheckReport> {
  optionsOf("checkGrads", options, ["order", "eps", "tolerance", "seed"]);
  const inputs = floatLeaves("checkGrads", xs);
  const exact = inputs[0]?.device.name === "reference";
  const { order = 2, eps = exact ? 1e-3 : 1e-2, tolerance = exact ? 1e-6 : 2e-2 } = options;
  const rng = stream(options.seed ?? 0);
  const like = (x: Tensor) =>
    upload(
      x.device,
      Float64Array.from({ length: x.size }, () => rng.normal()),
      x.shape,
      "float32",
    );
  const made: Tensor[] = [];
  const direction = (x: Tensor) => {
    const t = like(x);
    made.push(t);
    return t;
  };
  const names = treePaths(xs);
  const shapes = scope(() => floats(f(...xs)));
  const weights = shapes.map(direction);
  dispose(shapes, inputs);
  let g = (list: Tensor[]): Tensor => dot(floats(f(...refill(xs, list))), weights);
  const errors: number[] = [];
  let entries = 0;
  try {
    for (let k = 1; k <= order; k++) {
      const known = await Promise.all(scope(() => grad(g)(inputs)).map(readAndFree));
      let worst = 0;
      for (const [i, x] of inputs.entries()) {
        const want = await differences(g, inputs, i, eps);
        entries += x.size;
        const scale = Math.sqrt(want.reduce((a, v) => a + v * v, 0) / Math.max(1, want.length));
        for (let j = 0; j < want.length; j++) {
          const size = Math.max(
            Math.abs(want[j]),
            Math.abs(known[i][j]),
            scale,
            exact ? 1e-9 : 1e-3,
          );
          const error = Math.abs(want[j] - known[i][j]) / size;
          worst = Math.max(worst, error);
          if (error <= tolerance) continue;
          throw new GradientError(
            `checkGrads: order ${k}: ${names[i]}, entry ${j}: gradient ${known[i][j]}, ` +
              "differences " +
              `${want[j]}, relative error ${error.toExponential(2)} above ${tolerance}.`,
          );
        }
      }
      errors.push(worst);
      const along = inputs.map(direction);
      const before = g;
      g = (list) => dot(grad(before)(list), along);
    }
  } finally {
    for (const t of made) t.dispose();
  }
  return { errors, entries };
}

function floats(tree: Tree): Tensor[] {
  return leavesOf("checkGrads", tree).filter((y) => y.dtype === "float32");
}

function dot(ys: readonly Tensor[], weights: readonly Tensor[]): Tensor {
  return ys.map((y, i) => sum(mul(y, weights[i]))).reduce(add);
}

async function readAndFree(t: Tensor): Promise<ArrayLike<number>> {
  const data = await t.data();
  t.dispose();
  return data;
}

/** d g / d inputs[i], by (8 (g₁ − g₋₁) − (g₂ − g₋₂)) / 12 eps. */
async function differences(
  g: (list: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  i: number,
  eps: number,
): Promise<Float64Array> {
  const x = inputs[i];
  const at = Float64Array.from(await x.data());
  const out = new Float64Array(sizeOf(x.shape));
  const value = async (j: number, step: number) => {
    const moved = at.slice();
    moved[j] += step;
    const y = scope(() => {
      const t = upload(x.device, moved, x.shape, "float32");
      return g(inputs.map((other, k) => (k === i ? t : other)));
    });
    return (await readAndFree(y))[0];
  };
  for (let j = 0; j < out.length; j++) {
    const near = (await value(j, eps)) - (await value(j, -eps));
    const far = (await value(j, 2 * eps)) - (await value(j, -2 * eps));
    out[j] = (8 * near - far) / (12 * eps);
  }
  return out;
}
