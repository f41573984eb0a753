// A network that writes updates: it edits the two factors of each linear layer's gradient (MEND),
// and is the identity before it learns.

import { optionsOf } from "../../core/options";
import { treePaths } from "../../core/tree";
import { stopGradient } from "../../grad/index";
import { add, div, mul, sub } from "../../ops/arithmetic";
import { exp, sqrt, square, tanh } from "../../ops/math";
import { matmul } from "../../ops/matmul";
import { concat, splitAlong } from "../../ops/movement";
import { type Key, key as keyOf, normal, split } from "../../ops/random";
import { mean } from "../../ops/reduce";
import { reshape } from "../../ops/reshape";
import { inRange, mapTrees } from "../../optim/optimizer";
import { scalar } from "../../optim/state";
import { ones, zeros } from "../../tensor/fill";
import type { Tensor } from "../../tensor/tensor";
import { leaves, type Tree } from "../../tensor/tree";
import type { Factors } from "../factors";
import type { InnerOptimizer } from "../innerOptimizer";
import { logOf } from "./learned";

interface UpdateNetOptions {
  /** The rate that every layer begins with. Default 0.01. */
  readonly lr?: number;
  /** Rank of the net's matrices. Default 16. */
  readonly hidden?: number;
  /** Whether the root mean squares count as constants, as in the paper. Default true; false gives
   * the exact meta-gradient. */
  readonly stopScale?: boolean;
  /** The weights whose gradients the net edits, by path such as `head.w`; others move by a ·
   * gradient. Default: all of linear layers and convolutions. */
  readonly edits?: (path: string) => boolean;
}

/** z [rows, n] → z + tanh(s ⊙ (z V U + b) + o): V [n, hidden], U [hidden, n]. */
type Block = { readonly v: Tensor; readonly u: Tensor };

type UpdateNet = {
  /** One for every size of layer, `in x out`: layers of one size share it. */
  readonly nets: { readonly [size: string]: { readonly blocks: readonly Block[]; b: Tensor } };
  /** Of every parameter: log of its rate, and for each block scale s and offset o. */
  readonly layers: readonly {
    readonly logLr: Tensor;
    readonly scales: readonly { readonly s: Tensor; readonly o: Tensor }[];
  }[];
};

/** Steps done, and of every parameter the mean squares of u and d over them: [2]. */
type UpdateNetState = { readonly step: Tensor; readonly squares: readonly Tensor[] };

/** Weights [in, out] and conv kernels [kh, kw, c, oc], which count as [kh kw c, oc]. */
function sizes({ shape, size }: Tensor): [number, number] | null {
  if (shape.length !== 2 && shape.length !== 4) return null;
  const out = shape[shape.length - 1];
  return [size / out, out];
}

const nameOf = ([i, o]: readonly number[]) => `${i}x${o}`;
const TINY = 1e-12; // under the root of mean squares: no slope passes, only 0/0 is to be avoided

/**
 * W ← W − a Σ ũ d̃ᵀ, a learned as a logarithm: the inputs u and output gradients d of a linear
 * layer, each divided by its running root mean square, pass through a residual net of low rank;
 * then the division is undone (Mitchell et al. 2022). tanh where the paper has relu: it has a slope
 * at 0, so that zero matrices can learn behind it, and edits of either sign. Parameters that are
 * not the weights of a linear layer, or are so inside `checkpoint` or `customGradient`, move by a ·
 * gradient.
 */
export function updateNet(
  options: UpdateNetOptions = {},
): InnerOptimizer<UpdateNet, UpdateNetState> {
  optionsOf("inner.updateNet", options, ["lr", "hidden", "stopScale", "edits"]);
  const { lr = 0.01, hidden = 16, stopScale = true, edits = () => true } = options;
  inRange("inner.updateNet", "lr", lr, 0);
  /** Of every parameter, what is edited as [in, out]; null where nothing is. */
  const sizesOf = (params: Tree) => {
    const paths = treePaths(params);
    return leaves(params).map((p, i) => (edits(paths[i]) ? sizes(p) : null));
  };
  const scale = (squares: Tensor) => (stopScale ? stopGradient(squares) : squares);
  return {
    needsFactors: true,
    initMeta: (params, key: Key = keyOf(0)) => {
      const all = leaves(params);
      const each = sizesOf(params);
      const found = each.filter((size) => size !== null);
      const kinds = [...new Map(found.map((size) => [nameOf(size), size])).values()];
      const keys = split(key, 2 * Math.max(1, kinds.length));
      const block = (k: Key, n: number): Block => ({
        v: normal(k, [n, hidden], { std: 1 / Math.sqrt(n) }),
        u: zeros([hidden, n]),
      });
      const nets = kinds.map(([i, o], at) => {
        const blocks = [block(keys[2 * at], i + o), block(keys[2 * at + 1], i + o)];
        return [nameOf([i, o]), { blocks, b: zeros([i + o]) }] as const;
      });
      const layers = all.map((p, i) => {
        const n = each[i]?.reduce((a, b) => a + b);
        const scale = (n: number) => ({ s: ones([n]), o: zeros([n]) });
        return { logLr: logOf(p, lr), scales: n === undefined ? [] : [scale(n), scale(n)] };
      });
      return { nets: Object.fromEntries(nets), layers };
    },
    init: (params) => ({
      step: scalar(params, 0),
      squares: leaves(params).map(() => zeros([2])),
    }),
    update: (grads, state, params, { meta, factors }) => {
      const step = add(state.step, 1);
      const squares: Tensor[] = [];
      const each = sizesOf(params);
      let at = 0;
      const move = (p: Tensor, g: Tensor) => {
        const i = at++;
        const { logLr, scales } = meta.layers[i];
        const lr = exp(logLr);
        const size = each[i];
        const own = factors?.[i] ?? [];
        if (size === null || own.length === 0) {
          squares.push(state.squares[i]);
          return [sub(p, mul(lr, g))];
        }
        const u = concat(
          own.map((one) => one.u),
          0,
        );
        const d = concat(
          own.map((one) => one.d),
          0,
        );
        const now = scale(concat([meanSquare(u), meanSquare(d)], 0));
        const seen = add(state.squares[i], div(sub(now, state.squares[i]), step));
        squares.push(seen);
        const edited = edit(meta.nets[nameOf(size)], scales, { u, d }, seen);
        const gradient = matmul(edited.u, edited.d, { transposeA: true });
        return [sub(p, mul(lr, reshape(gradient, p.shape)))];
      };
      const [next] = mapTrees(1, move, params, grads);
      return [next, { step, squares }];
    },
  };
}

function meanSquare(x: Tensor): Tensor {
  return reshape(mean(square(x)), [1]);
}

function edit(
  { blocks, b }: UpdateNet["nets"][string],
  scales: UpdateNet["layers"][number]["scales"],
  { u, d }: Factors,
  squares: Tensor,
): Factors {
  const [first, second] = splitAlong(sqrt(add(squares, TINY)), 2, 0);
  let z = concat([div(u, first), div(d, second)], 1);
  for (const [k, { v, u: up }] of blocks.entries()) {
    const inside = matmul(matmul(z, v), up);
    const { s, o } = scales[k];
    z = add(z, tanh(add(mul(s, k === 0 ? add(inside, b) : inside), o)));
  }
  const [left, right] = splitAlong(z, [u.shape[1], d.shape[1]], 1);
  return { u: mul(left, first), d: mul(right, second) };
}
