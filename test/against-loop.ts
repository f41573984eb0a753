// What tests of vmap compare with: the loop over examples, and how near to it is right.

import { expect } from "vitest";
import type { Device } from "../src/device/device";
import { vmap } from "../src/grad/vmap";
import { reshape, slice, stack } from "../src/ops/index";
import { tensor } from "../src/tensor/create";
import type { Tensor } from "../src/tensor/tensor";
import { leaves, type Tree } from "../src/tensor/tree";

/** Numbers without a pattern, in [-1, 1]. */
export function numbers(shape: readonly number[], from = 0): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const value = (_: unknown, i: number) => Math.sin(12.9898 * (i + 1 + 7 * from));
  return tensor(Float32Array.from({ length: size }, value), shape);
}

/** Example b of tensors with an axis of examples in front. */
export function example(x: Tensor, b: number): Tensor {
  const own = x.shape.slice(1);
  return reshape(slice(x, [b], [1]), own);
}

/** Throws unless all leaves are equal to rounding, relative to the largest of each. */
export function sameOn(device: Device) {
  const rate = device.name === "reference" ? 1e-12 : 1e-5;
  return async (got: Tree, want: Tree): Promise<void> => {
    const expected = leaves(want);
    expect(leaves(got).map((t) => t.shape)).toEqual(expected.map((t) => t.shape));
    for (const [i, t] of leaves(got).entries()) {
      const list = [...(await expected[i].data())];
      const scale = list.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      for (const [j, v] of [...(await t.data())].entries()) {
        const off = Math.abs(v - list[j]);
        expect(off, `leaf ${i}, element ${j}`).toBeLessThanOrEqual(rate * scale);
      }
    }
  };
}

/** Throws unless vmap(f) is the stack of f of each example. */
export function loopOn(device: Device) {
  const expectSame = sameOn(device);
  return async (f: (x: Tensor) => Tree, xs: Tensor): Promise<void> => {
    const each = Array.from({ length: xs.shape[0] }, (_, b) => leaves(f(example(xs, b))));
    const want = each[0].map((_, i) => stack(each.map((list) => list[i])));
    await expectSame(leaves(vmap(f)(xs)), want);
  };
}
