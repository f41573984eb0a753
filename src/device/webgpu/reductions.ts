// Plans of the reductions: how a line of values is split among invocations and workgroups, by
// shape alone.

import cumsumWgsl from "../../../kernels/cumsum.wgsl";
import cumsumLinesWgsl from "../../../kernels/cumsumLines.wgsl";
import reduce from "../../../kernels/reduce.wgsl";
import states from "../../../kernels/reduceStates.wgsl";
import type { Block } from "./buffers";
import { ceilDiv, type Plan, type Recorder } from "./plan";
import { INF_NAN, MATH, type Program, part, program, table } from "./program";

/** How 256 invocations share lines: `cols` lines side by side, `rows` invocations a line. */
export interface Split {
  /** Place in SPLITS. */
  readonly code: number;
  readonly cols: number;
  readonly rows: number;
}

const SPLITS: readonly Split[] = [
  { code: 0, cols: 1, rows: 256 }, // a workgroup a line
  { code: 1, cols: 32, rows: 8 },
  { code: 2, cols: 256, rows: 1 }, // an invocation a line
];

/** Workgroups that keep a GPU busy. */
const ENOUGH = 256;
/** Least values of a line that an invocation should take before the line is split further. */
const LEAST = 32;
/** Most parts of a line. */
const PARTS = 1024;

/** Few lines: a workgroup each, or 32 where neighbouring lines are neighbours in memory. Many or
 * short lines: an invocation each, eight if they are contiguous, so that reads are too. */
export function splitLines(outer: number, n: number, inner: number): Split {
  if (inner === 1) return SPLITS[n > 512 || (n > 64 && outer < 1024) ? 0 : 1];
  if (inner < 8 && n >= 256 && outer * inner < 4096) return SPLITS[0];
  return SPLITS[n <= 8 || outer * inner >= 256 * ENOUGH ? 2 : 1];
}

/** Parts of each line, for long lines that alone would not keep a GPU busy, and their length. */
export function partLines(lines: number, n: number, { cols, rows }: Split) {
  const groups = ceilDiv(lines, cols);
  const least = rows * LEAST;
  const wanted = Math.min(PARTS, ceilDiv(ENOUGH, groups), Math.floor(n / (2 * least)));
  if (wanted < 2) return { parts: 1, chunk: n };
  const chunk = ceilDiv(n, wanted * least) * least;
  return { parts: ceilDiv(n, chunk), chunk };
}

/** A reduction's own functions, and how many words its State is. */
interface Kind {
  readonly text: string;
  readonly words: 1 | 2;
}

/** A State of one word: the value itself. */
function single(type: "f32" | "i32", neutral: string, combine: string): Kind {
  return {
    words: 1,
    text: `alias State = u32;
fn neutral() -> State { return bitcast<u32>(${neutral}); }
fn load(word: u32, j: u32) -> State { return word; }
fn partial(at: u32) -> State { return x[at]; }
fn merge(a: ${type}, b: ${type}) -> ${type} { return ${combine}; }
fn combine(a: State, b: State) -> State {
  return bitcast<u32>(merge(bitcast<${type}>(a), bitcast<${type}>(b)));
}
fn finish(s: State) -> u32 { return s; }
fn keep(at: u32, s: State) { out[at] = s; }`,
  };
}

/** A State of two words; the functions named are those of reduceStates.wgsl. */
function pair(neutral: string, load: string, combine: string, finish: string): Kind {
  return {
    words: 2,
    text: `alias State = vec2u;
fn neutral() -> State { return ${neutral}; }
fn load(word: u32, j: u32) -> State { return ${load}; }
fn partial(at: u32) -> State { return vec2u(x[2u * at], x[2u * at + 1u]); }
fn combine(a: State, b: State) -> State { return ${combine}(a, b); }
fn finish(s: State) -> u32 { return ${finish}; }
fn keep(at: u32, s: State) { out[2u * at] = s.x; out[2u * at + 1u] = s.y; }`,
  };
}

const STATES = part("reduceStates", states);
const REDUCE = part("reduce", reduce);

const NO_INDEX = "vec2u(0u, 0xffffffffu)"; // loses to every value
const FIRST_INDEX = "select(s.y, 0u, s.y == 0xffffffffu)";

const kinds = {
  sum: single("f32", "0.0f", "a + b"),
  prod: single("f32", "1.0f", "a * b"),
  max: single("f32", "-INF", "maximumOf(a, b)"),
  min: single("f32", "INF", "minimumOf(a, b)"),
  argmax: pair(NO_INDEX, "vec2u(word, j)", "largest", FIRST_INDEX),
  argmin: pair(NO_INDEX, "vec2u(word, j)", "smallest", FIRST_INDEX),
  logSumExp: pair(
    "bitcast<vec2u>(vec2f(-INF, 0.0))",
    "vec2u(word, 0x3f800000u)", // one value: a sum of 1
    "exponentials",
    "bitcast<u32>(logOfSum(bitcast<vec2f>(s)))",
  ),
  intSum: single("i32", "0i", "a + b"),
  intProd: single("i32", "1i", "a * b"),
  intMax: single("i32", "(-2147483647i - 1i)", "max(a, b)"),
  intMin: single("i32", "2147483647i", "min(a, b)"),
};

/** Programs of a reduction, by split and by what they read and write. */
function programs(
  name: string,
  { text, words }: Kind,
): (split: Split, first: boolean, last: boolean) => Program {
  const own = words === 2 ? [STATES] : [];
  const byCode = table((code) => {
    const { cols, rows } = SPLITS[code >> 2];
    return program(
      name,
      [MATH, ...own, { file: `${name} state`, text }, REDUCE],
      { reads: 1, writes: 1 },
      [5, 6],
      { COLS: cols, ROWS: rows, FIRST: code & 1, LAST: (code >> 1) & 1 },
    );
  });
  // A State of one word is a value: the same program serves every pass.
  return ({ code }, first, last) =>
    byCode(code * 4 + (words === 2 ? Number(first) + 2 * Number(last) : 3));
}

type Choose = ReturnType<typeof programs>;

/** One pass over x [outer, n, inner] in parts of `chunk`. */
function pass(
  to: Recorder,
  chosen: Program,
  [x, out]: readonly [Block, Block],
  [outer, n, inner]: readonly number[],
  { cols }: Split,
  { parts, chunk }: { parts: number; chunk: number },
): void {
  const words = [outer, n, inner, parts, chunk, ...INF_NAN];
  to.dispatch(chosen, [x, out], words, ceilDiv(outer * inner, cols) * parts);
}

const sumPrograms = programs("sum", kinds.sum);

function reduction(name: string, kind: Kind): Plan {
  const choose = kind === kinds.sum ? sumPrograms : programs(name, kind);
  return (to, [x], [out], [outer, n, inner]) =>
    reduceLines(to, choose, kind.words, x, out, [outer, n, inner]);
}

function reduceLines(
  to: Recorder,
  choose: Choose,
  words: number,
  x: Block,
  out: Block,
  [outer, n, inner]: readonly [number, number, number],
): void {
  const split = splitLines(outer, n, inner);
  const cut = partLines(outer * inner, n, split);
  if (cut.parts === 1) {
    pass(to, choose(split, true, true), [x, out], [outer, n, inner], split, cut);
    return;
  }
  const some = to.scratch(outer * cut.parts * inner * words);
  pass(to, choose(split, true, false), [x, some], [outer, n, inner], split, cut);
  const rest = [outer, cut.parts, inner];
  const second = splitLines(outer, cut.parts, inner);
  pass(to, choose(second, false, true), [some, out], rest, second, { parts: 1, chunk: cut.parts });
  to.release(some);
}

/** Sum over the middle axis of x [outer, n, inner]: also the last step of other plans. */
export function sumLines(
  to: Recorder,
  x: Block,
  out: Block,
  shape: readonly [number, number, number],
): void {
  reduceLines(to, sumPrograms, 1, x, out, shape);
}

const cumsumProgram = program("cumsum", [part("cumsum", cumsumWgsl)], {
  reads: 2,
  writes: 1,
});
const cumsumLinesProgram = program("cumsum", [part("cumsumLines", cumsumLinesWgsl)], {
  reads: 1,
  writes: 1,
});

/** Many or short lines: an invocation each. Else a workgroup each, and of few long lines one for
 * each part: sums of the parts, their running sums, then the parts from there. */
const cumsum: Plan = (to, [x], [out], [outer, n, inner, reverse]) => {
  const lines = outer * inner;
  if (n <= 64 || lines >= 4096) {
    to.dispatch(cumsumLinesProgram, [x, out], [outer, n, inner, reverse], ceilDiv(lines, 64));
    return;
  }
  const wanted = Math.min(256, ceilDiv(ENOUGH, lines), Math.floor(n / 2048));
  if (wanted < 2) {
    to.dispatch(cumsumProgram, [x, x, out], [outer, n, inner, reverse, 1, n], lines);
    return;
  }
  const chunk = ceilDiv(n, wanted);
  const count = ceilDiv(n, chunk);
  const sums = to.scratch(lines * count);
  const carry = to.scratch(lines * count);
  const split = SPLITS[0];
  pass(to, sumPrograms(split, true, true), [x, sums], [outer, n, inner], split, {
    parts: count,
    chunk,
  });
  to.dispatch(
    cumsumLinesProgram,
    [sums, carry],
    [outer, count, inner, reverse],
    ceilDiv(lines, 64),
  );
  to.dispatch(
    cumsumProgram,
    [x, carry, out],
    [outer, n, inner, reverse, count, chunk],
    lines * count,
  );
  to.release(sums);
  to.release(carry);
};

export const reductions = {
  ...(Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => [name, reduction(name, kind)]),
  ) as Record<keyof typeof kinds, Plan>),
  cumsum,
} satisfies Record<string, Plan>;
