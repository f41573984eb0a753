// The gradient of a linear layer's weights in factors: what went in, and the gradient at what came
// out. They are found by watching the loss run, so any loss will do; both are differentiable.

import type { Shape } from "../core/shape";
import { trace } from "../grad/backward";
import { stopGradient, valueAndGrad } from "../grad/index";
import { add } from "../ops/arithmetic";
import { expand } from "../ops/expand";
import { reshape } from "../ops/reshape";
import { constant } from "../tensor/create";
import { eye } from "../tensor/fill";
import { frameOf, unrecorded } from "../tensor/frame";
import { apply, type Interpreter, interpretedBy, interpretersNow, type Op } from "../tensor/op";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { leaves, refill, type Tree } from "../tensor/tree";

/** The gradient of weights [in, out] is Σ over rows of uᵀ d; conv kernels count as [kh kw c, oc],
 * with patches as rows of u. */
export type Factors = {
  /** [rows, in] */
  readonly u: Tensor;
  /** [rows, out] */
  readonly d: Tensor;
};

// biome-ignore lint/suspicious/noExplicitAny: attrs differ from op to op
type Seen = (leaf: number, op: Op<any>, xs: readonly Tensor[], attrs: any) => Tensor[] | null;

/** Runs `f` on the leaves, offering every op to `seen` whose weights are one of them and whose
 * gradient passes through it: not those in `checkpoint`, which run again in the backward pass. */
function watched<T>(list: readonly Tensor[], seen: Seen, f: () => T): T {
  const place = new Map(list.map((x, i) => [x, i]));
  const watch: Interpreter = (op, xs, attrs) => {
    const leaf = isLinear(op, attrs) ? place.get(xs[1]) : undefined;
    if (leaf === undefined || frameOf(xs[1].physical) === null) return null;
    const others = interpretersNow().filter((one) => one !== watch);
    return interpretedBy(others, () => seen(leaf, op, xs, attrs));
  };
  const made = interpretedBy([...interpretersNow(), watch], f);
  place.clear(); // a checkpoint takes its interpreters along into the backward pass
  return made;
}

// biome-ignore lint/suspicious/noExplicitAny: attrs differ from op to op
function isLinear(op: Op<any>, attrs: any): boolean {
  if (op.name === "matmul") return !attrs.ta && !attrs.tb;
  return op.name === "conv2d" && attrs.groups === 1;
}

/**
 * Value and gradient of `loss` as `valueAndGrad` gives them, and for every parameter in the order
 * of `leaves` the factors of each use as the weights of a matmul or conv2d: none where it is used
 * otherwise, or inside `checkpoint`.
 */
export function valueGradFactors<P extends Tree>(
  loss: (params: P) => Tensor,
  params: P,
): [Tensor, P, Factors[][]] {
  const uses: { readonly leaf: number; readonly shape: Shape }[] = [];
  unrecorded(() =>
    scope(() =>
      trace(leaves(stopGradient(params)), (list) => {
        const note: Seen = (leaf, op, xs, attrs) => {
          const [{ shape }] = op.specs(xs, attrs);
          uses.push({ leaf, shape });
          return apply(op, xs, attrs);
        };
        return [watched(list, note, () => loss(refill(params, list)))];
      }),
    ),
  );
  const { device } = leaves(params)[0];
  const taps = uses.map(({ shape }) => expand(constant(device, 0, "float32"), shape));
  const differentiated = valueAndGrad(
    (at: { params: P; taps: Tensor[] }) => {
      const us: Tensor[] = [];
      const tap: Seen = (_, op, xs, attrs) => {
        const k = us.length;
        const u = op.name === "matmul" ? xs[0] : patches(op, xs, attrs);
        u.physical.pinned = true; // so that no scope inside the loss frees it
        us.push(u);
        return [add(apply(op, xs, attrs)[0], at.taps[k])];
      };
      return [watched(leaves(at.params), tap, () => loss(at.params)), us];
    },
    { aux: true },
  );
  const [[value, us], grads] = differentiated({ params, taps });
  const found: Factors[][] = leaves(params).map(() => []);
  for (const [k, { leaf, shape }] of uses.entries()) {
    const d = reshape(grads.taps[k], [-1, shape[shape.length - 1]]);
    found[leaf].push({ u: us[k], d });
  }
  return [value, grads.params, found];
}

/** The patches that a convolution reads, [rows, kh kw c]: its own result with a unit kernel. */
// biome-ignore lint/suspicious/noExplicitAny: attrs of conv2d
function patches(op: Op<any>, [x, w]: readonly Tensor[], attrs: any): Tensor {
  const [kh, kw, c] = w.shape;
  const n = kh * kw * c;
  const [y] = apply(op, [x, reshape(eye(n), [kh, kw, c, n])], { ...attrs, oc: n });
  return reshape(y, [-1, n]);
}
