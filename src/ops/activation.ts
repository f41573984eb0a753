// Activation functions, element by element.

import { optionsOf } from "../core/options";
import type { DefinedOp } from "../tensor/op";
import type { Tensor } from "../tensor/tensor";
import { add, mul, sub } from "./arithmetic";
import { greater, where } from "./compare";
import { elementwise } from "./elementwise";
import { erf, expm1, square, tanh } from "./math";

const ROOT_HALF = Math.SQRT1_2;
const ROOT_TWO_OVER_PI = 0.7978845608028654;

const sigmoidOp = elementwise("sigmoid", {
  float32: "sigmoid",
  vjp: (g, y) => [() => mul(g, mul(y, sub(1, y)))],
});
const softplusOp = elementwise("softplus", {
  float32: "softplus",
  vjp: (g, _, [x]) => [() => mul(g, sigmoid(x))],
});
const reluOp = elementwise("relu", {
  float32: "relu",
  vjp: (g, y) => [() => gate([g, y])], // y > 0 exactly where x > 0
});

/** gate(g, x) is g where x > 0, else 0. */
const gate: DefinedOp<undefined> = elementwise("gate", {
  float32: "gate",
  vjp: (v, _, [, x]) => [() => gate([v, x]), null],
});

/** max(x, 0); gradient 0 at 0. */
export function relu(x: Tensor): Tensor {
  return reluOp([x]);
}

/** x above 0, `slope` · x below. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return where(greater(x, 0), x, mul(x, slope));
}

/** x above 0, `alpha` · (eˣ − 1) below (Clevert et al. 2015). */
export function elu(x: Tensor, alpha = 1): Tensor {
  const positive = greater(x, 0);
  const below = expm1(where(positive, 0, x)); // finite above 0 too, so that its gradient is
  return where(positive, x, alpha === 1 ? below : mul(below, alpha));
}

/**
 * x · Φ(x), Φ the normal distribution's (Hendrycks and Gimpel 2016). The usual tanh form
 * 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))), or with `exact` the one by erf.
 */
export function gelu(x: Tensor, options: { exact?: boolean } = {}): Tensor {
  const { exact = false } = optionsOf("gelu", options, ["exact"]);
  const half = mul(x, 0.5);
  if (exact) return mul(half, add(erf(mul(x, ROOT_HALF)), 1));
  const inner = mul(mul(x, ROOT_TWO_OVER_PI), add(mul(square(x), 0.044715), 1));
  return mul(half, add(tanh(inner), 1));
}

/** x · sigmoid(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(x: Tensor): Tensor {
  return sigmoidOp([x]);
}

/** log(1 + eˣ), without overflow. */
export function softplus(x: Tensor): Tensor {
  return softplusOp([x]);
}
