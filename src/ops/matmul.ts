// Matrix products. Each gradient is again a matrix product, in one of the four transpose layouts.

import { DTypeError, ShapeError } from "../core/errors";
import { optionsOf } from "../core/options";
import { broadcast, type Shape, sameShape, show, sizeOf } from "../core/shape";
import { type DefinedOp, defineOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { needTensors } from "./checks";
import { apart, expand, sumTo } from "./expand";
import { expandDims, reshape } from "./reshape";

export interface MatmulOptions {
  /** Read a as [..., k, m]. */
  readonly transposeA?: boolean;
  /** Read b as [..., n, k]. */
  readonly transposeB?: boolean;
}

interface Layout {
  readonly ta: boolean;
  readonly tb: boolean;
}

/** a [batch?, m, k], b [batch?, k, n]; a side of rank 2 serves all of the other's batch. */
const matmulOp: DefinedOp<Layout> = defineOp<Layout>({
  name: "matmul",
  kind: "bilinear",
  shape: ([a, b], layout) => {
    const { m, n } = dims(a.shape, b.shape, layout);
    const batch = a.shape.length === 3 ? a.shape[0] : b.shape.length === 3 ? b.shape[0] : null;
    return { shape: batch === null ? [m, n] : [batch, m, n], dtype: "float32" };
  },
  run: (calls, [a, b], y, { ta, tb }) => {
    const { m, k, n } = dims(a.shape, b.shape, { ta, tb });
    const batch = y.shape.length === 3 ? y.shape[0] : 1;
    const [left, as] = apart(calls, a, 2);
    const [right, bs] = apart(calls, b, 2);
    // One matrix for every row of a: a single tall product.
    const sizes = as > 0 && bs === 0 && !ta ? [1, batch * m, k, n] : [batch, m, k, n];
    const params = [...sizes, ta ? 1 : 0, tb ? 1 : 0, as, bs];
    calls.run("matmul", [left, right], [y.storage], params);
  },
  // y = A B gives dA = g Bᵀ and dB = Aᵀ g, and their transposes where a or b is stored transposed.
  vjp: (g, _, [a, b], { ta, tb }) => [
    () => shared(ta ? product(b, g, tb, true) : product(g, b, false, !tb), a),
    () => shared(tb ? product(g, a, true, ta) : product(a, g, !ta, false), b),
  ],
  batch: ([a, b], [inA, inB], { ta, tb }) => {
    const ranks = [a.shape.length - (inA ? 1 : 0), b.shape.length - (inB ? 1 : 0)];
    const rank = Math.max(...ranks);
    const lead = (x: Tensor, own: number, batched: boolean) =>
      batched && own < rank ? expandDims(x, 1) : x;
    const [left, right] = [lead(a, ranks[0], inA), lead(b, ranks[1], inB)];
    return matmul(left, right, { transposeA: ta, transposeB: tb });
  },
});

/** The gradient of a matrix that served a whole batch is the sum over it. */
function shared(gradient: Tensor, x: Tensor): Tensor {
  return sumTo(gradient, x.shape);
}

function product(a: Tensor, b: Tensor, ta: boolean, tb: boolean): Tensor {
  return matmulOp([a, b], { ta, tb });
}

function dims(a: Shape, b: Shape, { ta, tb }: Layout) {
  const [a0, a1] = a.slice(-2);
  const [b0, b1] = b.slice(-2);
  return { m: ta ? a1 : a0, k: ta ? a0 : a1, k2: tb ? b1 : b0, n: tb ? b0 : b1 };
}

/**
 * Matrix product over the last two axes: a [..., m, k] times b [..., k, n] is [..., m, n]; leading
 * axes broadcast. A vector counts as a row (a) or a column (b), and its axis is dropped.
 * @throws ShapeError when the inner sizes or the leading axes do not fit
 * @throws DTypeError unless both are float32
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const names = ["transposeA", "transposeB"] as const;
  const { transposeA = false, transposeB = false } = optionsOf("matmul", options, names);
  if (a?.dtype !== "float32" || b?.dtype !== "float32") {
    needTensors("matmul", { a, b });
    throw new DTypeError(
      `matmul: wrong dtype: a is ${a.dtype}, b is ${b.dtype}. Use cast(x, "float32").`,
    );
  }
  if (a.shape.length === 0 || b.shape.length === 0) {
    throw new ShapeError(
      `matmul: a scalar has no rows: a is ${show(a.shape)}, b is ${show(b.shape)}. Use mul().`,
    );
  }
  const row = a.shape.length === 1 ? reshape(a, transposeA ? [a.size, 1] : [1, a.size]) : a;
  const column = b.shape.length === 1 ? reshape(b, transposeB ? [1, b.size] : [b.size, 1]) : b;
  const y = product2(row, column, { ta: transposeA, tb: transposeB }, a, b);
  if (row === a && column === b) return y;
  const rank = y.shape.length;
  const drop = (i: number) => (row !== a && i === rank - 2) || (column !== b && i === rank - 1);
  return reshape(
    y,
    y.shape.filter((_, i) => !drop(i)),
  );
}

/** Brings the leading axes to one batch axis, or to none. */
function product2(a: Tensor, b: Tensor, layout: Layout, userA: Tensor, userB: Tensor): Tensor {
  const { m, k, k2, n } = dims(a.shape, b.shape, layout);
  if (k !== k2) throw innerSizes(userA, userB, layout, k, k2);
  const leadA = a.shape.slice(0, -2);
  const leadB = b.shape.slice(0, -2);
  const lead = broadcast(leadA, leadB);
  if (lead === null) {
    throw new ShapeError(
      `matmul: leading axes do not broadcast: a is ${show(a.shape)}, b is ${show(b.shape)}. ` +
        "All sizes but the last two must be equal or 1.",
    );
  }
  if (lead.length === 0) return matmulOp([a, b], layout);
  const oneA = sizeOf(leadA) === 1;
  const oneB = sizeOf(leadB) === 1;
  if (oneB && !layout.ta) {
    // One matrix for every row of a: a single tall product.
    const tall = matmulOp(
      [reshape(a, [sizeOf(leadA) * m, k]), reshape(b, b.shape.slice(-2))],
      layout,
    );
    return reshape(tall, [...lead, m, n]);
  }
  const flat = (x: Tensor, one: boolean, own: Shape) => {
    const matrix = x.shape.slice(-2);
    if (one) return reshape(x, matrix);
    const whole = sameShape(own, lead) ? x : expand(x, [...lead, ...matrix]);
    return reshape(whole, [sizeOf(lead), ...matrix]);
  };
  const y = matmulOp([flat(a, oneA && !oneB, leadA), flat(b, oneB && !oneA, leadB)], layout);
  return reshape(y, [...lead, m, n]);
}

function innerSizes(a: Tensor, b: Tensor, { ta, tb }: Layout, k: number, k2: number): ShapeError {
  const endA = ta && a.shape.length > 1 ? "second to last" : "last";
  const endB =
    !tb && b.shape.length > 1 ? (b.shape.length === 2 ? "first" : "second to last") : "last";
  return new ShapeError(
    `matmul: inner sizes differ: a is ${show(a.shape)}, b is ${show(b.shape)}; a's ${endA} ` +
      `(${k}) must equal b's ${endB} (${k2}).`,
  );
}
