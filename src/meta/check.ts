// Whether a meta-gradient is one: against central differences of the meta-objective, which know
// nothing of how the gradient was made.

import { stream } from "../core/random";
import { GradientError } from "../grad/index";
import { add, mul } from "../ops/arithmetic";
import { upload } from "../tensor/create";
import { dispose, scope } from "../tensor/scope";
import { leaves, mapTree, type Tree } from "../tensor/tree";
import type { Tasks } from "./tasks";
import type { Learned, Unrolled } from "./unroll";

export interface MetaCheckOptions {
  /** Random directions through the parameters, and as many through what is learned beside them.
   * Default 3. */
  readonly directions?: number;
  /** Step of the differences. Default 1e-5 on the reference device, 1e-2 elsewhere. */
  readonly eps?: number;
  /** Largest relative error allowed. Default 1e-6 on the reference device, 2e-2 elsewhere. */
  readonly tolerance?: number;
  /** Seed of the directions. Default 0. */
  readonly seed?: number;
}

export interface MetaCheckReport {
  /** Largest relative error along the directions through each part; 0 where it has no tensor. */
  readonly errors: { readonly params: number; readonly meta: number };
  /** |g₂ − g₁| / |g₂| of the gradients at both orders: 0 says that second order is not there, or
   * that inner gradients do not depend on what is learned. */
  readonly orderGap: number;
  /** Whether the gap is above the tolerance. */
  readonly ordersDiffer: boolean;
}

/** What `check` asks of a meta-learner. */
type Checkable<P extends Tree, M extends Tree, B> = Pick<
  Unrolled<P, M, B>,
  "order" | "metaGrad" | "objective"
>;

/**
 * Compares the meta-gradient at `learned` with central differences of five points along random
 * directions, and the gradients of both orders with each other. An error is relative to the larger
 * of the two slopes and of a tenth of the gradient's norm.
 * @throws GradientError where they differ: at order 1, which is an approximation, and with
 * truncation that is to be expected
 */
export async function check<P extends Tree, M extends Tree, B>(
  learner: Checkable<P, M, B>,
  learned: Learned<P, M>,
  tasks: Tasks<B>,
  options: MetaCheckOptions = {},
): Promise<MetaCheckReport> {
  const exact = leaves(learned)[0].device.name === "reference";
  const { directions = 3, seed = 0 } = options;
  const { eps = exact ? 1e-5 : 1e-2, tolerance = exact ? 1e-6 : 2e-2 } = options;
  const random = stream(seed);
  const own = await read(scope(() => learner.metaGrad(learned, tasks).grads));
  const errors = { params: 0, meta: 0 };
  const at = { params: leaves(learned.params), meta: leaves(learned.meta) };
  for (const part of ["params", "meta"] as const) {
    for (let k = 0; k < directions && at[part].length > 0; k++) {
      const along = at[part].map(({ size }) =>
        Float64Array.from({ length: size }, () => random.normal()),
      );
      const slope = dot(own[part], along);
      const want = await difference(learner, learned, tasks, part, along, eps);
      const size = Math.sqrt(dot(own[part], own[part]));
      const scale = Math.max(Math.abs(slope), Math.abs(want), 0.1 * size, Number.MIN_VALUE);
      const error = Math.abs(slope - want) / scale;
      errors[part] = Math.max(errors[part], error);
      if (error <= tolerance) continue;
      const first = learner.order === 1 ? " This learner is of order 1, an approximation." : "";
      throw new GradientError(
        `check: the meta-gradient is wrong: along direction ${k} of ${part} it is ${slope}, ` +
          `differences ${want}, relative error ${error.toExponential(2)} above ${tolerance}.` +
          first,
      );
    }
  }
  const gap = await orderGap(learner, learned, tasks);
  return { errors, orderGap: gap, ordersDiffer: gap > tolerance };
}

type Parts = { readonly params: Float64Array[]; readonly meta: Float64Array[] };

/** The values of a gradient, which is freed. */
async function read(grads: Learned<Tree, Tree>): Promise<Parts> {
  const values = (tree: Tree) =>
    Promise.all(leaves(tree).map(async (t) => Float64Array.from(await t.data())));
  const parts = { params: await values(grads.params), meta: await values(grads.meta) };
  dispose(grads);
  return parts;
}

function dot(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  let total = 0;
  for (const [i, x] of a.entries()) for (const [j, v] of x.entries()) total += v * b[i][j];
  return total;
}

/** The derivative of the objective: (8 (f₁ − f₋₁) − (f₂ − f₋₂)) / 12 eps. */
async function difference<P extends Tree, M extends Tree, B>(
  learner: Checkable<P, M, B>,
  learned: Learned<P, M>,
  tasks: Tasks<B>,
  part: "params" | "meta",
  along: readonly Float64Array[],
  eps: number,
): Promise<number> {
  const value = async (step: number) => {
    const y = scope(() => {
      let i = 0;
      const moved = mapTree((x) => {
        const own = upload(x.device, along[i++], x.shape, "float32");
        return add(x, mul(own, step));
      }, learned[part] as Tree);
      return learner.objective({ ...learned, [part]: moved } as Learned<P, M>, tasks);
    });
    const found = await y.item();
    y.dispose();
    return found;
  };
  const near = (await value(eps)) - (await value(-eps));
  const far = (await value(2 * eps)) - (await value(-2 * eps));
  return (8 * near - far) / (12 * eps);
}

async function orderGap<P extends Tree, M extends Tree, B>(
  learner: Checkable<P, M, B>,
  learned: Learned<P, M>,
  tasks: Tasks<B>,
): Promise<number> {
  const at = async (order: 1 | 2) => {
    const parts = await read(scope(() => learner.metaGrad(learned, tasks, { order }).grads));
    return [...parts.params, ...parts.meta];
  };
  const [first, second] = [await at(1), await at(2)];
  const gap = second.map((x, i) => x.map((v, j) => v - first[i][j]));
  const size = Math.sqrt(dot(second, second));
  return size === 0 ? 0 : Math.sqrt(dot(gap, gap)) / size;
}
