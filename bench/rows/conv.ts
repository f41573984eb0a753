// Rows: convolution, its two gradients, and the gradient of a gradient. Only useful arithmetic is
// counted: every one of the three derivatives does as much as the forward pass.

import { conv2d, conv2dInput, conv2dKernel, grad, mul, sum, type Tensor } from "hypergrad";
import { type Group, type Input, images, type Row } from "../row";

export interface ConvCase {
  n: number;
  side: number;
  c: number;
  oc: number;
  stride?: 1 | 2;
  quick?: boolean;
}

/** A 3x3 convolution with padding 1: forward, both gradients, and ∂/∂x of ⟨dW, v⟩. */
export function convFamily({ n, side, c, oc, stride = 1, quick }: ConvCase): Group {
  const padding = 1;
  const options = { stride, padding };
  const out = Math.floor((side + 2 * padding - 3) / stride) + 1;
  const image = images(n, side, side, c);
  const kernel: Input = { kind: "normal", shape: [3, 3, c, oc], role: "kernel" };
  const result = images(n, out, out, oc);
  const elements = n * (side * side * c + out * out * oc) + 9 * c * oc;
  const forward = { flops: 2 * n * out * out * oc * 9 * c, bytes: 4 * elements };
  const name = `${n}x${side}x${side}, ${c} to ${oc}${stride === 1 ? "" : `, stride ${stride}`}`;

  /** ∂/∂x of ⟨dW, v⟩, dW the weight gradient for the cotangent g. */
  const second = (g: Tensor, v: Tensor, x: Tensor) =>
    grad((at: Tensor) => sum(mul(conv2dKernel(at, g, { ...options, size: [3, 3] }), v)))(x);

  const row = (what: string, rest: Omit<Row, "name" | "work">): Row => ({
    name: `conv ${what} ${name}`,
    work: forward,
    ...rest,
  });
  return {
    name: `conv ${name}`,
    rows: [
      row("forward", {
        inputs: [image, kernel],
        f: (x, w) => conv2d(x, w, options),
        within: "arithmetic",
        quick,
      }),
      row("input gradient", {
        inputs: [result, kernel],
        f: (g, w) => conv2dInput(g, w, { ...options, size: [side, side] }),
        within: "arithmetic",
        quick,
      }),
      row("kernel gradient", {
        inputs: [image, result],
        f: (x, g) => conv2dKernel(x, g, { ...options, size: [3, 3] }),
        within: "arithmetic",
        quick,
      }),
      row("second order, compiled", {
        inputs: [result, kernel, image],
        f: second,
        truth: (g, v) => conv2dInput(g, v, { ...options, size: [side, side] }),
        computes: `conv input gradient ${name}`,
        within: "arithmetic",
        compiled: true,
        quick,
      }),
    ],
  };
}

export const convGroups: readonly Group[] = [
  convFamily({ n: 5, side: 28, c: 1, oc: 32, quick: true }),
  convFamily({ n: 75, side: 28, c: 1, oc: 32 }),
  convFamily({ n: 5, side: 14, c: 32, oc: 64, quick: true }),
  convFamily({ n: 75, side: 14, c: 32, oc: 64 }),
  convFamily({ n: 64, side: 32, c: 3, oc: 32 }),
  convFamily({ n: 5, side: 7, c: 64, oc: 64 }),
  convFamily({ n: 5, side: 14, c: 32, oc: 32, stride: 2, quick: true }),
  convFamily({ n: 5, side: 28, c: 1, oc: 32, stride: 2 }),
  convFamily({ n: 4, side: 84, c: 3, oc: 32 }),
];
