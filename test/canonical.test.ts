// The one form of a chain: chains that mean the same get it, others do not, and it computes what
// the chain computes.

import { expect, test } from "vitest";
import { functionList, functions } from "../src/device/functions";
import { canonical } from "../src/device/webgpu/canonical";

const { add, mul, sub, exp, copy } = functions;

/** What steps make of input values. */
function runs(inputs: readonly number[], outputs: number, code: readonly number[]): number[] {
  const registers = [...inputs];
  for (let s = 0; s < code.length; s += 5) {
    const [f, x, y, z, to] = code.slice(s, s + 5);
    registers[to] = functionList[f].js(registers[x], registers[y], registers[z]);
  }
  return registers.slice(inputs.length, inputs.length + outputs);
}

function same(inputs: readonly number[], outputs: number, code: readonly number[]): void {
  const { code: steps, order } = canonical(inputs.length, outputs, code);
  expect([...order].sort()).toEqual(inputs.map((_, i) => i));
  const moved = order.map((i) => inputs[i]);
  expect(runs(moved, outputs, steps)).toEqual(runs(inputs, outputs, code));
}

test("products and sums in another order are one chain", () => {
  const a = canonical(3, 1, [mul.code, 0, 1, 0, 4, add.code, 4, 2, 4, 3]); // x0 x1 + x2
  const b = canonical(3, 1, [mul.code, 1, 2, 1, 4, add.code, 0, 4, 0, 3]); // x0 + x1 x2
  expect(a.code).toEqual(b.code);
  expect(a.order).toEqual([0, 1, 2]);
  expect(b.order).toEqual([1, 2, 0]);
});

test("registers used again, and steps in another order, are one chain", () => {
  const apart = [exp.code, 0, 0, 0, 4, exp.code, 1, 1, 1, 5, sub.code, 4, 5, 4, 2];
  const again = [exp.code, 1, 1, 1, 3, exp.code, 0, 0, 0, 4, sub.code, 4, 3, 4, 2];
  expect(canonical(2, 1, apart).code).toEqual(canonical(2, 1, again).code);
});

test("a difference keeps the order of its operands", () => {
  const a = canonical(2, 1, [exp.code, 0, 0, 0, 3, sub.code, 3, 1, 3, 2]);
  const b = canonical(2, 1, [exp.code, 0, 0, 0, 3, sub.code, 1, 3, 1, 2]);
  expect(a.code).not.toEqual(b.code);
});

test("it computes what the chain computes", () => {
  same([2, 3, 5], 1, [mul.code, 0, 1, 0, 4, add.code, 2, 4, 2, 3]);
  // An output that another one reads, and one that is there twice.
  same([2, 3], 3, [
    ...[mul.code, 0, 1, 0, 2, sub.code, 2, 0, 2, 3],
    ...[copy.code, 2, 2, 2, 5, copy.code, 5, 5, 5, 4],
  ]);
  // A register overwritten by what reads it; an input that nothing reads.
  same([7, 2, 3], 1, [mul.code, 1, 2, 1, 4, sub.code, 4, 1, 4, 4, exp.code, 4, 4, 4, 3]);
});

test("random chains compute the same in their one form", () => {
  let state = 1;
  const below = (n: number) => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
  const binary = [add.code, mul.code, sub.code];
  for (let trial = 0; trial < 200; trial++) {
    const [inputs, outputs] = [1 + below(4), 1 + below(3)];
    const code: number[] = [];
    const known = Array.from({ length: inputs }, (_, i) => i);
    const pick = () => known[below(known.length)];
    const steps = outputs + below(6);
    for (let s = 0; s < steps; s++) {
      const left = steps - s;
      const to = left <= outputs ? inputs + left - 1 : inputs + outputs + below(3);
      const x = pick();
      code.push(binary[below(3)], x, pick(), x, to);
      if (!known.includes(to)) known.push(to);
    }
    same(
      Array.from({ length: inputs }, (_, i) => i + 2),
      outputs,
      code,
    );
  }
});
