// The LSTM over a whole sequence as two fused ops, one the gradient of the other. What the forward
// op saves is an output, so a second gradient passes through it as through any other.

import { sizeOf } from "../core/shape";
import { needRest } from "../device/rest";
import { zerosLike } from "../grad/backward";
import { apart, expand } from "../ops/expand";
import { matmul } from "../ops/matmul";
import { sum } from "../ops/reduce";
import { expandDims, reshape } from "../ops/reshape";
import { apply, type BatchRule, type Calls, type Op, type Operand } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { pullThrough } from "./decompose";
import { lstmBackwardSteps, shifted } from "./lstmSteps";

needRest();

interface Given {
  /** Whether there is a mask. */
  readonly masked: boolean;
}

/** Sizes as the kernels take them, and where a set's own weights are. */
function weights(calls: Calls, wh: Operand, bias?: Operand) {
  const [w, ws] = apart(calls, wh, 2);
  if (bias === undefined) return { w, v: w, ws };
  const [v, vs] = apart(calls, bias, 1);
  const own = ws > 0 || vs > 0;
  if (!own) return { w, v, ws: 0 };
  return { w: calls.solid(wh), v: calls.solid(bias), ws: sizeOf(wh.shape.slice(-2)) };
}

function params(x: Operand, h: number): [batch: number, t: number, b: number, h: number] {
  const [t, b] = x.shape.slice(-3);
  return [sizeOf(x.shape.slice(0, -3)), t, b, h];
}

const width = (wh: { readonly shape: readonly number[] }) => wh.shape[wh.shape.length - 2];

/** z, wh, bias, h0, c0, mask? to the states and to i f g o c of each step. */
const forwardOp: Op<Given> = {
  name: "lstmForward",
  kind: "general",
  differentiable: true,
  specs: ([z, wh]) => {
    const lead = z.shape.slice(0, -1);
    const h = width(wh);
    return [h, 5 * h].map((n) => ({ shape: [...lead, n], dtype: "float32" as const }));
  },
  view: null,
  run: (calls, [z, wh, bias, h0, c0, mask], [hs, cells], { masked }) => {
    const { w, v, ws } = weights(calls, wh, bias);
    const states = [calls.solid(h0), calls.solid(c0)];
    const inputs = [calls.solid(z), w, v, ...states, masked ? calls.solid(mask) : w];
    const sizes = params(z, width(wh));
    calls.run("lstmForward", inputs, [hs.storage, cells.storage], [...sizes, masked ? 1 : 0, ws]);
  },
  pull: ([gh, gcells], [hs, cells], [, wh, bias, h0, c0, mask], given) => {
    let made: readonly Tensor[] | null = null;
    const back = () => {
      made ??= lstmBackward(cells, c0, wh, given.masked ? mask : null, gh ?? zerosLike(hs), gcells);
      return made;
    };
    const time = hs.shape.length - 3;
    const ownWeights = wh.shape.length > 2;
    return [
      () => back()[0],
      () => {
        const [dz] = back();
        const rows = (x: Tensor) => {
          const lead = ownWeights ? x.shape[0] : null;
          const n = x.shape[x.shape.length - 1];
          return reshape(x, lead === null ? [-1, n] : [lead, -1, n]);
        };
        return matmul(rows(shifted(h0, hs, time)), rows(dz), { transposeA: true });
      },
      () => {
        const kept = bias.shape.length - 1;
        const rank = hs.shape.length;
        const axis = Array.from({ length: rank - 1 - kept }, (_, i) => i + kept);
        return sum(back()[0], { axis });
      },
      () => back()[1],
      () => back()[2],
      null,
    ];
  },
  batch: (xs, batched, given, size) =>
    overExamples(forwardOp, [3, 2, 1, 2, 2, 2], [1, 2], xs, batched, given, size),
};

interface BackwardGiven extends Given {
  /** Whether there is a cotangent of cells. */
  readonly more: boolean;
}

/** cells, c0, wh, gh, mask?, gcells? to the gradients by z, h0 and c0. */
const backwardOp: Op<BackwardGiven> = {
  name: "lstmBackward",
  kind: "general",
  differentiable: true,
  specs: ([cells, c0, wh]) => {
    const z = [...cells.shape.slice(0, -1), 4 * width(wh)];
    return [z, c0.shape, c0.shape].map((shape) => ({ shape, dtype: "float32" as const }));
  },
  view: null,
  run: (calls, xs, ys, { masked, more }) => {
    const [cells, c0, wh, gh] = xs;
    const { w, ws } = weights(calls, wh);
    const mask = masked ? calls.solid(xs[4]) : w;
    const gcells = more ? calls.solid(xs[masked ? 5 : 4]) : w;
    const inputs = [calls.solid(cells), calls.solid(c0), w, mask, calls.solid(gh), gcells];
    const sizes = [...params(cells, width(wh)), masked ? 1 : 0, more ? 1 : 0, ws];
    calls.run(
      "lstmBackward",
      inputs,
      ys.map((y) => y.storage),
      sizes,
    );
  },
  pull: (us, _, xs, { masked, more }) =>
    pullThrough(
      ([cells, c0, wh, gh, ...rest]) => {
        const mask = masked ? rest[0] : undefined;
        const gcells = more ? rest[rest.length - 1] : undefined;
        return lstmBackwardSteps({ cells, c0, wh, gh, mask, gcells });
      },
      xs,
      us,
    ),
  batch: (xs, batched, given, size) => {
    const last = [...(given.masked ? [2] : []), ...(given.more ? [3] : [])];
    return overExamples(backwardOp, [3, 2, 2, 3, ...last], [2], xs, batched, given, size);
  },
};

/**
 * The batching rule: the kernels take an axis of sets of sequences, so that one axis of examples
 * is that axis, and two become one. Weights that all examples share stay as they are.
 */
function overExamples<A>(
  op: Op<A>,
  ranks: readonly number[],
  weightsAt: readonly number[],
  ...[xs, batched, attrs, size]: Parameters<BatchRule<A>>
): Tensor[] {
  const rankOf = (i: number) => xs[i].shape.length - (batched[i] ? 1 : 0);
  const inner = rankOf(0) > ranks[0] ? xs[0].shape[batched[0] ? 1 : 0] : null;
  const shared = weightsAt.every((i) => !batched[i] && rankOf(i) === ranks[i]);
  const all = xs.map((x, i) => {
    if (shared && weightsAt.includes(i)) return x;
    const own = x.shape.slice(x.shape.length - ranks[i]);
    if (inner === null) return batched[i] ? x : expand(x, [size, ...own]);
    const two = batched[i] && rankOf(i) === ranks[i] ? expandDims(x, 1) : x;
    return reshape(expand(two, [size, inner, ...own]), [size * inner, ...own]);
  });
  const ys = apply(op, all, attrs);
  if (inner === null) return ys;
  return ys.map((y) => reshape(y, [size, inner, ...y.shape.slice(1)]));
}

/** All states [t, b, h], and i f g o c of each step [t, b, 5h]. */
export function lstmForward(
  z: Tensor,
  wh: Tensor,
  bias: Tensor,
  h0: Tensor,
  c0: Tensor,
  mask: Tensor | null,
): [hs: Tensor, cells: Tensor] {
  const xs = [z, wh, bias, h0, c0, ...(mask === null ? [] : [mask])];
  return apply(forwardOp, xs, { masked: mask !== null }) as [Tensor, Tensor];
}

/** The gradients by z, h0 and c0 for cotangents of the states and of cells. */
export function lstmBackward(
  cells: Tensor,
  c0: Tensor,
  wh: Tensor,
  mask: Tensor | null,
  gh: Tensor,
  gcells: Tensor | null,
): [dz: Tensor, dh0: Tensor, dc0: Tensor] {
  const rest = [...(mask === null ? [] : [mask]), ...(gcells === null ? [] : [gcells])];
  const given = { masked: mask !== null, more: gcells !== null };
  return apply(backwardOp, [cells, c0, wh, gh, ...rest], given) as [Tensor, Tensor, Tensor];
}
