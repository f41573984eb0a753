// A learned optimizer that is one small MLP, shared by all parameters, which sees momenta at six
// time scales.

import { optionsOf } from "../../core/options";
import { relu } from "../../ops/activation";
import { add, mul, sub } from "../../ops/arithmetic";
import { exp, rsqrt, square, tanh } from "../../ops/math";
import { matmul } from "../../ops/matmul";
import { concat, slice, stack } from "../../ops/movement";
import { type Key, key as keyOf } from "../../ops/random";
import { mean } from "../../ops/reduce";
import { reshape } from "../../ops/reshape";
import { inRange, mapTrees } from "../../optim/optimizer";
import { scalar, zerosOf } from "../../optim/state";
import type { Tensor } from "../../tensor/tensor";
import type { Tree } from "../../tensor/tree";
import type { InnerOptimizer } from "../innerOptimizer";
import { type Dense, denseLayers } from "./dense";

interface MlpOptimizerOptions {
  /** Units of the hidden layers. Default [32, 32], 1,762 weights in all; [8, 8] are 250. */
  readonly hidden?: readonly number[];
  /** What the direction is multiplied by. Default 1e-3. */
  readonly scale?: number;
}

type MlpState = {
  /** Steps done, a float32 scalar. */
  readonly step: Tensor;
  /** Moving means of the gradient, one tree for each time scale. */
  readonly momenta: readonly Tree[];
};

const DECAYS = [0.1, 0.5, 0.9, 0.99, 0.999, 0.9999];
const TIMES = [1, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5];

/** θ ← θ − s · dir · exp(1e-3 · mag), (dir, mag) of an MLP over 19 features of each weight:
 * gradient, value and six momenta, each over its root mean square in the tensor, and eleven tanh(t
 * / s − 1) (Metz et al. 2020, 2022). */
export function mlp(options: MlpOptimizerOptions = {}): InnerOptimizer<readonly Dense[], MlpState> {
  optionsOf("inner.mlp", options, ["hidden", "scale"]);
  const { hidden = [32, 32], scale = 1e-3 } = options;
  inRange("inner.mlp", "scale", scale, 0);
  return {
    initMeta: (_, key: Key = keyOf(0)) =>
      denseLayers(key, [2 + DECAYS.length + TIMES.length, ...hidden, 2]),
    init: (params) => ({ step: scalar(params, 0), momenta: DECAYS.map(() => zerosOf(params)) }),
    update: (grads, state, params, { meta }) => {
      const step = add(state.step, 1);
      const momenta = state.momenta.map((tree, i) => decayed(tree, grads, DECAYS[i]));
      const times = stack(TIMES.map((s) => tanh(sub(mul(state.step, 1 / s), 1))));
      const move = (p: Tensor, g: Tensor, ...ms: Tensor[]) => [
        sub(p, mul(stepOf(meta, [g, p, ...ms], times), scale)),
      ];
      const [next] = mapTrees(1, move, params, grads, ...momenta);
      return [next, { step, momenta }];
    },
  };
}

function decayed(momenta: Tree, grads: Tree, beta: number): Tree {
  const [next] = mapTrees(1, (m, g) => [add(mul(m, beta), mul(g, 1 - beta))], momenta, grads);
  return next;
}

/** dir · exp(1e-3 · mag) for every weight of one tensor. */
function stepOf(net: readonly Dense[], own: Tensor[], times: Tensor): Tensor {
  const [{ shape, size: n }] = own;
  const columns = own.map((x) => {
    const column = reshape(x, [n, 1]);
    return mul(column, rsqrt(add(mean(square(x)), 1e-5)));
  });
  const [first, ...others] = net;
  const split = own.length;
  const own1 = slice(first.w, [0, 0], [split, first.w.shape[1]]);
  const shared = slice(first.w, [split, 0], [times.size, first.w.shape[1]]);
  // The time features are one row for all weights: their product is made once.
  let h = add(matmul(concat(columns, 1), own1), add(matmul(times, shared), first.b));
  for (const { w, b } of others) h = add(matmul(relu(h), w), b);
  const part = (i: number) => reshape(slice(h, [0, i], [n, 1]), shape);
  return mul(part(0), exp(mul(part(1), 1e-3)));
}
