// A chain of scalar functions in one form for all orders of its inputs and steps that mean the
// same, so that equal chains share a pipeline.

import { functionList, functions } from "../functions";

/** Functions whose operands may change places without changing a bit. */
const COMMUTE: ReadonlySet<number> = new Set(
  [functions.add, functions.mul, functions.intAdd, functions.intMul].map(({ code }) => code),
);

interface Value {
  /** Which input it is; -1 for the result of a step. */
  readonly input: number;
  readonly f: number;
  readonly from: readonly Value[];
  /** A hash of what it computes, whatever the inputs; equal by chance does no harm. */
  readonly form: number;
}

/** The FNV-1a hash of whole numbers. */
function hash(words: readonly number[]): number {
  return words.reduce((h, word) => Math.imul(h ^ word, 16777619) >>> 0, 2166136261);
}

interface Canonical {
  /** Steps (f x y z to), as in the call. */
  readonly code: readonly number[];
  /** For each input of these steps its place among those of the call. */
  readonly order: readonly number[];
}

/** What each output of the steps is. */
function valuesOf(inputs: number, outputs: number, code: readonly number[]): Value[] {
  const registers: Value[] = Array.from({ length: inputs }, (_, input) => ({
    ...{ input, f: -1, from: [], form: 0 },
  }));
  for (let s = 0; s < code.length; s += 5) {
    const [f, x, y, z, to] = code.slice(s, s + 5);
    const from = [x, y, z].slice(0, functionList[f].arity).map((r) => registers[r]);
    if (COMMUTE.has(f)) from.sort((a, b) => b.form - a.form);
    registers[to] = { input: -1, f, from, form: hash([f, ...from.map(({ form }) => form)]) };
  }
  return registers.slice(inputs, inputs + outputs);
}

/** The steps in the order in which the outputs, one after another, need them; inputs are numbered
 * as they are met, and every result has a register of its own. */
export function canonical(inputs: number, outputs: number, code: readonly number[]): Canonical {
  const ends = valuesOf(inputs, outputs, code);
  const order: number[] = [];
  const made = new Map<Value, number>();
  const steps: number[] = [];
  let next = inputs + outputs;
  const registerOf = (value: Value, end: number | null): number => {
    const known = made.get(value);
    if (known !== undefined) return known;
    if (value.input >= 0) {
      order.push(value.input);
      made.set(value, order.length - 1);
      return order.length - 1;
    }
    const from = value.from.map((operand) => {
      const at = ends.indexOf(operand);
      return registerOf(operand, at < 0 ? null : at);
    });
    const to = end === null ? next++ : inputs + end;
    const [x, y = x, z = x] = from;
    steps.push(value.f, x, y, z, to);
    made.set(value, to);
    return to;
  };
  for (const [end, value] of ends.entries()) {
    const register = registerOf(value, end);
    if (register !== inputs + end) {
      const { code: copy } = functions.copy;
      steps.push(copy, register, register, register, inputs + end);
    }
  }
  for (let input = 0; input < inputs; input++) if (!order.includes(input)) order.push(input);
  return { code: steps, order };
}
