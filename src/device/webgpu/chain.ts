// The plan of chain: fused elementwise steps. Its program is the list of steps, so one pipeline
// serves all sizes and repeats of the same chain.

import { functionList, functions } from "../functions";
import type { Block } from "./buffers";
import { canonical } from "./canonical";
import { map, stepsProgram, stepsSizes } from "./elementwise";
import type { Plan, Recorder } from "./plan";
import { sumLines } from "./reductions";

export const chain: Plan = (to, inputs, outputs, params) => {
  const [n, , , , sums, rows, columns] = params;
  const repeats = params.slice(7, 7 + 3 * inputs.length);
  const code = params.slice(7 + 3 * inputs.length);
  if (sums > 0) {
    // What is to be summed is written out first.
    const whole = outputs.slice(0, outputs.length - sums);
    const taken = outputs.slice(outputs.length - sums).map(() => to.scratch(n));
    const plain = [n, inputs.length, outputs.length, code.length / 5, 0, 0, 1, ...repeats, ...code];
    chain(to, inputs, [...whole, ...taken], plain);
    for (const [k, block] of taken.entries()) {
      const shape = [n / (rows * columns), rows, columns] as const;
      sumLines(to, block, outputs[whole.length + k], shape);
      to.release(block);
    }
    return;
  }
  if (inputs.length + outputs.length > to.bindings) {
    stepByStep(to, inputs, outputs, n, repeats, code);
    return;
  }
  const { code: steps, order } = canonical(inputs.length, outputs.length, code);
  to.dispatch(
    stepsProgram(inputs.length, outputs.length, steps),
    [...order.map((j) => inputs[j]), ...outputs],
    ...stepsSizes(
      n,
      order.flatMap((j) => repeats.slice(3 * j, 3 * j + 3)),
    ),
  );
};

/** A chain of more operands than the adapter binds at once: a map a step. */
function stepByStep(
  to: Recorder,
  inputs: readonly Block[],
  outputs: readonly Block[],
  n: number,
  repeats: readonly number[],
  code: readonly number[],
): void {
  const taken: Block[] = [];
  // A map reads no parts: such an operand is written out first.
  const registers = inputs.map((block, j) => {
    const repeat = repeats.slice(3 * j, 3 * j + 3);
    if (repeat[2] >= n) return { block, repeat: repeat.slice(0, 2) };
    const out = to.scratch(n);
    taken.push(out);
    const copy = stepsProgram(1, 1, [functions.copy.code, 0, 0, 0, 1]);
    to.dispatch(copy, [block, out], ...stepsSizes(n, repeat));
    return { block: out, repeat: [1, n] };
  });
  const apply = (f: number, from: readonly number[], out: Block) => {
    const used = from.slice(0, functionList[f].arity).map((r) => registers[r]);
    map(
      to,
      used.map(({ block }) => block),
      [out],
      [f, n, ...used.flatMap(({ repeat }) => repeat)],
    );
  };
  for (let s = 0; s < code.length; s += 5) {
    const out = to.scratch(n);
    taken.push(out);
    apply(code[s], code.slice(s + 1, s + 4), out);
    registers[code[s + 4]] = { block: out, repeat: [1, n] };
  }
  for (const [j, out] of outputs.entries()) apply(functions.copy.code, [inputs.length + j], out);
  for (const block of taken) to.release(block);
}
