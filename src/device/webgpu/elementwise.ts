// Plans of the elementwise kernels: one program a function and arity.

import fill from "../../../kernels/fill.wgsl";
import map1 from "../../../kernels/map1.wgsl";
import map2 from "../../../kernels/map2.wgsl";
import map3 from "../../../kernels/map3.wgsl";
import math from "../../../kernels/math.wgsl";
import { functionList } from "../functions";
import { wgslFunction } from "./functions";
import { ceilDiv, type Plan } from "./plan";
import { INF_NAN, program, table } from "./program";

const LANES = 256;
const maps = [map1, map2, map3];
const mathPart = { file: "math.wgsl", text: math };

/** The map of an opcode. */
const mapProgram = table((f) => {
  const { name, arity } = functionList[f];
  const words = 1 + 2 * arity; // n, and two of each operand; then inf and nan
  return program(
    name,
    [
      mathPart,
      { file: "functions.ts", text: wgslFunction(f) },
      { file: `map${arity}.wgsl`, text: maps[arity - 1] },
    ],
    { reads: arity, writes: 1 },
    [words, words + 1],
  );
});

/** map1, map2 and map3: the number of operands tells. */
export const map: Plan = (to, inputs, outputs, params) => {
  const [f, n] = params;
  to.dispatch(
    mapProgram(f),
    [...inputs, ...outputs],
    [...params.slice(1), ...INF_NAN],
    ceilDiv(n, LANES),
  );
};

const fillPart = [{ file: "fill.wgsl", text: fill }];
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
