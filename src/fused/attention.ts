// Attention as two fused ops, one the gradient of the other, that hold a block of scores at a
// time. Right at any order: the second gradient is that of the decomposition.

import { ShapeError } from "../core/errors";
import { optionsOf } from "../core/options";
import { broadcast, type Shape, sameShape, show, sizeOf } from "../core/shape";
import { needRest } from "../device/rest";
import { needBools, needFloats } from "../ops/checks";
import { expand } from "../ops/expand";
import { reshape } from "../ops/reshape";
import { apply, type BatchRule, type Calls, type Op, type Operand } from "../tensor/op";
import { scope } from "../tensor/scope";
import type { Tensor } from "../tensor/tensor";
import { attentionBackwardSteps } from "./attentionSteps";
import { pullThrough } from "./decompose";

needRest();

interface Form {
  readonly causal: boolean;
  readonly scale: number;
}

/** Operand of the mask and the parameters of both kernels. */
function call(calls: Calls, q: Operand, k: Operand, v: Operand, mask: Operand | null, form: Form) {
  const [n, tq, d] = q.shape;
  const [, tk, dv] = v.shape;
  const [count, rows] = mask === null ? [1, 1] : mask.shape;
  const mr = rows === 1 ? 0 : tk;
  const ms = count === 1 ? 0 : rows * tk;
  const flags = [form.causal ? 1 : 0, mask === null ? 0 : 1];
  const inputs = [calls.solid(q), calls.solid(k), calls.solid(v)];
  return {
    inputs: [...inputs, mask === null ? inputs[0] : calls.solid(mask)],
    params: [n, tq, tk, d, dv, ...flags, ms, mr, form.scale],
  };
}

/** q [n, tq, d], k [n, tk, d], v [n, tk, dv], mask? [n or 1, tq or 1, tk] to y and lse. */
const forwardOp: Op<Form> = {
  name: "attentionForward",
  kind: "general",
  differentiable: true,
  specs: ([q, , v]) => {
    const lead = q.shape.slice(0, 2);
    return [
      { shape: [...lead, v.shape[2]], dtype: "float32" },
      { shape: lead, dtype: "float32" },
    ];
  },
  view: null,
  run: (calls, [q, k, v, mask = null], [y, lse], form) => {
    const { inputs, params } = call(calls, q, k, v, mask, form);
    calls.run("attentionForward", inputs, [y.storage, lse.storage], params);
  },
  // lse is there for the backward op alone, whose gradient does not pass through it.
  pull: ([g], [y, lse], [q, k, v, ...mask], form) => {
    let made: readonly Tensor[] | null = null;
    return [0, 1, 2].map((i) => () => {
      made ??= apply(backwardOp, [q, k, v, y, lse, g!, ...mask], form);
      return made[i];
    });
  },
  batch: (...given) => overExamples(forwardOp, 3, ...given),
};

/** q, k, v, y, lse, g, mask? to the gradients by q, k and v, which q, k, v and g determine. */
const backwardOp: Op<Form> = {
  name: "attentionBackward",
  kind: "general",
  differentiable: true,
  specs: ([q, k, v]) => [q, k, v].map(({ shape }) => ({ shape, dtype: "float32" as const })),
  view: null,
  run: (calls, [q, k, v, y, lse, g, mask = null], ys, form) => {
    const { inputs, params } = call(calls, q, k, v, mask, form);
    const more = [calls.solid(y), calls.solid(lse), calls.solid(g)];
    const outputs = ys.map((out) => out.storage);
    calls.run("attentionBackward", [...inputs, ...more], outputs, params);
  },
  pull: (us, _, [q, k, v, , , g, mask], form) => {
    const [byQ, byK, byV, byG] = pullThrough(
      ([q, k, v, g]) => attentionBackwardSteps({ q, k, v, mask, ...form }, g),
      [q, k, v, g],
      us,
    );
    return [byQ, byK, byV, null, null, byG];
  },
  batch: (...given) => overExamples(backwardOp, 6, ...given),
};

/** The batching rule: examples are more of the n. The mask, at place `maskAt`, may have n = 1. */
function overExamples(
  op: Op<Form>,
  maskAt: number,
  ...[xs, batched, form, size]: Parameters<BatchRule<Form>>
): Tensor[] {
  const n = xs[0].shape[batched[0] ? 1 : 0];
  const all = xs.map((x, i) => {
    const own = batched[i] ? x.shape.slice(1) : x.shape;
    if (i === maskAt && !batched[i] && own[0] === 1) return x;
    const from = batched[i] ? x : reshape(x, [1, ...own]);
    return reshape(expand(from, [size, n, ...own.slice(1)]), [size * n, ...own.slice(1)]);
  });
  return apply(op, all, form).map((y) => reshape(y, [size, n, ...y.shape.slice(1)]));
}

export interface AttentionOptions {
  /** Which keys each query may see, bool, broadcasts to [..., tq, tk]. Default: all. */
  readonly mask?: Tensor;
  /** Whether query i sees no key after its own place; the last query stands at the last key. */
  readonly causal?: boolean;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017): softmax(q kᵀ / √d) v for q [..., tq, d],
 * k [..., tk, d], v [..., tk, dv], whose leading axes broadcast; [..., tq, dv]. A query that sees
 * no key gives 0. Takes memory for a block of the scores, not for all of them.
 * @throws ShapeError when sizes do not fit
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const { mask, causal = false } = optionsOf("attention", options, ["mask", "causal"]);
  needFloats("attention", { q, k, v });
  const { lead, tq, tk, d, dv } = check(q, k, v);
  const n = sizeOf(lead);
  return scope(() => {
    const flat = (x: Tensor) => {
      const own = x.shape.slice(-2);
      const whole = sameShape(x.shape.slice(0, -2), lead) ? x : expand(x, [...lead, ...own]);
      return reshape(whole, [n, ...own]);
    };
    const xs = [flat(q), flat(k), flat(v)];
    if (mask !== undefined) xs.push(flatMask(mask, lead, tq, tk));
    const [y] = apply(forwardOp, xs, { causal, scale: d === 0 ? 1 : 1 / Math.sqrt(d) });
    return reshape(y, [...lead, tq, dv]);
  });
}

function check(q: Tensor, k: Tensor, v: Tensor) {
  const [a, b, c] = [q, k, v].map(({ shape }) => shape);
  const enough = [a, b, c].every((shape) => shape.length >= 2);
  const [tq, d] = a.slice(-2);
  const [tk, dk] = b.slice(-2);
  const [tv, dv] = c.slice(-2);
  const both = broadcast(a.slice(0, -2), b.slice(0, -2));
  const lead = both && broadcast(both, c.slice(0, -2));
  if (!enough || d !== dk || tk !== tv || lead === null) {
    throw new ShapeError(
      `attention: sizes do not fit: q is ${show(a)}, k is ${show(b)}, v is ${show(c)}. ` +
        "Give q [..., tq, d], k [..., tk, d], v [..., tk, dv].",
    );
  }
  return { lead, tq, tk, d, dv };
}

/** The mask as [n or 1, tq or 1, tk], repeated no further than it must. */
function flatMask(mask: Tensor, lead: Shape, tq: number, tk: number): Tensor {
  needBools("attention", "mask", mask);
  const shape = [1, 1, ...mask.shape].slice(-Math.max(2, mask.shape.length));
  const all = [...lead, tq, tk];
  const wide = broadcast(shape, all);
  if (wide === null || !sameShape(wide, all)) {
    throw new ShapeError(
      `attention: the mask does not fit: mask is ${show(mask.shape)}, scores are ${show(all)}. ` +
        "It must broadcast to them.",
    );
  }
  const rows = shape[shape.length - 2] === 1 ? 1 : tq;
  const own = reshape(mask, shape);
  if (sizeOf(shape.slice(0, -2)) === 1) {
    return reshape(expand(own, [...shape.slice(0, -1), tk]), [1, shape[shape.length - 2], tk]);
  }
  return reshape(expand(own, [...lead, rows, tk]), [sizeOf(lead), rows, tk]);
}
