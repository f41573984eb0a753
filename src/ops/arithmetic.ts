// Arithmetic of two tensors, broadcasting as NumPy: each a record of its kernel and its gradient.

import type { Like } from "../tensor/create";
import type { DefinedOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { cast } from "./cast";
import { equal, greater, greaterEqual, logicalAnd, where } from "./compare";
import { aligned, elementwise, pair } from "./elementwise";
import { log, neg } from "./math";

type Binary = DefinedOp<undefined>;

const addOp: Binary = elementwise("add", {
  float32: "add",
  int32: "intAdd",
  vjp: (g) => [() => g, () => g],
});

const subOp: Binary = elementwise("sub", {
  float32: "sub",
  int32: "intSub",
  vjp: (g) => [() => g, () => neg(g)],
});

const mulOp: Binary = elementwise("mul", {
  float32: "mul",
  int32: "intMul",
  vjp: (g, _, [a, b]) => [() => mul(g, b), () => mul(g, a)],
});

const divOp: Binary = elementwise("div", {
  float32: "div",
  vjp: (g, y, [, b]) => [() => div(g, b), () => neg(div(mul(g, y), b))],
});

const powOp: Binary = elementwise("pow", {
  float32: "pow",
  vjp: (g, y, [a, b]) => [
    () => {
      // 0 · 0⁻¹ is 0 here, and so are its gradients: b · 1 where both are 0.
      const base = where(logicalAnd(equal(a, 0), equal(b, 0)), 1, a);
      return mul(g, mul(b, pow(base, sub(b, 1))));
    },
    () => mul(g, where(greater(a, 0), mul(y, log(where(greater(a, 0), a, 1))), 0)),
  ],
});

/** 1 where a > b, 1/2 where they are equal. */
const share = (a: Tensor, b: Tensor) =>
  mul(add(cast(greater(a, b), "float32"), cast(greaterEqual(a, b), "float32")), 0.5);

const maximumOp: Binary = elementwise("maximum", {
  float32: "maximum",
  int32: "intMaximum",
  vjp: (g, _, [a, b]) => [() => mul(g, share(a, b)), () => mul(g, share(b, a))],
});

const minimumOp: Binary = elementwise("minimum", {
  float32: "minimum",
  int32: "intMinimum",
  vjp: (g, _, [a, b]) => [() => mul(g, share(b, a)), () => mul(g, share(a, b))],
});

/** a + b. */
export function add(a: Like, b: Like): Tensor {
  return addOp(aligned("add", pair("add", a, b)));
}

/** a − b. */
export function sub(a: Like, b: Like): Tensor {
  return subOp(aligned("sub", pair("sub", a, b)));
}

/** a · b, element by element. */
export function mul(a: Like, b: Like): Tensor {
  return mulOp(aligned("mul", pair("mul", a, b)));
}

/** a / b; float32 only. */
export function div(a: Like, b: Like): Tensor {
  return divOp(aligned("div", pair("div", a, b)));
}

/** a to the power b; NaN where a < 0 and b is no whole number. The gradient by b is 0 where
 * a ≤ 0. */
export function pow(a: Like, b: Like): Tensor {
  const [x, y] = pair("pow", a, b);
  if (y.constant === 1) return x;
  return powOp(aligned("pow", [x, y]));
}

/** The larger of a and b; NaN if either is. Equal ones share the gradient. */
export function maximum(a: Like, b: Like): Tensor {
  return maximumOp(aligned("maximum", pair("maximum", a, b)));
}

/** The smaller of a and b; NaN if either is. Equal ones share the gradient. */
export function minimum(a: Like, b: Like): Tensor {
  return minimumOp(aligned("minimum", pair("minimum", a, b)));
}

/** x held between `low` and `high`. The gradient passes where low ≤ x ≤ high. */
export function clip(x: Tensor, low: Like, high: Like): Tensor {
  const bounds = [pair("clip", x, low)[1], pair("clip", x, high)[1]];
  const [v, a, b] = aligned("clip", [x, ...bounds]);
  const floor = where(greater(a, v), a, v);
  return where(greater(v, b), b, floor);
}
