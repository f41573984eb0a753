// The plan of chain: fused elementwise steps. Its program is the list of steps, so one pipeline
// serves all sizes and repeats of the same chain.

import chainWgsl from "../../../kernels/chain.wgsl";
import math from "../../../kernels/math.wgsl";
import { functionList, functions } from "../functions";
import type { Block } from "./buffers";
import { canonical } from "./canonical";
import { map } from "./elementwise";
import { wgslFunction } from "./functions";
import { ceilDiv, type Plan, type Recorder } from "./plan";
import { INF_NAN, type Program, program } from "./program";
import { sumLines } from "./reductions";

const LANES = 256;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Params, bindings and `element` of a chain of (f x y z to) steps. */
function textOf(inputs: number, outputs: number, code: readonly number[]): string {
  const repeats = range(inputs).map((j) => `inner${j}: u32, mid${j}: u32, span${j}: u32, `);
  const lines = [`struct Params { n: u32, ${repeats.join("")}inf: f32, nan: f32 }`];
  for (const j of range(inputs)) {
    lines.push(`@group(0) @binding(${j}) var<storage, read> x${j}: array<u32>;`);
  }
  for (const j of range(outputs)) {
    const at = `@group(0) @binding(${inputs + j})`;
    lines.push(`${at} var<storage, read_write> out${j}: array<u32>;`);
  }
  lines.push(`@group(0) @binding(${inputs + outputs}) var<uniform> p: Params;`);
  lines.push("fn element(i: u32) {");
  const known = new Set(range(inputs));
  for (const j of range(inputs)) {
    lines.push(`  var r${j} = x${j}[place(i, p.inner${j}, p.mid${j}, p.span${j})];`);
  }
  for (let s = 0; s < code.length; s += 5) {
    const [f, x, y, z, to] = code.slice(s, s + 5);
    const { name, arity } = functionList[f];
    const from = [x, y, z].slice(0, arity).map((r) => `r${r}`);
    lines.push(`  ${known.has(to) ? "" : "var "}r${to} = ${name}_(${from.join(", ")});`);
    known.add(to);
  }
  for (const j of range(outputs)) lines.push(`  out${j}[i] = r${inputs + j};`);
  lines.push("}");
  return lines.join("\n");
}

const programs = new Map<string, Program>();

function chainProgram(inputs: number, outputs: number, code: readonly number[]): Program {
  const key = `${inputs} ${outputs} ${code}`;
  let made = programs.get(key);
  if (made === undefined) {
    const used = new Set(code.filter((_, i) => i % 5 === 0));
    const names = [...used].map((f) => functionList[f].name);
    made = program(
      `chain (${names.join(" ")})`,
      [
        { file: "math.wgsl", text: math },
        { file: "functions.ts", text: [...used].map((f) => wgslFunction(f, true)).join("") },
        { file: "chain.ts", text: textOf(inputs, outputs, code) },
        { file: "chain.wgsl", text: chainWgsl },
      ],
      { reads: inputs, writes: outputs },
      [1 + 3 * inputs, 2 + 3 * inputs],
    );
    programs.set(key, made);
  }
  return made;
}

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
  const spans = inputs.map((_, j) => repeats.slice(3 * j, 3 * j + 3));
  if (code.length === 5 && spans.every(([, , span]) => span >= n)) {
    // One step is that function's own kernel.
    const from = code.slice(1, 1 + functionList[code[0]].arity);
    const operands = from.map((r) => inputs[r]);
    map(to, operands, outputs, [code[0], n, ...from.flatMap((r) => spans[r].slice(0, 2))]);
    return;
  }
  const { code: steps, order } = canonical(inputs.length, outputs.length, code);
  to.dispatch(
    chainProgram(inputs.length, outputs.length, steps),
    [...order.map((j) => inputs[j]), ...outputs],
    [n, ...order.flatMap((j) => spans[j]), ...INF_NAN],
    ceilDiv(n, LANES),
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
    const copy = chainProgram(1, 1, [functions.copy.code, 0, 0, 0, 1]);
    to.dispatch(copy, [block, out], [n, ...repeat, ...INF_NAN], ceilDiv(n, LANES));
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
