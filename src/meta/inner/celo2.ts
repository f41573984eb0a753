// A learned optimizer of 347 weights: a small MLP over thirty normalised features of each weight,
// whose step has root mean square 1 in every tensor. Vectors move by AdamW.

import { optionsOf } from "../../core/options";
import { relu } from "../../ops/activation";
import { add, div, mul, sub } from "../../ops/arithmetic";
import { expand } from "../../ops/expand";
import { exp, rsqrt, sqrt, square, tanh } from "../../ops/math";
import { matmul } from "../../ops/matmul";
import { concat, slice } from "../../ops/movement";
import { type Key, key as keyOf } from "../../ops/random";
import { mean } from "../../ops/reduce";
import { reshape } from "../../ops/reshape";
import { inRange, mapTrees } from "../../optim/optimizer";
import { scalar, zerosOf } from "../../optim/state";
import { zeros } from "../../tensor/fill";
import type { Tensor } from "../../tensor/tensor";
import { leaves, type Tree } from "../../tensor/tree";
import type { InnerOptimizer } from "../innerOptimizer";
import { type Dense, denseLayers } from "./dense";
import { decay as decayParts, logOf, unbiased } from "./learned";

interface Celo2Options {
  /** Root mean square of a step of matrices and kernels, learned as a logarithm. Default 1e-3. */
  readonly lr?: number;
  /** Decoupled weight decay. Default 0. */
  readonly weightDecay?: number;
}

type Celo2 = { readonly layers: readonly Dense[]; readonly logLr: Tensor };

type Celo2State = {
  /** Steps done, a float32 scalar. */
  readonly step: Tensor;
  /** Moving means of the gradient, one tree for each of three time scales. */
  readonly momenta: readonly Tree[];
  /** Of its square. */
  readonly squares: Tree;
  /** Of its squares' means over columns and over rows, at the three time scales. */
  readonly rows: readonly (readonly Tensor[])[];
  readonly columns: readonly (readonly Tensor[])[];
};

const MOMENTA = [0.9, 0.99, 0.999];
const FACTORS = [0.9, 0.99, 0.999];
const SQUARES = 0.999;
const CLIP = 0.1;
const TINY = 1e-8; // under roots of mean squares: their slope at 0 stays finite
const FEATURES = 30;
const HIDDEN = [8, 8];
const OUTPUTS = 3;

/** Rows and columns of a tensor with two axes or more: the last axis are the columns. */
function matrixOf({ shape, size }: Tensor): [number, number] | null {
  if (shape.length < 2) return null;
  const columns = shape[shape.length - 1];
  return [size / columns, columns];
}

const followed = (old: Tensor, now: Tensor, beta: number): Tensor =>
  add(mul(old, beta), mul(now, 1 - beta));

const unit = (x: Tensor): Tensor => mul(x, rsqrt(add(mean(square(x)), TINY)));

/**
 * θ ← θ − lr · unit(d · exp(1e-3 · s) + 1e-1 · c · g) − lr · weightDecay · θ, (d, s, c) of an MLP
 * 30-8-8-3 with ReLU. Features: gradient, gradient clipped smoothly, value, three momenta, the
 * second moment and its rsqrt, gradient and momenta times that, row and column means of squares
 * (Adafactor) and their rsqrt at three time scales, gradient and momenta divided by their factored
 * root; each by its root mean square in the tensor (after Moudgil et al., Celo2). Vectors and
 * scalars move by Adam with ten times `lr`.
 */
export function celo2(options: Celo2Options = {}): InnerOptimizer<Celo2, Celo2State> {
  optionsOf("inner.celo2", options, ["lr", "weightDecay"]);
  const { lr = 1e-3, weightDecay = 0 } = options;
  inRange("inner.celo2", "lr", lr, 0);
  inRange("inner.celo2", "weightDecay", weightDecay, 0);
  const factored = (params: Tree, pick: 0 | 1) =>
    FACTORS.map(() =>
      leaves(params).flatMap((p) => {
        const size = matrixOf(p);
        if (size === null) return [];
        return [zeros(pick === 0 ? [size[0], 1] : [1, size[1]])];
      }),
    );

  return {
    initMeta: (params, key: Key = keyOf(0)) => ({
      layers: denseLayers(key, [FEATURES, ...HIDDEN, OUTPUTS]),
      logLr: logOf(params, lr),
    }),
    init: (params) => ({
      step: scalar(params, 0),
      momenta: MOMENTA.map(() => zerosOf(params)),
      squares: zerosOf(params),
      rows: factored(params, 0),
      columns: factored(params, 1),
    }),
    update: (grads, state, params, { meta }) => {
      const step = add(state.step, 1);
      const rate = exp(meta.logLr);
      const means = (tree: Tree, now: Tree, beta: number) =>
        mapTrees(1, (old, g) => [followed(old, g, beta)], tree, now)[0];
      const momenta = state.momenta.map((tree, i) => means(tree, grads, MOMENTA[i]));
      const [powers] = mapTrees(1, (g) => [square(g)], grads);
      const squares = means(state.squares, powers, SQUARES);
      const rows: Tensor[][] = FACTORS.map(() => []);
      const columns: Tensor[][] = FACTORS.map(() => []);
      const scale = unbiased(decayParts(undefined, SQUARES), step);
      const first = unbiased(decayParts(undefined, MOMENTA[0]), step);
      let at = 0;
      const move = (p: Tensor, g: Tensor, v: Tensor, ...ms: Tensor[]) => {
        const kept = weightDecay === 0 ? p : sub(p, mul(p, mul(rate, weightDecay)));
        const size = matrixOf(p);
        if (size === null) {
          const root = sqrt(add(div(v, scale), 1e-6));
          return [sub(kept, mul(div(div(ms[0], first), root), mul(rate, 10)))];
        }
        const flat = (x: Tensor) => reshape(x, size);
        const power = square(flat(g));
        const roots: Tensor[] = [];
        const parts: Tensor[] = [];
        for (const [i, beta] of FACTORS.entries()) {
          const r = followed(state.rows[i][at], mean(power, { axis: 1, keepDims: true }), beta);
          const c = followed(state.columns[i][at], mean(power, { axis: 0, keepDims: true }), beta);
          rows[i].push(r);
          columns[i].push(c);
          const [wide, tall] = [expand(r, size), expand(c, size)];
          parts.push(wide, tall, rsqrt(add(wide, TINY)), rsqrt(add(tall, TINY)));
          const whole = div(mul(wide, tall), add(mean(r), TINY));
          roots.push(rsqrt(add(whole, TINY)));
        }
        at++;
        const scaled = rsqrt(add(flat(v), TINY));
        const [own, momentum] = [flat(g), ms.map(flat)];
        const features = [
          ...[own, mul(tanh(mul(own, 1 / CLIP)), CLIP), flat(p), ...momentum, flat(v), scaled],
          ...[mul(own, scaled), ...momentum.map((m) => mul(m, scaled))],
          ...parts,
          ...roots.map((root) => mul(own, root)),
          ...momentum.map((m, i) => mul(m, roots[i])),
        ];
        const moved = stepOf(meta.layers, features, own);
        return [sub(kept, mul(reshape(unit(moved), p.shape), rate))];
      };
      const [next] = mapTrees(1, move, params, grads, squares, ...momenta);
      return [next, { step, momenta, squares, rows, columns }];
    },
  };
}

function stepOf(layers: readonly Dense[], features: readonly Tensor[], g: Tensor): Tensor {
  const n = g.size;
  let h = concat(
    features.map((x) => reshape(unit(x), [n, 1])),
    1,
  );
  for (const [i, { w, b }] of layers.entries()) {
    h = add(matmul(i === 0 ? h : relu(h), w), b);
  }
  const part = (i: number) => reshape(slice(h, [0, i], [n, 1]), g.shape);
  const far = mul(part(0), exp(mul(part(1), 1e-3)));
  return add(far, mul(mul(part(2), unit(g)), 0.1));
}
