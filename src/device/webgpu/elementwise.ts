// Programs of scalar functions at every element, and the plans of single ones: a map is a chain of
// one step, so that it and a chain of the same step share a pipeline.

import chainWgsl from "../../../kernels/chain.wgsl";
import fill from "../../../kernels/fill.wgsl";
import { functionList } from "../functions";
import { wgslFunction } from "./functions";
import { ceilDiv, type Plan } from "./plan";
import { INF_NAN, MATH, type Program, part, program, table } from "./program";

const LANES = 256;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Params, bindings and `element` of a list of (f x y z to) steps. */
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

/** The program of a list of (f x y z to) steps on registers: first the inputs, then the outputs. */
export function stepsProgram(inputs: number, outputs: number, code: readonly number[]): Program {
  const key = `${inputs} ${outputs} ${code}`;
  let made = programs.get(key);
  if (made === undefined) {
    const used = new Set(code.filter((_, i) => i % 5 === 0));
    const names = [...used].map((f) => functionList[f].name);
    made = program(
      code.length === 5 ? names[0] : `chain (${names.join(" ")})`,
      [
        MATH,
        { file: "functions.ts", text: [...used].map(wgslFunction).join("") },
        { file: "elementwise.ts", text: textOf(inputs, outputs, code) },
        part("chain", chainWgsl),
      ],
      { reads: inputs, writes: outputs },
      [1 + 3 * inputs, 2 + 3 * inputs],
    );
    programs.set(key, made);
  }
  return made;
}

/** The words and the workgroups of such a program: n elements, and inner, mid and span of each
 * input's repeats. */
export const stepsSizes = (n: number, repeats: readonly number[]) =>
  [[n, ...repeats, ...INF_NAN], ceilDiv(n, LANES)] as const;

/** The program of one function of different operands. */
const mapProgram = table((f) => {
  const { arity } = functionList[f];
  const from = [0, 1, 2].map((r) => (r < arity ? r : 0));
  return stepsProgram(arity, 1, [f, ...from, arity]);
});

/** map1, map2 and map3: the number of operands tells. */
export const map: Plan = (to, inputs, outputs, params) => {
  const [f, n] = params;
  const repeats: number[] = [];
  for (let at = 2; at < params.length; at += 2) repeats.push(params[at], params[at + 1], n);
  to.dispatch(mapProgram(f), [...inputs, ...outputs], ...stepsSizes(n, repeats));
};

const fillPart = [part("fill", fill)];
const fillFloat = program("fill", fillPart, { reads: 0, writes: 1 }, [1]);
const fillWord = program("fillInt", fillPart, { reads: 0, writes: 1 });

export const elementwise = {
  map1: map,
  map2: map,
  map3: map,
  fill: (to, _, outputs, params) =>
    to.dispatch(fillFloat, outputs, params, ceilDiv(params[0], LANES)),
  fillInt: (to, _, outputs, params) =>
    to.dispatch(fillWord, outputs, params, ceilDiv(params[0], LANES)),
} satisfies Record<string, Plan>;
