// Functions of one tensor, element by element. `y` in a gradient is the output's own node, so it
// can be differentiated again.

import type { Tensor } from "../tensor/tensor";
import { add, div, mul, sub } from "./arithmetic";
import { elementwise } from "./elementwise";

const TWO_OVER_ROOT_PI = 1.1283791670955126;
const HALF_ROOT_PI = 0.886226925452758;

const negOp = elementwise("neg", {
  float32: "neg",
  int32: "intNeg",
  vjp: (g) => [() => neg(g)],
});
const absOp = elementwise("abs", {
  float32: "abs",
  int32: "intAbs",
  vjp: (g, _, [x]) => [() => mul(g, sign(x))],
});
const signOp = elementwise("sign", { float32: "sign", int32: "intSign" });
const squareOp = elementwise("square", {
  float32: "square",
  vjp: (g, _, [x]) => [() => mul(mul(g, 2), x)],
});
const sqrtOp = elementwise("sqrt", {
  float32: "sqrt",
  vjp: (g, y) => [() => div(mul(g, 0.5), y)],
});
const rsqrtOp = elementwise("rsqrt", {
  float32: "rsqrt",
  vjp: (g, y) => [() => mul(mul(g, -0.5), mul(y, square(y)))],
});
const reciprocalOp = elementwise("reciprocal", {
  float32: "reciprocal",
  vjp: (g, y) => [() => neg(mul(g, square(y)))],
});
const expOp = elementwise("exp", { float32: "exp", vjp: (g, y) => [() => mul(g, y)] });
const expm1Op = elementwise("expm1", {
  float32: "expm1",
  vjp: (g, y) => [() => mul(g, add(y, 1))],
});
const logOp = elementwise("log", { float32: "log", vjp: (g, _, [x]) => [() => div(g, x)] });
const log1pOp = elementwise("log1p", {
  float32: "log1p",
  vjp: (g, _, [x]) => [() => div(g, add(x, 1))],
});
const sinOp = elementwise("sin", {
  float32: "sin",
  vjp: (g, _, [x]) => [() => mul(g, cos(x))],
});
const cosOp = elementwise("cos", {
  float32: "cos",
  vjp: (g, _, [x]) => [() => neg(mul(g, sin(x)))],
});
const tanhOp = elementwise("tanh", {
  float32: "tanh",
  vjp: (g, y) => [() => mul(g, sub(1, square(y)))],
});
const erfOp = elementwise("erf", {
  float32: "erf",
  vjp: (g, _, [x]) => [() => mul(g, mul(exp(neg(square(x))), TWO_OVER_ROOT_PI))],
});
const erfInvOp = elementwise("erfInv", {
  float32: "erfInv",
  vjp: (g, y) => [() => mul(g, mul(exp(square(y)), HALF_ROOT_PI))],
});
const floorOp = elementwise("floor", { float32: "floor" });
const ceilOp = elementwise("ceil", { float32: "ceil" });
const roundOp = elementwise("round", { float32: "round" });

/** −x. */
export function neg(x: Tensor): Tensor {
  return negOp([x]);
}

/** |x|; gradient 0 at 0. */
export function abs(x: Tensor): Tensor {
  return absOp([x]);
}

/** −1, 0 or 1; zero gradient. */
export function sign(x: Tensor): Tensor {
  return signOp([x]);
}

/** x². */
export function square(x: Tensor): Tensor {
  return squareOp([x]);
}

/** √x; its gradient at 0 is infinite. */
export function sqrt(x: Tensor): Tensor {
  return sqrtOp([x]);
}

/** 1/√x. */
export function rsqrt(x: Tensor): Tensor {
  return rsqrtOp([x]);
}

/** 1/x. */
export function reciprocal(x: Tensor): Tensor {
  return reciprocalOp([x]);
}

/** e to the power x. */
export function exp(x: Tensor): Tensor {
  return expOp([x]);
}

/** eˣ − 1, accurate near 0. */
export function expm1(x: Tensor): Tensor {
  return expm1Op([x]);
}

/** Natural logarithm; −∞ at 0, NaN below. */
export function log(x: Tensor): Tensor {
  return logOp([x]);
}

/** log(1 + x), accurate near 0. */
export function log1p(x: Tensor): Tensor {
  return log1pOp([x]);
}

/** Sine of x in radians. */
export function sin(x: Tensor): Tensor {
  return sinOp([x]);
}

/** Cosine of x in radians. */
export function cos(x: Tensor): Tensor {
  return cosOp([x]);
}

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return tanhOp([x]);
}

/** Error function: 2/√π times the integral of exp(−t²) from 0 to x. */
export function erf(x: Tensor): Tensor {
  return erfOp([x]);
}

/** Inverse of `erf` on (−1, 1); ±∞ at the ends, NaN outside. */
export function erfInv(x: Tensor): Tensor {
  return erfInvOp([x]);
}

/** Largest whole number not above x; zero gradient. */
export function floor(x: Tensor): Tensor {
  return floorOp([x]);
}

/** Smallest whole number not below x; zero gradient. */
export function ceil(x: Tensor): Tensor {
  return ceilOp([x]);
}

/** Nearest whole number, halves to even; zero gradient. */
export function round(x: Tensor): Tensor {
  return roundOp([x]);
}
