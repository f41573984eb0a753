// Comparisons and logic: bool results, zero gradient. And `where`, which chooses by them.

import type { Like } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { needBools } from "./checks";
import { aligned, elementwise, pair, toTensor } from "./elementwise";

const equalOp = elementwise("equal", {
  float32: "equal",
  int32: "intEqual",
  bool: "intEqual",
  gives: "bool",
});
const lessOp = elementwise("less", { float32: "less", int32: "intLess", gives: "bool" });
const lessEqualOp = elementwise("lessEqual", {
  float32: "lessEqual",
  int32: "intLessEqual",
  gives: "bool",
});
const notOp = elementwise("logicalNot", { bool: "logicalNot" });
const andOp = elementwise("logicalAnd", { bool: "logicalAnd" });
const orOp = elementwise("logicalOr", { bool: "logicalOr" });
const isNaNOp = elementwise("isNaN", { float32: "isNaN", gives: "bool" });

/** a = b, element by element; NaN equals nothing. */
export function equal(a: Like, b: Like): Tensor {
  return equalOp(aligned("equal", pair("equal", a, b)));
}

/** a ≠ b, element by element. */
export function notEqual(a: Like, b: Like): Tensor {
  return notOp([equalOp(aligned("notEqual", pair("notEqual", a, b)))]);
}

/** a < b, element by element. */
export function less(a: Like, b: Like): Tensor {
  return lessOp(aligned("less", pair("less", a, b)));
}

/** a ≤ b, element by element. */
export function lessEqual(a: Like, b: Like): Tensor {
  return lessEqualOp(aligned("lessEqual", pair("lessEqual", a, b)));
}

/** a > b, element by element. */
export function greater(a: Like, b: Like): Tensor {
  const [x, y] = aligned("greater", pair("greater", a, b));
  return lessOp([y, x]);
}

/** a ≥ b, element by element. */
export function greaterEqual(a: Like, b: Like): Tensor {
  const [x, y] = aligned("greaterEqual", pair("greaterEqual", a, b));
  return lessEqualOp([y, x]);
}

/** Of bool tensors. */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return andOp(aligned("logicalAnd", pair("logicalAnd", a, b)));
}

/** Of bool tensors. */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return orOp(aligned("logicalOr", pair("logicalOr", a, b)));
}

/** Of a bool tensor. */
export function logicalNot(x: Tensor): Tensor {
  return notOp([x]);
}

/** Which elements are NaN. */
export function isNaN(x: Tensor): Tensor {
  return isNaNOp([x]);
}

/** Which elements are neither infinite nor NaN. */
export function isFinite(x: Tensor): Tensor {
  return logicalAnd(less(x, Number.POSITIVE_INFINITY), greater(x, Number.NEGATIVE_INFINITY));
}

const whereOp = elementwise("where", {
  float32: "where",
  int32: "where",
  bool: "where",
  vjp: (g, _, [condition]) => [null, () => where(condition, g, 0), () => where(condition, 0, g)],
});

/**
 * `a` where the condition holds, else `b`; the three broadcast. The side not chosen gets gradient
 * 0, also where its value is not finite.
 * @throws DTypeError when the condition is no bool or the types of a and b differ
 */
export function where(condition: Tensor, a: Like, b: Like): Tensor {
  const c = toTensor("where", condition);
  needBools("where", "condition", c);
  return whereOp(aligned("where", [c, ...pair("where", a, b)]));
}
